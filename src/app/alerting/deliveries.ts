import type { Clock, Random } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import type { Log } from '../../core/log.ts'
import type { Notice, Severity } from '../../core/notice.ts'
import { redactText } from '../../core/redact.ts'
import type { RouteView } from '../../core/view.ts'
import type { Delivery } from '../../plugin/notifier.ts'
import type { InboundRequest, ReadReactions } from '../../plugin/reaction.ts'
import type { OutboxItem } from '../../plugin/store.ts'
import type { Durable } from './durable.ts'
import { journalGroup, type IncidentRecord } from './incident.ts'
import { isFor, type RouteRules } from './routing.ts'
import { RouteQueue, type Ending } from './route-queue.ts'

/** How long after its planned attempt an item may be taken up by another process. */
const GRACE_MS = 60_000
/** A route that failed this often in a row is told to the other routes. */
const FAILURES_TO_TELL = 3

/** Conditions of the routes themselves stand under this name in place of a group. */
const ROUTES = 'notifications'

/** One configured notifier, ready to send. */
export interface AlertRoute extends RouteRules {
  /** Unique name. */
  readonly route: string
  /** New incidents below it are not sent here; what was sent is followed to its end. */
  readonly minSeverity: Severity
  /** `receipt`: what an earlier delivery about the incident gave. */
  readonly send: (notice: Notice, receipt?: string) => Promise<Delivery>
  /** It is sent changes that were made, too. */
  readonly takesChanges?: true
  /** The service forgets an incident that it does not hear of: how often it must. */
  readonly refreshEveryMs?: number
  /** Reads what the service tells us that people did there, where it may. */
  readonly read?: (request: InboundRequest) => ReadReactions
}

export interface DeliveriesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly routes: readonly AlertRoute[]
  readonly durable: Durable
  readonly signal: AbortSignal
  readonly onDelivered?: (route: string, delivery: Delivery) => void
  /** A delivery about an incident gave a receipt, to be kept for its next ones; whether it is open. */
  readonly onReceipt: (route: string, key: string, receipt: string) => boolean
  /** The conditions of the routes themselves. */
  readonly onRoutes: (group: string, conditions: readonly Condition[]) => void
}

interface Route {
  readonly queue: RouteQueue
  /**
   * Changes have a queue of their own, one attempt at a time: however many wait, and whatever pause
   * the peer asks for, no page waits behind them. Absent where the route takes none.
   */
  readonly changes: RouteQueue | undefined
  failures: number
  /** An earlier process may have left an incident about this route: its first result counts. */
  isHeard: boolean
  /** Set while it fails so that people should know. */
  trouble: { readonly since: number; readonly says: string } | undefined
}

/**
 * Brings notices to routes, at least once each. Sending starts from memory at once; the outbox in
 * the store is for what a crash or a restart would lose.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions
  readonly #routes: ReadonlyMap<string, Route>
  /** Writes to the outbox under way, by item: an item is settled only after it was put. */
  readonly #puts = new Map<string, Promise<unknown>>()
  readonly #settling = new Set<Promise<void>>()
  /** Items that are in the outbox, perhaps, but not to be sent yet. */
  readonly #held = new Set<string>()
  /** Refreshes under way: the next one makes good what is lost, so they leave no trace. */
  readonly #refreshes = new Set<string>()
  /** By route and key: the receipts of incidents whose end was not told yet. */
  readonly #receipts = new Map<string, string>()
  /** What waits until an item is in the outbox, or done. */
  readonly #unsecured = new Map<string, () => void>()

  constructor(options: DeliveriesOptions) {
    this.#options = options
    this.#routes = new Map(options.routes.map((route) => [route.route, this.#route(route)]))
  }

  /** A notice for these routes, not sent yet. */
  items(notice: Notice, routes: readonly string[]): readonly OutboxItem[] {
    const dueAt = this.#options.clock.wall() + GRACE_MS
    return routes.map((route) => ({
      id: `${notice.id}@${route}`,
      route,
      notice,
      attempts: 0,
      dueAt,
    }))
  }

  /**
   * Sends at once. Resolves when a crash can lose none of the items any more: each is in the outbox,
   * or needs no further sending.
   */
  async send(items: readonly OutboxItem[]): Promise<void> {
    const secured = items.map(({ id }) => {
      this.#held.delete(id)
      return new Promise<void>((resolve) => this.#unsecured.set(id, resolve))
    })
    void this.#put(items)
    for (const item of items) queueOf(this.#routes.get(item.route), item)?.add(item)
    await Promise.all(secured)
  }

  /** Takes over what an earlier process kept of an incident. */
  remember({ condition, receipts }: IncidentRecord): void {
    for (const [route, receipt] of Object.entries(receipts ?? {})) {
      this.#receipts.set(`${route} ${condition.key}`, receipt)
    }
  }

  /** A change for every route that takes changes and is for this group, not sent yet. */
  changeItems(notice: Notice): readonly OutboxItem[] {
    const takers = this.#options.routes.filter(
      (route) => route.takesChanges === true && isFor(route, notice),
    )
    return this.items(
      notice,
      takers.map(({ route }) => route),
    )
  }

  /** Sends what somebody else brought into the outbox, where it is not under way already. */
  sendWritten(items: readonly OutboxItem[]): void {
    for (const item of items) {
      const queue = queueOf(this.#routes.get(item.route), item)
      if (queue?.has(item) === false) queue.add(item)
    }
  }

  /** Every route, and whether it takes notices. */
  routes(): RouteView[] {
    return [...this.#routes].map(([route, { trouble }]) => ({
      route,
      ok: trouble === undefined,
      ...(trouble !== undefined && { says: trouble.says }),
    }))
  }

  /** Whether people cannot be reached through a route now. */
  isFailing(name: string): boolean {
    return this.#routes.get(name)?.trouble !== undefined
  }

  /** Brings items that are not to be sent yet into the outbox, if the store allows. */
  async hold(items: readonly OutboxItem[]): Promise<void> {
    for (const { id } of items) this.#held.add(id)
    await this.#put(items)
  }

  /** Tells a route again of an incident that is open, unless it is just being told something of it. */
  refresh(name: string, notice: Notice): void {
    const queue = this.#routes.get(name)?.queue
    if (queue === undefined || queue.isTelling(notice.key)) return
    for (const item of this.items(notice, [name])) {
      this.#refreshes.add(item.id)
      queue.add(item)
    }
  }

  /** Takes held items back. */
  async drop(items: readonly OutboxItem[]): Promise<void> {
    for (const { id } of items) {
      await this.#options.durable.settle(id, this.#puts.get(id))
      this.#held.delete(id)
    }
  }

  /**
   * Takes up undelivered items of an earlier or another process, except those that are void.
   * Resolves to those that it took.
   */
  async adopt(wall: number, isVoid: (notice: Notice) => boolean): Promise<readonly OutboxItem[]> {
    const { durable, log } = this.#options
    const taken: OutboxItem[] = []
    for (const item of await durable.due(wall)) {
      const route = this.#routes.get(item.route)
      const queue = queueOf(route, item)
      if (queue?.has(item) === true || this.#held.has(item.id)) continue
      if (route === undefined) {
        log.warn({ route: item.route }, 'a waiting notice was dropped: its route is gone')
      }
      if (queue === undefined || isVoid(item.notice)) {
        await durable.settle(item.id)
      } else {
        queue.add(item)
        taken.push(item)
      }
    }
    return taken
  }

  /** Resolves when no attempt is under way and the outbox knows of those that ended. */
  async idle(): Promise<void> {
    const queues = [...this.#routes.values()].flatMap(({ queue, changes }) => [queue, changes])
    await Promise.all(queues.flatMap((queue) => queue?.idle() ?? []))
    await Promise.all([...this.#puts.values(), ...this.#settling])
  }

  #route({ route, send, takesChanges }: AlertRoute): Route {
    const { clock, random, signal, onDelivered } = this.#options
    const shared = {
      send: (notice: Notice) => this.#send(route, send, notice),
      clock,
      random,
      signal,
      onRetry: (item: OutboxItem, delayMs: number) => {
        if (this.#refreshes.has(item.id)) return
        void this.#put([{ ...item, dueAt: clock.wall() + delayMs + GRACE_MS }])
      },
      onEnd: (item: OutboxItem, ending: Ending) => this.#end(item, ending),
    }
    const queue = new RouteQueue({
      ...shared,
      onAttempt: (delivery) => {
        onDelivered?.(route, delivery)
        this.#judge(route, delivery)
      },
    })
    // That changes are not taken does not mean that pages are not, nor the other way round.
    const changes =
      takesChanges === true
        ? new RouteQueue({ ...shared, parallel: 1, onAttempt: () => {} })
        : undefined
    return { queue, changes, failures: 0, isHeard: false, trouble: undefined }
  }

  async #send(route: string, send: AlertRoute['send'], notice: Notice): Promise<Delivery> {
    const delivery = await send(notice, this.#receipts.get(`${route} ${notice.key}`))
    if (!delivery.ok || delivery.receipt === undefined || notice.action === 'resolve')
      return delivery
    this.#receipts.set(`${route} ${notice.key}`, delivery.receipt)
    this.#options.onReceipt(route, notice.key, delivery.receipt)
    // What was told together stands in one place, as far as it is open still.
    for (const { key } of notice.also ?? []) {
      if (!this.#options.onReceipt(route, key, delivery.receipt)) continue
      this.#receipts.set(`${route} ${key}`, delivery.receipt)
    }
    return delivery
  }

  #put(items: readonly OutboxItem[]): Promise<void> {
    if (items.length === 0) return Promise.resolve()
    const put = this.#write(items).finally(() => {
      for (const { id } of items) if (this.#puts.get(id) === put) this.#puts.delete(id)
    })
    for (const { id } of items) this.#puts.set(id, put)
    return put
  }

  async #write(items: readonly OutboxItem[]): Promise<void> {
    const isStored = await this.#options.durable.put(items)
    if (isStored) for (const { id } of items) this.#secure(id)
  }

  #secure(id: string): void {
    this.#unsecured.get(id)?.()
    this.#unsecured.delete(id)
  }

  #end(item: OutboxItem, ending: Ending): void {
    if (this.#refreshes.delete(item.id)) return
    const { durable, log } = this.#options
    const { action, group, path, title, key } = item.notice
    this.#secure(item.id)
    if (action === 'resolve') this.#receipts.delete(`${item.route} ${key}`)
    if (ending.end !== 'superseded') {
      const says =
        ending.end === 'delivered'
          ? `${item.route} took the notice (${action}): ${title}`
          : `${item.route} did not take the notice (${action}): ${redactText(ending.says)}: ${title}`
      if (ending.end === 'given-up') log.error({ route: item.route, key }, says)
      void durable.note({
        kind: 'notice',
        ...journalGroup(group),
        ...(path === undefined ? {} : { path }),
        says,
        data: { key, action, route: item.route, notice: item.notice.id, end: ending.end },
      })
    }
    const settling = durable.settle(item.id, this.#puts.get(item.id)).finally(() => {
      this.#settling.delete(settling)
    })
    this.#settling.add(settling)
  }

  /** Keeps the level of trouble of a route: refused once or failing repeatedly, until it works again. */
  #judge(name: string, delivery: Delivery): void {
    const route = this.#routes.get(name)
    if (route === undefined) return
    const { clock, log } = this.#options
    if (delivery.ok) {
      const isNews = route.trouble !== undefined || !route.isHeard
      route.failures = 0
      route.isHeard = true
      route.trouble = undefined
      if (!isNews) return
    } else {
      const says = redactText(delivery.says)
      log.warn({ route: name, retry: delivery.retry }, `a notice was not delivered: ${says}`)
      route.failures += 1
      if (delivery.retry && route.failures < FAILURES_TO_TELL) return
      route.trouble = { since: route.trouble?.since ?? clock.wall(), says }
    }
    this.#options.onRoutes(ROUTES, this.#conditions())
  }

  #conditions(): Condition[] {
    const conditions: Condition[] = []
    for (const [name, { trouble }] of this.#routes) {
      if (trouble === undefined) continue
      conditions.push({
        key: `${ROUTES}#${name}`,
        severity: 'error',
        group: ROUTES,
        title: `notices do not reach ${name}: ${trouble.says}`,
        did: 'The other routes are told; delivery is tried again where that can help.',
        todo: `Check the options of the notifier ${name} and that its service can be reached.`,
        since: trouble.since,
        isOwn: true,
        details: { route: name },
      })
    }
    return conditions
  }
}

function queueOf(route: Route | undefined, { notice }: OutboxItem): RouteQueue | undefined {
  return notice.action === 'change' ? route?.changes : route?.queue
}
