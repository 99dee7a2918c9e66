import { z } from 'zod'
import type { NeededProgram } from '../probe.ts'
import { decoderProgram, missingDecoder } from './decode.ts'
import { duration } from '../option-types.ts'

/** How often pictures and sound are looked at. */
const deepOptions = z.strictObject({
  every: duration('5s', '1h')
    .default(30_000)
    .describe(
      'A piece, of the smallest variant where there are several, is decoded so often while nothing is wrong, and each new one as soon as something may be.',
    ),
})

/** The option `deep` of a probe. */
export const deepOption = deepOptions
  .optional()
  .describe(
    'Whether key frames and sound are decoded, with ffmpeg, to find a black or frozen picture and silence; without it nobody does. Takes about 2 % of a core for the media that is decoded.',
  )

export type DeepOptions = z.output<typeof deepOptions>

/** The decoder, as a probe with the option `deep` declares it. */
export const deepProgram = {
  name: decoderProgram,
  says: missingDecoder,
  isNeeded: ({ deep }) => deep !== undefined,
} satisfies NeededProgram<{ readonly deep?: DeepOptions | undefined }>
