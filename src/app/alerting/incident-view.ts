import type { IncidentView } from '../../core/view.ts'
import { acknowledgement, bySeverity, type Incident } from './incident.ts'

/** Open incidents as people see them, worst and then oldest first. */
export function incidentViews(open: Iterable<Incident>): IncidentView[] {
  return [...open]
    .map(({ now, record, quiet }): IncidentView => {
      const { key, severity, title, viewers, did, todo, group, isOwn, path, runbook } = now
      const { condition, routes } = record
      return {
        key,
        severity,
        title,
        ...(viewers !== undefined && { viewers }),
        did,
        todo,
        group,
        ...(path !== undefined && { path }),
        ...(isOwn === true && { isOwn }),
        ...(runbook !== undefined && { runbook }),
        since: condition.since,
        told: routes,
        ...(quiet !== undefined && { quiet }),
        ...acknowledgement(record),
      }
    })
    .sort((a, b) => bySeverity(a.severity, b.severity) || a.since - b.since)
}
