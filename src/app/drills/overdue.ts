import type { Condition } from '../../core/condition.ts'
import type { DrillSummary } from '../../core/drill-report.ts'
import { formatDuration } from '../../core/duration.ts'
import type { GroupSettings } from '../../core/settings.ts'

const hourMs = 3_600_000

/**
 * A group whose failover was not proved for longer than it asks for: nothing passed within
 * `drill_within`, counted from the last pass, or from the start where there never was one.
 */
export function overdueConditions(
  { drillWithinMs, name }: GroupSettings,
  history: readonly DrillSummary[],
  wall: number,
  startedAt: number,
): Condition[] {
  if (drillWithinMs === undefined) return []
  const own = history.filter(({ group }) => group === name)
  const passed = own.find(({ outcome }) => outcome === 'PASSED')
  const since = passed?.endedAt ?? own.at(-1)?.startedAt ?? startedAt
  if (wall - since <= drillWithinMs) return []
  const [last] = own
  const age = formatDuration(Math.floor((wall - since) / hourMs) * hourMs)
  const what = passed === undefined ? 'no drill ever passed' : `no drill has passed for ${age}`
  return [
    {
      key: `${name}#drill-overdue`,
      severity: 'warning',
      group: name,
      title: `${name}: ${what}, at least one every ${formatDuration(drillWithinMs)} is asked for`,
      did:
        last === undefined
          ? 'No drill was run.'
          : `The last one, ${last.plan}, ended ${last.outcome}: ${last.says}`,
      todo: 'Look why drills do not pass, put it right, then: changeover drill run',
      since: since + drillWithinMs,
      details: { drills: own.length },
    },
  ]
}
