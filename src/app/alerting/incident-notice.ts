import type { Notice } from '../../core/notice.ts'
import type { AlertingOptions } from './alerting-options.ts'
import { noticeOf, type IncidentEvent, type IncidentRecord } from './incident.ts'

/** The notice that tells of an event in the life of an incident, with an identity of its own. */
export function incidentNotice(
  event: IncidentEvent,
  record: IncidentRecord,
  { clock, ids, link, picture, trend }: AlertingOptions,
): Notice {
  const extra = { id: ids.next(), wall: clock.wall(), link, picture, trend }
  return noticeOf(record, actions[event], extra)
}

const actions = {
  opened: 'trigger',
  told: 'trigger',
  updated: 'trigger',
  acknowledged: 'acknowledge',
  // It is as open again as it was in the beginning.
  unacknowledged: 'trigger',
  resolved: 'resolve',
} as const satisfies Record<IncidentEvent, Notice['action']>
