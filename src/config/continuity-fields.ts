import { z } from 'zod'
import { continuityBlocks, continuityChecks } from '../core/continuity.ts'
import type { GroupSettings } from '../core/settings.ts'
import { duration } from '../plugin/option-types.ts'
import type { OptionsPlugin } from './plugin-options.ts'
import type { FileGroup } from './file-schema.ts'

/** How long a path is down before it is left where that cannot be taken back. Milliseconds. */
const irreversibleWaitMs = 15_000

/** What a group says of moving a stream so that viewers notice as little as possible. */
export function groupContinuity() {
  return {
    continuity: z
      .strictObject({
        checks: z
          .array(z.enum(continuityChecks))
          .max(continuityChecks.length)
          .prefault([...continuityChecks])
          .describe('What is compared, as far as both paths show it. `[]`: nothing.'),
        behind: duration('1s', '1h')
          .prefault('30s')
          .describe('How far a path may be behind in time or media sequence.'),
        blocks: z
          .array(z.enum(continuityBlocks))
          .max(continuityBlocks.length)
          .prefault([...continuityBlocks])
          .describe(
            'Which changes are not made to a path that would not continue the stream; `irreversible`: those that an actuator cannot take back, failover too. All others only prefer a path that would.',
          ),
      })
      .prefault({})
      .describe('What must go on when a stream is moved: viewers notice when it does not.'),
    leave_after: duration('0s', '1h')
      .optional()
      .describe(
        'How long an active path must be down before it is left by itself. `15s` if absent where an actuator cannot take the change back, else `0s`.',
      ),
  }
}

/** The same with every default filled in, by the actuators that decide what serves. */
export function buildContinuity(
  { actuators, continuity, leave_after: leaveAfter }: FileGroup,
  plugins: readonly OptionsPlugin[],
  optionsOf: (index: number) => unknown,
): Pick<GroupSettings, 'continuity' | 'irreversible' | 'leaveAfterMs'> {
  const isAnyRequired = actuators.some(({ required }) => required)
  const irreversible = actuators.flatMap(({ required, type }, index) => {
    const plugin = plugins.find((each) => each.type === type)
    const isReversible = plugin?.capabilities?.(optionsOf(index)).reversible ?? true
    return isReversible || (isAnyRequired && !required) ? [] : [type]
  })
  return {
    continuity: {
      checks: continuity.checks,
      behindMs: continuity.behind,
      blocks: continuity.blocks,
    },
    irreversible,
    leaveAfterMs: leaveAfter ?? (irreversible.length > 0 ? irreversibleWaitMs : 0),
  }
}
