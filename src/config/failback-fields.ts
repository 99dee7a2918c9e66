import { z } from 'zod'
import { duration } from '../plugin/option-types.ts'
import { weeklyPeriod } from './calendar-fields.ts'
import { whole } from './fields.ts'
import type { ProfileDefaults } from './profiles.ts'

/** When traffic returns to the preferred path. */
export function failback(d: ProfileDefaults) {
  return z
    .strictObject({
      auto: z
        .boolean()
        .optional()
        .describe(
          'Whether traffic returns to the first path by itself. `true` for delivery, `false` for ingest if absent.',
        ),
      stable_for: duration('1s', '1d')
        .prefault(d.stable_for)
        .describe('How long the first path must have been up. Doubles with each relapse …'),
      max_wait: duration('1s', '7d').prefault('2h').describe('… up to this.'),
      window: z
        .array(weeklyPeriod())
        .max(20)
        .prefault([])
        .describe('Only within one of these times. At any time if there is none.'),
    })
    .prefault({})
    .describe('Returning to the preferred path.')
}

/** How going down again and again is remembered. */
export function flaps(d: ProfileDefaults) {
  return z
    .strictObject({
      half_life: duration('1s', '1d')
        .prefault(d.half_life)
        .describe('Each time that a path goes down costs 1,000 points, which halve in this time.'),
      suppress: whole(1_000, 20_000)
        .prefault(2_000)
        .describe('From so many points on it is the last choice, and failback to it waits …'),
      reuse: whole(100, 20_000).prefault(750).describe('… until fewer than this are left.'),
    })
    .prefault({})
    .describe('How going down again and again is remembered. It never keeps off the only target.')
}
