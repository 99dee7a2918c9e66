import { z } from 'zod'
import { FlowCounts } from '../src/formats/mpegts/flow.ts'
import { deepOption, deepProgram } from '../src/plugin/deep/options.ts'
import { transportStreamDeepWatch, withDeepLooks } from '../src/plugin/deep/stream-watch.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { watchLive } from '../src/plugin/watch-live.ts'
import { missingProgram, parseSrtUrl, program, unusable } from './srt/address.ts'
import { measures } from './srt/measures.ts'
import { pullSrt } from './srt/pull.ts'
import { SrtCounts } from './srt/statistics.ts'

const options = z.strictObject({
  url: secretUrl('srt')
    .refine(
      (text) => parseSrtUrl(text) !== undefined,
      'expected a host and a port, as in srt://host:9000?streamid=x, with no more in the query than mode=caller, streamid, passphrase, pbkeylen, latency and packetfilter',
    )
    .describe(
      'Where an SRT listener sends MPEG-TS: `srt://host:9000`. `streamid`, `passphrase`, `pbkeylen`, `latency` (ms) and `packetfilter` may stand in the query.',
    ),
  stream_id: z
    .string()
    .max(512)
    .refine((text) => !unusable.test(text), 'expected text without & and control characters')
    .optional()
    .describe('The stream id that the listener is asked for, such as `#!::r=live/ch1`.'),
  passphrase: z
    .string()
    .min(10, 'expected 10 to 79 characters')
    .max(79, 'expected 10 to 79 characters')
    .refine((text) => !unusable.test(text), 'expected text without & and control characters')
    .optional()
    .describe(
      'The passphrase of an encrypted stream. While the probe runs, other users of this machine can read it in the list of processes, unless /proc is mounted with hidepid or Changeover runs in a container of its own.',
    ),
  latency: duration('20ms', '8s')
    .default(200)
    .describe(
      'Time for packets to be sent again before they are given up; the larger of both sides counts.',
    ),
  timeout: duration('500ms', '30s')
    .default(4_000)
    .describe('Media must come within this time of the beginning.'),
  stall: duration('200ms', '60s')
    .default(3_000)
    .describe('No media for this time is a break of the stream: it fails at once.'),
  deep: deepOption,
})

/**
 * Calls an SRT listener with `srt-live-transmit` and stays connected for as long as the path is
 * watched. What arrives is scanned like any other transport stream.
 */
export default {
  type: 'srt',
  side: 'ingest',
  summary:
    'Pulls MPEG-TS over SRT as a caller: round trip, loss and drops told apart, TR 101 290, reasons of refusal.',
  programs: [{ name: program, says: missingProgram }, deepProgram],
  options,
  measures,
  async *observe(settings, context) {
    const flows = new FlowCounts()
    const counts = new SrtCounts()
    const deep = transportStreamDeepWatch(settings.deep, context)
    yield* watchLive(context, () =>
      withDeepLooks(pullSrt(settings, context, flows, counts, deep), deep),
    )
  },
} satisfies ProbePlugin<typeof options>
