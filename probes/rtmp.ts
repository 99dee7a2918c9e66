import { z } from 'zod'
import { deepOption, deepProgram } from '../src/plugin/deep/options.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { parseAddress } from './rtmp/address.ts'
import { measures } from './rtmp/measures.ts'
import { RtmpSession } from './rtmp/session.ts'

const options = z.strictObject({
  url: secretUrl('rtmp', 'rtmps')
    .refine(
      (text) => parseAddress(text) !== undefined,
      'expected an application and the name of a stream behind the host',
    )
    .describe(
      'What is played: `rtmp://host/app/stream`, or over TLS `rtmps://host/app/stream`. The application is everything up to the last slash. User and password, and a query behind stream or application, are sent as servers want them.',
    ),
  app: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe('The application, where the name of the stream has slashes of its own.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Connect to this IP address instead of what DNS says.'),
  server_name: z
    .hostname()
    .optional()
    .describe(
      'Name that TLS asks for (SNI) and that the certificate must bear. The host if absent.',
    ),
  timeout: duration('500ms', '30s')
    .default(5_000)
    .describe('Picture or sound must come within this time of connecting, and go on coming.'),
  buffer: duration('0ms', '30s')
    .default(3_000)
    .describe('The buffer of the player, as servers are told (SetBufferLength).'),
  tracks: z
    .array(z.enum(['video', 'audio']))
    .max(2)
    .default([])
    .describe('What the stream must have; with none, picture or sound alone will do.'),
  reconnect_after: duration('10s', '24h')
    .default(600_000)
    .describe(
      'The longest that one connection is kept, so that a changed name, an expired certificate and a server that takes no new viewers are noticed.',
    ),
  deep: deepOption,
})

/**
 * RTMP and RTMPS with enhanced RTMP v2, played for as long as it goes: the verdict is whether picture
 * or sound arrive, as servers say that they play what does not exist.
 */
export default {
  type: 'rtmp',
  side: 'ingest',
  summary:
    'Plays an RTMP or RTMPS stream without a break and judges by picture and sound that arrive.',
  options,
  programs: [deepProgram],
  measures,
  async *observe(settings, context) {
    const home = parseAddress(settings.url, settings.app)
    // The schema has seen to it; a name of the application alone cannot make an address invalid.
    if (home === undefined) return
    yield* new RtmpSession(home, settings, context).looks()
  },
} satisfies ProbePlugin<typeof options>
