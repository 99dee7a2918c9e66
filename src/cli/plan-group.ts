import { bindActuators } from '../app/plugin-binding.ts'
import { observeBounded } from '../app/group/bound-actuator.ts'
import { describeAllocation, type Allocation } from '../core/allocation.ts'
import { initialAllocation } from '../engine/group/initial-allocation.ts'
import type { GroupSettings } from '../core/settings.ts'
import { clean } from './clean.ts'
import type { Composition } from './composition.ts'

/** What one actuator serves now and what would be written to it. */
export interface ActuatorPlan {
  readonly type: string
  readonly required: boolean
  readonly ok: boolean
  /** What it serves, or why it cannot be read. */
  readonly says: string
  /** Whether the target bears our mark; `undefined` where it could not be read. */
  readonly ours?: boolean
  /** Ordered steps; empty where everything is as wanted. */
  readonly steps: readonly string[]
}

/** The plan of one group. */
export interface GroupPlan {
  readonly group: string
  readonly wanted: Allocation
  /** Why this allocation is wanted. */
  readonly why: string
  readonly actuators: readonly ActuatorPlan[]
}

/** Reads every actuator of a group, and plans towards what was `applied`, else to the preferred path. */
export async function planGroup(
  composition: Composition,
  group: GroupSettings,
  applied: Allocation | undefined,
  signal: AbortSignal,
): Promise<GroupPlan> {
  const wanted = applied ?? initialAllocation(group)
  const first = group.sharing === undefined ? 'preferred' : 'configured'
  const why = applied === undefined ? `${first}; nothing was applied yet` : 'as it was applied last'
  const actuators = await Promise.all(
    bindActuators(composition, group).map(async ({ type, required, target }) => {
      if (target === undefined) {
        const says = `asks Changeover, which answers with ${describeAllocation(wanted)}`
        return { type, required, ok: true, says, ours: true, steps: [] }
      }
      const read = await observeBounded(composition.clock, target, group.callTimeoutMs, signal)
      if (!read.ok) return { type, required, ok: false, says: clean(read.says), steps: [] }
      const { observed } = read
      const steps = target.plan(observed, wanted).map((step) => clean(step.says))
      return { type, required, ok: true, says: clean(observed.says), ours: observed.ours, steps }
    }),
  )
  return { group: group.name, wanted, why, actuators }
}
