import { z } from 'zod'
import { byteSize, duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { measures } from './hls/measures.ts'
import { HlsSession } from './hls/session.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https').describe(
    'The multivariant playlist as viewers get it, or a media playlist.',
  ),
  headers: z
    .record(z.string().min(1).max(128), z.string().max(8_192))
    .default({})
    .describe('Headers sent to the host of the URL, and to no other.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Connect to this IP address instead of what DNS says, to watch one edge of a CDN.'),
  timeout: duration('200ms', '30s')
    .default(4_000)
    .describe('The most that one look may take, playlists and segment together.'),
  user_agent: z
    .string()
    .min(1)
    .max(256)
    .default('changeover')
    .describe('The User-Agent header of every request.'),
  segments: z
    .strictObject({
      fetch: z
        .enum(['newest', 'none'])
        .default('newest')
        .describe('Whether new segments are fetched and scanned, or playlists only.'),
      per_look: z
        .int()
        .min(1)
        .max(8)
        .default(1)
        .describe('The most segments that a look fetches while nothing is wrong.'),
      max_bytes: byteSize('64KiB', '256MiB')
        .default(64 * 2 ** 20)
        .describe('A segment is cut off here.'),
    })
    .prefault({}),
})

/**
 * HLS and LL-HLS (RFC 8216, draft rfc8216bis), pulled as a player would: every media playlist at
 * every look, with the state of each rendition kept, and the newest segments in turn.
 */
export default {
  type: 'hls',
  summary:
    'Pulls an HLS or LL-HLS stream as a player would: every rendition at every look, and new segments in turn.',
  options,
  measures,
  async *observe(settings, context) {
    const session = new HlsSession(settings, context)
    for await (const due of context.due) {
      if (context.signal.aborted) return
      yield await session.look(due)
    }
  },
} satisfies ProbePlugin<typeof options>
