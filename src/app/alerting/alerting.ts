import { withDeadline } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import type { OutboxItem } from '../../plugin/store.ts'
import { Alarm } from './alarm.ts'
import type { Alerting, AlertingOptions } from './alerting-options.ts'
import { changeNotice } from './change-notice.ts'
import { Deliveries } from './deliveries.ts'
import { dueAt } from './due-at.ts'
import { Durable } from './durable.ts'
import {
  acknowledged,
  endOf,
  incidentDraft,
  isNewsOf,
  isVoid,
  openedOnly,
  unacknowledged,
  withCondition,
  withReceipt,
  type Incident,
  type IncidentEvent,
  type IncidentRecord,
} from './incident.ts'
import { incidentNotice } from './incident-notice.ts'
import { Incidents } from './incidents.ts'
import { incidentViews } from './incident-view.ts'
import { reachOf, streamOf, type DueMessage } from './reach.ts'
import { Reactions } from './reactions.ts'
import { markGone } from './gone-groups.ts'
import { Notes } from './notes.ts'
import { keepFresh } from './refresher.ts'
import { Silences } from './silences.ts'

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
  readonly #incidents: Incidents
  /** The newest conditions of groups that were heard of before the journal was read. */
  readonly #early = new Map<string, readonly Condition[]>()
  readonly #stopped = new AbortController()
  readonly #durable: Durable
  readonly #deliveries: Deliveries
  readonly #silences: Silences
  /** By route and stream: monotonic milliseconds at which something new was told. */
  readonly #streamTold = new Map<string, number>()
  #isReady = false
  /** What an earlier process left was read, so an incident that is not known here is not open. */
  #isRestored = false
  readonly #notes: Notes
  readonly #alarm: Alarm
  readonly #reactions: Reactions

  constructor(options: AlertingOptions) {
    this.#options = options
    const { clock, store, log } = options
    const { signal } = this.#stopped
    this.#incidents = new Incidents(clock)
    this.#durable = new Durable(store, clock, log, signal)
    this.#notes = new Notes(this.#durable)
    this.#alarm = new Alarm(clock, () => this.#advance())
    this.#silences = new Silences(clock, options.ids, this.#durable)
    this.#deliveries = new Deliveries({
      ...options,
      durable: this.#durable,
      signal,
      onRoutes: (group, conditions) => this.conditions(group, conditions),
      onReceipt: (route, key, receipt) => this.#posted(route, key, receipt),
    })
    this.#reactions = new Reactions({
      ...options,
      open: () => this.#incidents.own(),
      isComplete: () => this.#isRestored && !this.#incidents.isAnyAside,
      acknowledge: (incident, actor, reason) => this.#acknowledge(incident, actor, reason),
      release: (incident, actor, reason) => this.#release(incident, actor, reason),
    })
    keepFresh({
      ...options,
      signal,
      open: () =>
        this.#incidents
          .own()
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
    if (this.#incidents.isAside(group)) {
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
      if (incident === undefined) this.#incidents.open(condition)
      else {
        incident.now = condition
        incident.isHeard = true
        incident.goneAt = undefined
        incident.ending?.abort()
      }
    }
    for (const incident of this.#incidents.all()) {
      if (incident.now.group !== group || keys.has(incident.now.key)) continue
      isNews ||= incident.goneAt === undefined
      incident.goneAt ??= this.#options.clock.now()
    }
    // Every group says so every second: as long as it says the same, the alarm suffices.
    if (isNews) this.#advance()
  }

  aside: Alerting['aside'] = (group) => {
    this.#early.delete(group)
    if (this.#incidents.isAside(group)) return
    this.#incidents.putAside(group)
    this.#advance()
  }

  async #takeOver(group: string): Promise<void> {
    await this.#restore()
    const list = this.#early.get(group)
    // Put aside again meanwhile.
    if (list === undefined) return
    this.#early.delete(group)
    this.#incidents.takeBack(group)
    this.conditions(group, list)
  }

  changes: Alerting['changes'] = (draft, tags) => {
    const notice = changeNotice(draft, { ...this.#options, tags })
    return notice === undefined ? [] : this.#deliveries.changeItems(notice)
  }

  send: Alerting['send'] = (items) => this.#deliveries.sendWritten(items)

  acknowledge: Alerting['acknowledge'] = (key, actor, reason) => {
    const incident = this.#incidents.get(key)
    if (incident === undefined) return 'unknown'
    if (this.#incidents.isAside(incident.now.group)) return 'elsewhere'
    this.#acknowledge(incident, actor, reason)
    return 'done'
  }

  receive: Alerting['receive'] = (route, request) => this.#reactions.receive(route, request)
  view: Alerting['view'] = () => incidentViews(this.#incidents.all())
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
      await this.#notes.handedOver()
      await this.#durable.flushed()
    })
  }

  #acknowledge(incident: Incident, actor: string, reason: string | undefined): void {
    // An end that waits for the store is written anew, or it would not be the newest entry.
    incident.ending?.abort()
    this.#tell(incident, 'acknowledged', acknowledged(incident.record, actor, reason))
  }

  /** Nobody looks after it any more: it is repeated again, and the next in line are told. */
  #release(incident: Incident, actor: string, reason = 'took it back'): void {
    incident.ending?.abort()
    const more = `: ${actor} ${reason}`
    this.#tell(incident, 'unacknowledged', unacknowledged(incident.record), more)
    this.#advance()
  }

  async #start(): Promise<void> {
    this.#isRestored = await this.#restore()
    this.#isReady = true
    const early = [...this.#early]
    this.#early.clear()
    for (const [group, list] of early) this.conditions(group, list)
    const { clock } = this.#options
    const { signal } = this.#stopped
    while (!this.#isRestored && (await clock.sleep(RESTORE_RETRY_MS, signal))) {
      this.#isRestored = await this.#restore()
    }
    while (await clock.sleep(ADOPT_EVERY_MS, signal)) {
      await this.#durable.sweep()
      await (this.#incidents.isAnyAside ? this.#recall('aside') : this.#silences.read())
      await this.#adopt(clock.wall())
      this.#advance()
    }
  }

  #adopt(wall: number): Promise<readonly OutboxItem[]> {
    return this.#deliveries.adopt(wall, ({ key, action }) =>
      isVoid(action, this.#incidents.get(key)),
    )
  }

  /** Takes over what the journal knows as open, unless this process knows better, and what waits. */
  async #restore(): Promise<boolean> {
    if (!(await this.#recall('all'))) return false
    const adopted = await this.#adopt(Number.MAX_SAFE_INTEGER)
    for (const record of openedOnly(adopted)) {
      if (!this.#resume(record)) continue
      this.#notes.add(incidentDraft('opened', record, this.#options.clock.wall()))
    }
    markGone(this.#incidents.all(), this.#options)
    this.#advance()
    return true
  }

  /**
   * Reads silences, and what is open, of all groups or of those that are aside: what this process ends
   * just now may have been read as open. False where the store is down.
   */
  async #recall(which: 'all' | 'aside'): Promise<boolean> {
    if (!(await this.#silences.read())) return false
    const records = await this.#durable.openIncidents()
    if (records === undefined) return false
    this.#incidents.forgetAside((key) => this.#notes.isWritten(key))
    for (const record of records) {
      if (which === 'all' || this.#incidents.isAside(record.condition.group)) this.#resume(record)
    }
    return true
  }

  #resume(record: IncidentRecord): boolean {
    const isNew = this.#incidents.resume(record)
    if (isNew) this.#deliveries.remember(record)
    return isNew
  }

  /** Keeps where a service has an incident, for the notices of the next process too. */
  #posted(route: string, key: string, receipt: string): boolean {
    const incident = this.#incidents.get(key)
    const record = incident && withReceipt(incident.record, route, receipt)
    if (incident !== undefined && record !== undefined) {
      incident.record = record
      // An end that is being written down stays the newest entry; taken back, it is written anew.
      const draft = incidentDraft('posted', record, this.#options.clock.wall(), ` at ${route}`)
      if (incident.ending === undefined) this.#notes.add(draft)
    }
    return incident !== undefined
  }

  /** Does what is due by now, and arms the timer for what is due next. */
  #advance(): void {
    const now = this.#options.clock.now()
    let next = Infinity
    for (const incident of this.#incidents.all()) {
      const at = dueAt(incident, this.#options.clearForMs)
      if (at > now) {
        next = Math.min(next, at)
      } else if (incident.goneAt === undefined) {
        const { since } = incident.record.condition
        const condition = { ...incident.now, since }
        this.#tell(incident, 'updated', withCondition(incident.record, condition))
        incident.updates += 1
        next = Math.min(next, dueAt(incident, this.#options.clearForMs))
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
    const open = this.#incidents
      .own()
      .filter(({ goneAt, isHeard }) => goneAt === undefined && isHeard)
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
      this.#notes.add(incidentDraft(event, incident.record, clock.wall(), more), sent)
    }
    return nextInMs
  }

  #itemsOf({ incident, also, routes }: DueMessage): readonly OutboxItem[] {
    const notice = incidentNotice('opened', incident.record, this.#options)
    const more = also.map(({ now: { key, severity, title } }) => ({ key, severity, title }))
    return this.#deliveries.items(more.length === 0 ? notice : { ...notice, also: more }, routes)
  }

  /** Tells the routes that heard of an incident what changed; of one that people are spared, nobody. */
  #tell(
    incident: Incident,
    event: 'updated' | 'acknowledged' | 'unacknowledged',
    next: IncidentRecord,
    more = '',
  ): void {
    const { clock } = this.#options
    const isSpared = event === 'updated' && incident.quiet !== undefined
    const items = isSpared ? [] : this.#items(event, next)
    incident.record = next
    incident.toldAt = clock.now()
    for (const { route } of items) incident.told.set(route, incident.toldAt)
    const sent = this.#deliveries.send(items)
    this.#notes.add(incidentDraft(event, incident.record, clock.wall(), more), sent)
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
    await Promise.all([this.#deliveries.hold(items), this.#notes.handedOver()])
    const draft = incidentDraft('resolved', record, clock.wall())
    const isWritten = await this.#durable.note(draft, ending.signal)
    if (!ending.signal.aborted && isWritten) {
      this.#incidents.delete(condition.key)
      void this.#deliveries.send(items)
      return
    }
    // It came back just while its end was written down: the journal must not keep that.
    if (isWritten) this.#notes.add(incidentDraft('updated', incident.record, clock.wall()))
    await this.#deliveries.drop(items)
    incident.ending = undefined
    this.#advance()
  }

  /** For every route that heard of the incident and still is configured. */
  #items(event: IncidentEvent, record: IncidentRecord): readonly OutboxItem[] {
    const told = this.#options.routes.map(({ route }) => route)
    const routes = told.filter((route) => record.routes.includes(route))
    return this.#deliveries.items(incidentNotice(event, record, this.#options), routes)
  }
}
