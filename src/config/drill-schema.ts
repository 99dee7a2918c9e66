import { z } from 'zod'
import { duration } from '../plugin/option-types.ts'
import { whole } from './fields.ts'

/** How often drills may move the traffic of a group. */
export function drillBudget() {
  return z
    .strictObject({
      changes: whole(1, 1_000).prefault(4).describe('At most this many drills move traffic …'),
      per: duration('1m', '30d').prefault('1d').describe('… within this time.'),
    })
    .prefault({})
    .describe(
      'How often drills may move traffic. They count in `budget` too, but for its last slot.',
    )
}
