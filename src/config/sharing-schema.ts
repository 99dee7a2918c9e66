import { z } from 'zod'
import { bitRate, duration } from '../plugin/option-types.ts'
import { fraction, whole } from './fields.ts'

/** Keys of a path that only a weighted group may have. */
export const weightedPathKeys = ['weight', 'max_weight'] as const

/** Keys of a group that only a weighted one may have. */
export const weightedKeys = ['min_serving', 'velocity', 'panic', 'panic_fraction', 'ramp'] as const

/** Defaults of a weighted group; written here because a standby group has none of it. */
export const sharingDefaults = { minServing: 1, panicFraction: 0.5, panic: 'hold' } as const

function declaredRate() {
  return bitRate('1kbps', '1000Tbps')
}

/** What a path says of its share and of what it can carry. */
export function pathSharing() {
  return {
    weight: whole(0, 1_000)
      .optional()
      .describe(
        'Its part of the traffic beside the others of a weighted group. 1 if absent; 0: a spare, used when the others cannot take everything.',
      ),
    max_weight: whole(1, 100)
      .optional()
      .describe(
        'The most of the traffic in percent that it gets in a weighted group, unless it is the only path left. 100 if absent.',
      ),
    capacity: declaredRate()
      .optional()
      .describe('What it can carry. Nothing is assumed if absent.'),
  }
}

/** What a group says of how it shares its traffic. */
export function groupSharing() {
  return {
    demand: declaredRate()
      .optional()
      .describe(
        'What all viewers together take at most. Capacity is not judged if absent: it is never guessed.',
      ),
    min_serving: whole(1, 50)
      .optional()
      .describe(
        'Weighted: at least this many paths that are not down serve after a change. 1 if absent.',
      ),
    velocity: z
      .strictObject({
        points: whole(1, 100).describe('At most so many percent of the traffic change hands …'),
        per: duration('1s', '1d').describe('… within this time.'),
      })
      .optional()
      .describe(
        'Weighted: how quickly weights move. Waived where a down path is left for one that can carry it. No limit if absent.',
      ),
    panic_fraction: fraction()
      .optional()
      .describe(
        'Weighted: with less than this part of `demand` left in declared capacity, weights are not moved any more. 0.5 if absent.',
      ),
    panic: z
      .enum(['hold', 'spread'])
      .optional()
      .describe(
        'Weighted: what happens then, and when no path is left. `hold` if absent: weights stay; `spread`: back to the configured weights, whatever their health.',
      ),
    ramp: z
      .strictObject({
        steps: z
          .array(whole(1, 100))
          .min(1)
          .max(20)
          .describe('Parts of the way in percent, rising; the last is 100.'),
        every: duration('1s', '1d').describe('How long between two steps.'),
        gate: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .describe(
            'A rule that must be quiet on the path: bad, and it goes back a step; bad again, and the group freezes.',
          ),
      })
      .optional()
      .describe('Weighted: weight returns to a path in steps. At once if absent.'),
  }
}
