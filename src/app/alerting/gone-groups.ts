import type { AlertingOptions } from './alerting-options.ts'
import type { Incident } from './incident.ts'

/** What an earlier process left about a group that is no longer configured is gone from now on. */
export function markGone(
  incidents: Iterable<Incident>,
  { clock, groups }: Pick<AlertingOptions, 'clock' | 'groups'>,
): void {
  if (groups === undefined) return
  for (const incident of incidents) {
    const { group } = incident.now
    if (group.includes('/') && !groups.includes(group)) incident.goneAt ??= clock.now()
  }
}
