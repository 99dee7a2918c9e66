import { z } from 'zod'
import { FlowCounts } from '../src/formats/mpegts/flow.ts'
import { deepOption, deepProgram } from '../src/plugin/deep/options.ts'
import { transportStreamDeepWatch, withDeepLooks } from '../src/plugin/deep/stream-watch.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { watchLive } from '../src/plugin/watch-live.ts'
import { pullDatagrams } from './mpegts/datagram-pull.ts'
import { pullHttp } from './mpegts/http-pull.ts'
import { measures } from './mpegts/measures.ts'
import { DatagramCounts } from './mpegts/datagrams.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https', 'udp', 'rtp')
    .refine(
      (text) => !/^(?:udp|rtp):/iu.test(text) || Number(URL.parse(text)?.port) > 0,
      'expected a port, as in udp://239.1.2.3:5000',
    )
    .describe(
      'A transport stream without end: `https://host/live.ts`; or where datagrams are received, an address of this machine or a multicast group: `udp://239.1.2.3:5000`, `rtp://[ff15::1]:5000`, `udp://0.0.0.0:5000`.',
    ),
  headers: z
    .record(z.string().min(1).max(128), z.string().max(8_192))
    .default({})
    .describe('Headers sent to the host of an http or https URL.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Over HTTP, connect to this IP address instead of what DNS says.'),
  interface: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Join a multicast group on this interface, by name (`eth1`) or IPv4 address. The choice of the system if absent.',
    ),
  source: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Take datagrams from this sender alone; a group is joined for it (SSM).'),
  timeout: duration('200ms', '30s')
    .default(4_000)
    .describe('Media must come within this time of the beginning.'),
  stall: duration('200ms', '60s')
    .default(3_000)
    .describe('No media for this time is a break of the stream: it fails at once.'),
  deep: deepOption,
})

/**
 * Stays connected for as long as the path is watched, scans every packet, and tells at once when
 * the stream breaks.
 */
export default {
  type: 'mpegts',
  summary:
    'Pulls MPEG-TS without end over HTTP, UDP or RTP, multicast too: TR 101 290, rates, loss and stalls.',
  options,
  programs: [deepProgram],
  measures,
  async *observe(settings, context) {
    const flows = new FlowCounts()
    const datagrams = new DatagramCounts()
    const deep = transportStreamDeepWatch(settings.deep, context)
    const isHttp = /^https?:/u.test(settings.url)
    yield* watchLive(context, () =>
      withDeepLooks(
        isHttp
          ? pullHttp(settings, context, flows, deep)
          : pullDatagrams(settings, context, flows, datagrams, deep),
        deep,
      ),
    )
  },
} satisfies ProbePlugin<typeof options>
