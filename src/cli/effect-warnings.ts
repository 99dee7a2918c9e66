import type { Plugins } from '../app/plugin-binding.ts'
import { formatDuration } from '../core/duration.ts'
import type { GroupSettings } from '../core/settings.ts'

/** Sentences about actuators that take effect too slowly, or too coarsely, for what their group asks. */
export function effectWarnings(group: GroupSettings, plugins: Plugins): string[] {
  const { budget, holddownMs, name, sharing } = group
  return group.actuators.flatMap(({ type, options }) => {
    const capabilities = plugins.actuators.find((each) => each.type === type)?.capabilities(options)
    if (capabilities === undefined) return []
    const { settleMs, shape } = capabilities
    const says: string[] = []
    if (settleMs > holddownMs) {
      says.push(
        `a change is in effect everywhere only after ${formatDuration(settleMs)}, and holddown is ${formatDuration(holddownMs)}: the next one may be made before the last is seen; shorten the TTL or lengthen holddown`,
      )
    }
    if (settleMs * budget.changes > budget.perMs) {
      says.push(
        `the budget allows ${budget.changes} changes in ${formatDuration(budget.perMs)}, and each takes ${formatDuration(settleMs)} to be in effect everywhere: shorten the TTL or spend less`,
      )
    }
    if (shape === 'single' && sharing !== undefined) {
      says.push('gives everything to one path, and the group shares its traffic by weights')
    }
    return says.map((each) => `${name}: ${type}: ${each}`)
  })
}
