import { z } from 'zod'
import { deepOption, deepProgram } from '../src/plugin/deep/options.ts'
import { httpOptions } from '../src/plugin/http-options.ts'
import { byteSize, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { measures } from './dash/measures.ts'
import { DashSession } from './dash/session.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https').describe('The manifest (MPD) as viewers get it.'),
  ...httpOptions,
  timeout: httpOptions.timeout.describe(
    'The most that one look may take, manifest and segment together.',
  ),
  segments: z
    .strictObject({
      fetch: z
        .enum(['newest', 'none'])
        .default('newest')
        .describe(
          'Whether new segments are fetched and scanned. With `none`, segments that the manifest finds by the clock are still asked for by HEAD: nothing else shows whether they are made.',
        ),
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
  deep: deepOption,
})

/**
 * MPEG-DASH (ISO/IEC 23009-1), pulled as a player would: the manifest at every look, the newest
 * segment of every representation known by the list or asked for, and new segments in turn.
 */
export default {
  type: 'dash',
  summary:
    'Pulls a DASH stream as a player would: the manifest and the live edge of every representation at every look, and new segments in turn.',
  options,
  programs: [deepProgram],
  measures,
  async *observe(settings, context) {
    const session = new DashSession(settings, context)
    for await (const due of context.due) {
      if (context.signal.aborted) return
      yield await session.look(due)
    }
  },
} satisfies ProbePlugin<typeof options>
