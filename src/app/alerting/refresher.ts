import type { Clock, Ids } from '../../core/clock.ts'
import type { Notice } from '../../core/notice.ts'
import type { AlertRoute } from './deliveries.ts'
import { noticeOf, type IncidentRecord } from './incident.ts'

export interface RefresherOptions {
  readonly clock: Clock
  readonly ids: Ids
  readonly signal: AbortSignal
  readonly link?: string
  readonly picture?: (group: string, path: string) => string | undefined
  readonly trend?: (group: string, path: string) => string | undefined
  readonly routes: readonly AlertRoute[]
  /** Incidents that are open now and not about to end, as they were told last. */
  readonly open: () => readonly IncidentRecord[]
  readonly send: (route: string, notice: Notice) => void
}

/**
 * Tells services that forget an incident which they do not hear of that it is still open. What is
 * lost here is made good by the next turn, so nothing of it is durable.
 */
export function keepFresh(options: RefresherOptions): void {
  for (const { route, refreshEveryMs } of options.routes) {
    if (refreshEveryMs !== undefined) void refreshRoute(options, route, refreshEveryMs)
  }
}

async function refreshRoute(
  { clock, ids, signal, link, picture, trend, open, send }: RefresherOptions,
  route: string,
  everyMs: number,
): Promise<void> {
  while (await clock.sleep(everyMs, signal)) {
    for (const record of open()) {
      if (!record.routes.includes(route)) continue
      const action = record.acknowledgedBy === undefined ? 'trigger' : 'acknowledge'
      const extra = { id: ids.next(), wall: clock.wall(), link, picture, trend }
      send(route, noticeOf(record, action, extra))
    }
  }
}
