import type { DrillPlan } from '../../core/drill-plan.ts'
import type { Severity } from '../../core/notice.ts'
import { isOpen } from '../../engine/calendar.ts'
import type { DrillHost } from './drill-host.ts'

const ranks: readonly Severity[] = ['critical', 'error', 'warning', 'info']

/** What keeps a drill from beginning besides what the engine says: its windows, and incidents of its group. */
export function blockedBy(
  host: Pick<DrillHost, 'clock' | 'incidents'>,
  plan: Pick<DrillPlan, 'blockedBy' | 'group' | 'window'>,
): string | undefined {
  const window = isOpen(plan.window, host.clock.wall())
  return window.open ? openIncident(host, plan) : `outside its windows: ${window.says}`
}

/** An open incident that a drill must not add to. That no drill passed lately is no reason against one. */
export function openIncident(
  { incidents }: Pick<DrillHost, 'incidents'>,
  plan: Pick<DrillPlan, 'blockedBy' | 'group'>,
): string | undefined {
  const open = incidents().find(
    ({ group, key, severity }) =>
      group === plan.group &&
      !key.endsWith('#drill-overdue') &&
      ranks.indexOf(severity) <= ranks.indexOf(plan.blockedBy),
  )
  return open === undefined ? undefined : `an incident is open: ${open.title}`
}
