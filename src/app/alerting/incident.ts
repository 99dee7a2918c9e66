import type { Clock } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import { formatDuration } from '../../core/duration.ts'
import type { JournalDraft, JournalEntry } from '../../core/journal.ts'
import type { Notice, Severity } from '../../core/notice.ts'
import type { OutboxItem } from '../../plugin/store.ts'

const ranks: Readonly<Record<Severity, number>> = { critical: 3, error: 2, warning: 1, info: 0 }

/** Whether `severity` is as bad as `least`, or worse. */
export function atLeast(severity: Severity, least: Severity): boolean {
  return ranks[severity] >= ranks[least]
}

/** The group of a journal entry; what concerns the whole installation has no `<stream>/<group>`. */
export function journalGroup(group: string): { readonly group?: string } {
  return group.includes('/') ? { group } : {}
}

/** Worse comes first. */
export function bySeverity(a: Severity, b: Severity): number {
  return ranks[b] - ranks[a]
}

/** What the journal keeps of an incident, complete in each entry, so that the newest one suffices. */
export interface IncidentRecord {
  /** As it was last told to people; `since` is when the incident began. */
  readonly condition: Condition
  /** Routes that were told of it, and must be told when it ends. */
  readonly routes: readonly string[]
  readonly acknowledgedBy?: string
  /** What that person does about it, in their words. */
  readonly acknowledgedFor?: string
  /** Severities that it had before, where it had others. */
  readonly formerly?: readonly Severity[]
  /**
   * The newest thing that the service of a route told us of it: what it tells again, or late, is
   * nothing new, also after a restart.
   */
  readonly reactions?: Readonly<Record<string, Reacted>>
  /** By route: where the service keeps what was told of it. */
  readonly receipts?: Readonly<Record<string, string>>
}

/** What a service told us happened there, and when by its clock, in wall milliseconds. */
export interface Reacted {
  readonly id: string
  readonly at: number
}

/** The record once somebody looks after it; who did so before, and why, stays in the journal. */
export function acknowledged(
  record: IncidentRecord,
  acknowledgedBy: string,
  reason: string | undefined,
): IncidentRecord {
  const { acknowledgedFor: _, ...rest } = record
  return { ...rest, acknowledgedBy, ...(reason !== undefined && { acknowledgedFor: reason }) }
}

/** The record once nobody looks after it any more. */
export function unacknowledged(record: IncidentRecord): IncidentRecord {
  const { acknowledgedBy: _by, acknowledgedFor: _for, ...rest } = record
  return rest
}

/** The record with the place that a service has for it; `undefined` where it has that already. */
export function withReceipt(
  record: IncidentRecord,
  route: string,
  receipt: string,
): IncidentRecord | undefined {
  if (record.receipts?.[route] === receipt) return undefined
  return { ...record, receipts: { ...record.receipts, [route]: receipt } }
}

/** Who looks after it and why, where that is known. */
export function acknowledgement({
  acknowledgedBy,
  acknowledgedFor,
}: IncidentRecord): Pick<IncidentRecord, 'acknowledgedBy' | 'acknowledgedFor'> {
  return {
    ...(acknowledgedBy !== undefined && { acknowledgedBy }),
    ...(acknowledgedFor !== undefined && { acknowledgedFor }),
  }
}

/** What people are told of in the life of an incident. */
export type IncidentEvent =
  | 'opened'
  | 'told'
  | 'updated'
  | 'acknowledged'
  | 'unacknowledged'
  | 'resolved'

/**
 * What makes people look again: severity and wording. Numbers and durations in the sentences count
 * by themselves ("down for 12 s", "another 3m59s") and are no news.
 */
export function wording({ severity, title, did }: Condition): string {
  return [severity, title, did]
    .join('\n')
    .replaceAll(/(?:\d+(?:[.,:]\d+)*(?:ms|[smhd]\b|[smhd](?=\d))?)+/gu, '#')
}

/** Whether a condition, given anew or for the first time, may change who is to be told what, or when. */
export function isNewsOf(incident: Incident | undefined, given: Condition): boolean {
  if (incident === undefined) return true
  const { ending, goneAt, isHeard, now } = incident
  if (!isHeard || goneAt !== undefined || ending !== undefined) return true
  if (wording(now) !== wording(given)) return true
  if (now.role !== given.role || now.place !== given.place || now.isOwn !== given.isOwn) return true
  return String(now.tags) !== String(given.tags)
}

/** Why people are not told of an open incident. */
export interface Quiet {
  readonly kind: 'silenced' | 'inhibited'
  readonly says: string
}

/** An incident that is open in this process. */
export interface Incident {
  record: IncidentRecord
  /** Monotonic milliseconds of the newest notice. */
  toldAt: number
  /** Changes of wording told so far. */
  updates: number
  /** The condition as the group last gave it. */
  now: Condition
  /** Monotonic milliseconds since when it is gone. */
  goneAt: number | undefined
  /** While its end is being written down, or that is being taken back, which aborting asks for. */
  ending: AbortController | undefined
  /** Opened by an earlier process: its notices may still wait in the outbox. */
  readonly restored: boolean
  /** This process heard of its condition: an incident of an earlier one may be over already. */
  isHeard: boolean
  /** Not yet in the journal, and nobody was asked to hear of it. */
  isNew: boolean
  /** Monotonic milliseconds at which it began, as far as is known. */
  readonly openedAt: number
  /** Monotonic milliseconds at which each route was told of it last. */
  readonly told: Map<string, number>
  /** Why people are not told of it, where that is so. */
  quiet: Quiet | undefined
}

/** An incident as this process begins to look after it. */
export function incidentOf(record: IncidentRecord, clock: Clock, restored: boolean): Incident {
  const now = clock.now()
  const openForMs = restored ? Math.max(0, clock.wall() - record.condition.since) : 0
  return {
    record,
    toldAt: now,
    updates: 0,
    now: record.condition,
    goneAt: undefined,
    ending: undefined,
    restored,
    isHeard: !restored,
    isNew: !restored,
    openedAt: now - openForMs,
    told: new Map(record.routes.map((route) => [route, now])),
    quiet: undefined,
  }
}

/** What a notice has beside its incident. */
interface NoticeExtra extends Pick<Notice, 'id' | 'wall'> {
  readonly link?: string | undefined
  /** The address of a picture of a path, where there is one. */
  readonly picture?: ((group: string, path: string) => string | undefined) | undefined
  /** The trend of a path as it is now. */
  readonly trend?: ((group: string, path: string) => string | undefined) | undefined
}

/** The notice that tells a route of an incident. */
export function noticeOf(
  { condition, acknowledgedBy, formerly }: IncidentRecord,
  action: Notice['action'],
  { link, picture, trend, ...extra }: NoticeExtra,
): Notice {
  const { group, path } = condition
  const address = path === undefined ? undefined : picture?.(group, path)
  const line = path === undefined || action !== 'trigger' ? undefined : trend?.(group, path)
  const { isOwn: _own, role: _role, place: _place, ...said } = condition
  return {
    ...said,
    ...extra,
    action,
    ...(link !== undefined && { link }),
    ...(address !== undefined && { picture: address }),
    ...(line !== undefined && { trend: line }),
    ...(acknowledgedBy !== undefined && { acknowledgedBy }),
    ...(formerly !== undefined && { formerly }),
  }
}

/** The record with another condition; a severity that is left is remembered. */
export function withCondition(record: IncidentRecord, condition: Condition): IncidentRecord {
  const left = record.condition.severity
  if (left === condition.severity) return { ...record, condition }
  return { ...record, condition, formerly: [...new Set([...(record.formerly ?? []), left])] }
}

/**
 * Incidents of which waiting notices tell that they began and not that they ended: a process that
 * was killed between telling people and the journal leaves no other trace of them.
 */
export function openedOnly(waiting: readonly OutboxItem[]): readonly IncidentRecord[] {
  const records = new Map<string, IncidentRecord>()
  for (const { notice, route } of waiting) {
    const {
      id: _id,
      action,
      wall: _wall,
      link: _link,
      picture: _picture,
      trend: _trend,
      acknowledgedBy: _by,
      formerly: _formerly,
      also: _also,
      ...condition
    } = notice
    const routes = records.get(notice.key)?.routes ?? []
    if (action === 'trigger') records.set(notice.key, { condition, routes: [...routes, route] })
    if (action === 'resolve') records.delete(notice.key)
  }
  return [...records.values()]
}

/** Whether a waiting notice of an earlier process tells nobody anything any more. */
export function isVoid(action: Notice['action'], incident: Incident | undefined): boolean {
  // The end of an incident is told only after the journal says so: this one is still open.
  if (action === 'resolve') return incident !== undefined
  // What this process opened, it told every route about: older notices of it are void.
  return incident?.restored === false
}

/** The condition as its end is told. */
export function endOf(condition: Condition, clearForMs: number): Condition {
  return {
    ...condition,
    did: `It has been all clear for ${formatDuration(clearForMs)}.`,
    todo: 'Nothing.',
  }
}

/** The journal entry of one event in the life of an incident. */
export function incidentDraft(
  event: IncidentEvent | 'posted',
  record: IncidentRecord,
  wall: number,
  more = '',
): JournalDraft {
  const { condition, acknowledgedBy, acknowledgedFor } = record
  const why = acknowledgedFor === undefined ? '' : ` (${acknowledgedFor})`
  const { group, path, title, since } = condition
  const seconds = Math.max(0, Math.round((wall - since) / 1_000))
  const says = {
    opened: `incident opened${more}: ${title}`,
    told: `incident told${more}: ${title}`,
    updated: `incident changed: ${title}`,
    acknowledged: `incident acknowledged by ${acknowledgedBy ?? 'somebody'}${why}: ${title}`,
    unacknowledged: `nobody looks after the incident any more${more}: ${title}`,
    posted: `what is told of the incident has its place${more}: ${title}`,
    resolved: `incident over after ${formatDuration(seconds * 1_000)}: ${title}`,
  }[event]
  return {
    kind: 'incident',
    ...journalGroup(group),
    ...(path === undefined ? {} : { path }),
    ...(event === 'acknowledged' && acknowledgedBy !== undefined ? { actor: acknowledgedBy } : {}),
    says,
    data: { event, key: condition.key, ...record },
  }
}

/**
 * All open incidents in one entry, so that the next start need not read further back than `upTo`,
 * the newest sequence that it takes into account.
 */
export function snapshotDraft(open: readonly IncidentRecord[], upTo: number): JournalDraft {
  const says = open.length === 1 ? '1 incident is open' : `${open.length} incidents are open`
  return { kind: 'incident', says, data: { event: 'snapshot', upTo, incidents: open } }
}

/** What reading the journal backwards found out. */
export interface OpenIncidents {
  /** By key; `undefined` for a key whose incident is over. */
  readonly byKey: Map<string, IncidentRecord | undefined>
  /** Entries up to here are covered by a snapshot that was read. */
  coveredTo: number
}

/** Takes one more, older, incident entry into account. What is no such entry is passed over. */
export function readBack(open: OpenIncidents, { seq, data }: JournalEntry): void {
  const { event, key, upTo, incidents } = data ?? {}
  if (event === 'snapshot' && Array.isArray(incidents) && typeof upTo === 'number') {
    open.coveredTo = Math.max(open.coveredTo, upTo)
    for (const record of incidents) {
      if (isRecord(record)) remember(open, record.condition.key, record)
    }
    return
  }
  if (typeof key !== 'string' || seq <= open.coveredTo) return
  remember(open, key, event !== 'resolved' && isRecord(data) ? pick(data) : undefined)
}

function remember(open: OpenIncidents, key: string, record: IncidentRecord | undefined): void {
  if (!open.byKey.has(key)) open.byKey.set(key, record)
}

function pick(record: IncidentRecord): IncidentRecord {
  const { condition, routes, formerly, reactions, receipts } = record
  return {
    condition,
    routes,
    ...acknowledgement(record),
    ...(formerly !== undefined && { formerly }),
    ...(reactions !== undefined && { reactions }),
    ...(receipts !== undefined && { receipts }),
  }
}

/** The journal is ours, but people can edit it: a start must not fail on that. */
function isRecord(value: unknown): value is IncidentRecord {
  const { condition, routes } = (value ?? {}) as Partial<IncidentRecord>
  return (
    Array.isArray(routes) &&
    typeof condition?.key === 'string' &&
    typeof condition.since === 'number' &&
    typeof condition.details === 'object' &&
    condition.severity in ranks
  )
}
