import { withDeadline } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Notice } from '../../core/notice.ts'
import type { OutboxItem } from '../../plugin/store.ts'
import { Alarm } from './alarm.ts'
import type { Alerting, AlertingOptions } from './alerting-options.ts'
import { changeNotice } from './change-notice.ts'
import { Deliveries } from './deliveries.ts'
import { Durable } from './durable.ts'
import {
  acknowledged,
  bySeverity,
  endOf,
  incidentDraft,
  incidentOf,
  isNewsOf,
  noticeOf,
  openedOnly,
  withCondition,
  wording,
  type Incident,
  type IncidentEvent,
  type IncidentRecord,
} from './incident.ts'
import { incidentViews } from './incident-view.ts'
import { reachOf, streamOf, type DueMessage } from './reach.ts'
import { keepFresh } from './refresher.ts'
import { Silences } from './silences.ts'

/** A change of wording waits this long, each further one twice as long; a worse severity never. */
const UPDATE_AFTER_MS = 15_000
const LONGEST_UPDATE_MS = 300_000
const RESTORE_RETRY_MS = 5_000
/** How often undelivered notices of a process that ended elsewhere are looked for. */
const ADOPT_EVERY_MS = 30_000
/** How long `stop` waits for attempts that are under way. */
const STOP_MS = 2_000

/**
 * Makes incidents of conditions and tells people (invariants 43 and 44). It fails open: a notice is
 * sent whatever the store says, and a duplicate beats silence. All that is open survives a restart.
 */
export function createAlerting(options: AlertingOptions): Alerting {
  return new LevelTriggered(options)
}

class LevelTriggered implements Alerting {
  readonly #options: AlertingOptions
  readonly #incidents = new Map<string, Incident>()
  /** The newest conditions of groups that were heard of before the journal was read. */
  readonly #early = new Map<string, readonly Condition[]>()
  readonly #stopped = new AbortController()
  readonly #durable: Durable
  readonly #deliveries: Deliveries
  readonly #silences: Silences
  /** By route and stream: monotonic milliseconds at which something new was told. */
  readonly #streamTold = new Map<string, number>()
  #isReady = false
  /** Groups that another process judges. */
  readonly #aside = new Set<string>()
  /** Resolves when every entry so far was handed to the journal. */
  #noted: Promise<void> = Promise.resolve()
  readonly #alarm: Alarm

  constructor(options: AlertingOptions) {
    this.#options = options
    const { clock, store, log } = options
    const { signal } = this.#stopped
    this.#durable = new Durable(store, clock, log, signal)
    this.#alarm = new Alarm(clock, () => this.#advance())
    this.#silences = new Silences(clock, options.ids, this.#durable)
    this.#deliveries = new Deliveries({
      ...options,
      durable: this.#durable,
      signal,
      onRoutes: (group, conditions) => this.conditions(group, conditions),
    })
    keepFresh({
      ...options,
      signal,
      open: () =>
        [...this.#incidents.values()]
          .filter(({ ending }) => ending === undefined)
          .map(({ record }) => record),
      send: (route, notice) => this.#deliveries.refresh(route, notice),
    })
    void this.#start()
  }

  conditions: Alerting['conditions'] = (group, list) => {
    if (this.#stopped.signal.aborted) return
    if (!this.#isReady) {
      this.#early.set(group, list)
      return
    }
    if (this.#aside.has(group)) {
      const isUnderWay = this.#early.has(group)
      this.#early.set(group, list)
      if (!isUnderWay) void this.#takeOver(group)
      return
    }
    const keys = new Set<string>()
    let isNews = false
    for (const condition of list) {
      if (keys.has(condition.key)) continue
      keys.add(condition.key)
      const incident = this.#incidents.get(condition.key)
      isNews ||= isNewsOf(incident, condition)
      if (incident === undefined) this.#open(condition)
      else {
        incident.now = condition
        incident.isHeard = true
        incident.goneAt = undefined
        incident.ending?.abort()
      }
    }
    for (const incident of this.#incidents.values()) {
      if (incident.now.group !== group || keys.has(incident.now.key)) continue
      isNews ||= incident.goneAt === undefined
      incident.goneAt ??= this.#options.clock.now()
    }
    // Every group says so every second: as long as it says the same, the alarm suffices.
    if (isNews) this.#advance()
  }

  aside: Alerting['aside'] = (group) => {
    this.#early.delete(group)
    if (this.#aside.has(group)) return
    this.#aside.add(group)
    for (const incident of this.#incidents.values()) {
      if (incident.now.group !== group) continue
      incident.goneAt = undefined
      incident.ending?.abort()
    }
    this.#advance()
  }

  async #takeOver(group: string): Promise<void> {
    await this.#restore()
    const list = this.#early.get(group)
    // Put aside again meanwhile.
    if (list === undefined) return
    this.#early.delete(group)
    this.#aside.delete(group)
    this.conditions(group, list)
  }

  change: Alerting['change'] = (entry, tags) => {
    const notice = changeNotice(entry, { ...this.#options, tags })
    if (notice !== undefined) this.#deliveries.change(notice)
  }

  acknowledge: Alerting['acknowledge'] = (key, actor, reason) => {
    const incident = this.#incidents.get(key)
    if (incident === undefined) return false
    // An end that waits for the store is written anew, or it would not be the newest entry.
    incident.ending?.abort()
    this.#tell(incident, 'acknowledged', acknowledged(incident.record, actor, reason))
    return true
  }

  view: Alerting['view'] = () => incidentViews(this.#incidents.values())

  routes: Alerting['routes'] = () => this.#deliveries.routes()

  silences: Alerting['silences'] = () => this.#silences.list()

  silence: Alerting['silence'] = (order) => {
    const silence = this.#silences.add(order)
    this.#advance()
    return silence
  }

  endSilence: Alerting['endSilence'] = (id, actor, reason) => {
    const silence = this.#silences.end(id, actor, reason)
    this.#advance()
    return silence
  }

  stop: Alerting['stop'] = async () => {
    this.#stopped.abort()
    this.#alarm.set(Infinity)
    await withDeadline(this.#options.clock, STOP_MS, undefined, async () => {
      await this.#deliveries.idle()
      await this.#noted
      await this.#durable.flushed()
    })
  }

  async #start(): Promise<void> {
    let isRestored = await this.#restore()
    this.#isReady = true
    const early = [...this.#early]
    this.#early.clear()
    for (const [group, list] of early) this.conditions(group, list)
    const { clock } = this.#options
    const { signal } = this.#stopped
    while (!isRestored && (await clock.sleep(RESTORE_RETRY_MS, signal))) {
      isRestored = await this.#restore()
    }
    while (await clock.sleep(ADOPT_EVERY_MS, signal)) {
      await this.#durable.sweep()
      await this.#silences.read()
      await this.#adopt(clock.wall())
      this.#advance()
    }
  }

  #adopt(wall: number): Promise<readonly OutboxItem[]> {
    return this.#deliveries.adopt(wall, ({ key, action }) => {
      const incident = this.#incidents.get(key)
      // The end of an incident is told only after the journal says so: this one is still open.
      if (action === 'resolve') return incident !== undefined
      // What this process opened, it told every route about: older notices of it are void.
      return incident?.restored === false
    })
  }

  /** Takes over what the journal knows as open, unless this process knows better, and what waits. */
  async #restore(): Promise<boolean> {
    const records = await this.#durable.openIncidents()
    if (records === undefined || !(await this.#silences.read())) return false
    for (const record of records) this.#resume(record)
    const adopted = await this.#adopt(Number.MAX_SAFE_INTEGER)
    for (const record of openedOnly(adopted)) {
      if (!this.#resume(record)) continue
      this.#note(incidentDraft('opened', record, this.#options.clock.wall()))
    }
    this.#forgetGroups()
    return true
  }

  #forgetGroups(): void {
    const { clock, groups } = this.#options
    if (groups === undefined) return
    for (const incident of this.#incidents.values()) {
      const { group } = incident.now
      if (group.includes('/') && !groups.includes(group)) incident.goneAt ??= clock.now()
    }
    this.#advance()
  }

  /** Keeps an incident of an earlier process. It is gone only once its group was heard to be well. */
  #resume(record: IncidentRecord): boolean {
    const { key } = record.condition
    if (this.#incidents.has(key)) return false
    this.#incidents.set(key, incidentOf(record, this.#options.clock, true))
    return true
  }

  #open(condition: Condition): void {
    const record = { condition, routes: [] }
    this.#incidents.set(condition.key, incidentOf(record, this.#options.clock, false))
  }

  /** Does what is due by now, and arms the timer for what is due next. */
  #advance(): void {
    const now = this.#options.clock.now()
    let next = Infinity
    for (const incident of this.#incidents.values()) {
      const dueAt = this.#dueAt(incident)
      if (dueAt > now) {
        next = Math.min(next, dueAt)
      } else if (incident.goneAt === undefined) {
        const { since } = incident.record.condition
        const condition = { ...incident.now, since }
        this.#tell(incident, 'updated', withCondition(incident.record, condition))
        incident.updates += 1
        next = Math.min(next, this.#dueAt(incident))
      } else {
        void this.#end(incident)
      }
    }
    this.#alarm.set(Math.min(next, now + this.#reach()))
  }

  /** Tells everybody who is to hear now; the milliseconds after which to ask again at the latest. */
  #reach(): number {
    const { clock, routes } = this.#options
    const now = clock.now()
    const open = [...this.#incidents.values()].filter(
      ({ goneAt, isHeard, now: { group } }) =>
        goneAt === undefined && isHeard && !this.#aside.has(group),
    )
    const { due, nextInMs } = reachOf(open, {
      routes,
      silences: this.#silences.list(),
      now,
      wall: clock.wall(),
      isFailing: (route) => this.#deliveries.isFailing(route),
      streamToldAt: (route, stream) => this.#streamTold.get(`${route} ${stream}`),
    })
    for (const incident of open) {
      const own = due.filter((each) => each.incident === incident || each.also.includes(incident))
      const fresh = own.filter(({ isRepeat }) => !isRepeat).flatMap((each) => each.routes)
      for (const route of own.flatMap((each) => each.routes)) incident.told.set(route, now)
      for (const route of fresh) this.#streamTold.set(`${route} ${streamOf(incident)}`, now)
      const routesNow = [...new Set([...incident.record.routes, ...fresh])]
      incident.record = { ...incident.record, routes: routesNow }
    }
    const items = due.map((each) => ({ ...each, items: this.#itemsOf(each) }))
    const sent = this.#deliveries.send(items.flatMap((each) => each.items))
    for (const incident of open) {
      const own = items.filter((each) => each.incident === incident || each.also.includes(incident))
      const fresh = own.filter(({ isRepeat }) => !isRepeat).flatMap((each) => each.routes)
      if (!incident.isNew && fresh.length === 0) continue
      const event = incident.isNew ? 'opened' : 'told'
      const to = incident.isNew ? '' : ` to ${fresh.join(', ')}`
      const more = incident.quiet === undefined ? to : `${to} (${incident.quiet.says})`
      incident.isNew = false
      this.#note(incidentDraft(event, incident.record, clock.wall(), more), sent)
    }
    return nextInMs
  }

  #itemsOf({ incident, also, routes }: DueMessage): readonly OutboxItem[] {
    const notice = this.#notice('opened', incident.record)
    const more = also.map(({ now: { key, severity, title } }) => ({ key, severity, title }))
    return this.#deliveries.items(more.length === 0 ? notice : { ...notice, also: more }, routes)
  }

  /** The monotonic time at which people are to be told something about an incident. */
  #dueAt({ ending, goneAt, isNew, now, record, toldAt, updates }: Incident): number {
    if (isNew) return Infinity
    if (goneAt !== undefined) {
      return ending === undefined ? goneAt + this.#options.clearForMs : Infinity
    }
    const told = record.condition
    if (wording(now) === wording(told)) return Infinity
    if (bySeverity(now.severity, told.severity) < 0) return toldAt
    return toldAt + Math.min(UPDATE_AFTER_MS * 2 ** Math.min(updates, 10), LONGEST_UPDATE_MS)
  }

  /** Tells the routes that heard of an incident what changed; of one that people are spared, nobody. */
  #tell(incident: Incident, event: 'updated' | 'acknowledged', next: IncidentRecord): void {
    const { clock } = this.#options
    const isSpared = event === 'updated' && incident.quiet !== undefined
    const items = isSpared ? [] : this.#items(event, next)
    incident.record = next
    incident.toldAt = clock.now()
    for (const { route } of items) incident.told.set(route, incident.toldAt)
    this.#note(incidentDraft(event, incident.record, clock.wall()), this.#deliveries.send(items))
  }

  /**
   * Ends an incident: first in the journal, then for people. The other way round, a restart in
   * between would take the incident for open and keep silent when the trouble comes back. So while
   * the store is down nothing is resolved; that an alert stays open too long does no harm.
   */
  async #end(incident: Incident): Promise<void> {
    const ending = new AbortController()
    incident.ending = ending
    const { clock, clearForMs } = this.#options
    const condition = endOf(incident.record.condition, clearForMs)
    const record = { ...incident.record, condition }
    const items = this.#items('resolved', record)
    await Promise.all([this.#deliveries.hold(items), this.#noted])
    const draft = incidentDraft('resolved', record, clock.wall())
    const isWritten = await this.#durable.note(draft, ending.signal)
    if (!ending.signal.aborted && isWritten) {
      this.#incidents.delete(condition.key)
      void this.#deliveries.send(items)
      return
    }
    // It came back just while its end was written down: the journal must not keep that.
    if (isWritten) this.#note(incidentDraft('updated', incident.record, clock.wall()))
    await this.#deliveries.drop(items)
    incident.ending = undefined
    this.#advance()
  }

  /** For every route that heard of the incident and still is configured. */
  #items(event: IncidentEvent, record: IncidentRecord): readonly OutboxItem[] {
    const told = this.#options.routes.map(({ route }) => route)
    const routes = told.filter((route) => record.routes.includes(route))
    return this.#deliveries.items(this.#notice(event, record), routes)
  }

  #notice(event: IncidentEvent, record: IncidentRecord): Notice {
    const { clock, ids, link, picture, trend } = this.#options
    const extra = { id: ids.next(), wall: clock.wall(), link, picture, trend }
    return noticeOf(record, actions[event], extra)
  }

  /** Journal entries keep the order of events, and say that people were told only once that is sure. */
  #note(draft: JournalDraft, told?: Promise<void>): void {
    this.#noted = Promise.all([this.#noted, told]).then(() => {
      return void this.#durable.note(draft)
    })
  }
}

const actions = {
  opened: 'trigger',
  told: 'trigger',
  updated: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
} as const satisfies Record<IncidentEvent, Notice['action']>
