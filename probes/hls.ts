import { z } from 'zod'
import { httpOptions } from '../src/plugin/http-options.ts'
import { byteSize, secretUrl } from '../src/plugin/option-types.ts'
import { deepOption, deepProgram } from '../src/plugin/deep/options.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { measures } from './hls/measures.ts'
import { HlsSession } from './hls/session.ts'
import { slateOptions } from './hls/slate.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https').describe(
    'The multivariant playlist as viewers get it, or a media playlist.',
  ),
  ...httpOptions,
  timeout: httpOptions.timeout.describe(
    'The most that one look may take, playlists and segment together.',
  ),
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
  low_latency: z
    .boolean()
    .default(true)
    .describe(
      'Whether playlists that allow it are also asked for their next part before it is there.',
    ),
  pathway: z
    .string()
    .regex(/^[\w.-]{1,128}$/u)
    .optional()
    .describe('The pathway (PATHWAY-ID) that is watched. The one to start with if absent.'),
  steering: z
    .enum(['check', 'follow', 'off'])
    .default('check')
    .describe(
      'Whether the content-steering manifest is fetched and checked, followed to the pathway that it prefers, or left alone.',
    ),
  slate: slateOptions
    .optional()
    .describe('How segments of a slate are told from the programme; without it nobody looks.'),
  deep: deepOption,
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
  programs: [deepProgram],
  measures,
  async *observe(settings, context) {
    const session = new HlsSession(settings, context)
    for await (const due of context.due) {
      if (context.signal.aborted) return
      yield await session.look(due)
    }
  },
} satisfies ProbePlugin<typeof options>
