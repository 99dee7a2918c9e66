import { serving } from '../core/allocation.ts'
import type { Mode } from '../core/group.ts'
import type { Decision } from '../engine/group/decide.ts'
import type { Situation } from '../engine/group/situation.ts'
import type { Published } from '../plugin/actuator.ts'

/**
 * What pull actuators of a group answer from. Everything serves in any mode but `armed`, while
 * nothing is known of what was applied, and while there is no path to prefer.
 */
export function publishedOf(situation: Situation, decision: Decision, mode: Mode): Published {
  const { row } = situation.memory
  const allocation = row.published ?? row.allocation ?? {}
  const health = [...situation.paths.values()]
  // A hold or a freeze names another state, and all paths are down all the same.
  const isAllDown =
    (decision.kind === 'stay' && decision.state === 'ALL-DOWN') ||
    health.every((path) => path.health === 'down')
  const isUnknown = serving(allocation).length === 0
  return { allocation, serveAll: mode !== 'armed' || isAllDown || isUnknown }
}
