import { z } from 'zod'
import { duration } from '../option-types.ts'

/** How often pictures and sound are looked at. */
export const deepOptions = z.strictObject({
  every: duration('5s', '1h')
    .default(30_000)
    .describe(
      'A piece, of the smallest variant where there are several, is decoded so often while nothing is wrong, and each new one as soon as something may be.',
    ),
})

export type DeepOptions = z.output<typeof deepOptions>
