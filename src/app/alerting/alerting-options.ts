import type { Clock, Ids, Random } from '../../core/clock.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Log } from '../../core/log.ts'
import type { Delivery } from '../../plugin/notifier.ts'
import type { InboundRequest } from '../../plugin/reaction.ts'
import type { OutboxItem, Store } from '../../plugin/store.ts'
import type { Condition } from '../../core/condition.ts'
import type { Silence } from '../../core/silence.ts'
import type { IncidentView, RouteView } from '../../core/view.ts'
import type { AlertRoute } from './deliveries.ts'
import type { Received } from './reactions.ts'
import type { SilenceOrder } from './silences.ts'

/** What alerting is built from. */
export interface AlertingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly store: Store
  readonly routes: readonly AlertRoute[]
  /** Configured groups: incidents that an earlier process left about any other one are over. */
  readonly groups?: readonly string[]
  /** How long a condition must be gone before its incident is over, in milliseconds. */
  readonly clearForMs: number
  /** Address of the status page, for notices. */
  readonly link?: string
  /** Address of a picture of the path, where there is one. */
  readonly picture?: (group: string, path: string) => string | undefined
  /** The measurement that shows what is wrong with a path, as a line of bars, where there is one. */
  readonly trend?: (group: string, path: string) => string | undefined
  readonly log: Log
  /** After each attempt to deliver, for metrics. */
  readonly onDelivered?: (route: string, delivery: Delivery) => void
}

/** Incidents and how people hear of them. */
export interface Alerting {
  /**
   * The conditions of a group as they are now. Call it at every evaluation, and once with an empty
   * list for a group that is no longer configured.
   */
  conditions(group: string, list: readonly Condition[]): void
  /**
   * Another process judges this group now: none of its incidents is ended here. With the next
   * conditions it is ours again, and what the other one opened is taken over from the journal first.
   */
  aside(group: string): void
  /**
   * What the routes that take changes are to be told of this entry: of a change that was made, and of
   * no other. To be written in the transaction of the entry, so that no crash loses it, then sent.
   */
  changes(entry: JournalDraft, tags?: readonly string[]): readonly OutboxItem[]
  /**
   * Sends what a transaction brought into the outbox. Changes have a queue of their own, and neither
   * delay a page nor say how a route fares.
   */
  send(items: readonly OutboxItem[]): void
  /**
   * Records that somebody looks after an incident, and why, and tells its routes. Nothing is done about
   * a key that is `unknown`, nor `elsewhere`: the process that judges its group would go on escalating.
   */
  acknowledge(key: string, actor: string, reason?: string): 'done' | 'unknown' | 'elsewhere'
  /**
   * Does what people did in the service of a route, as the service tells us; `undefined` where no
   * such route listens to its service.
   */
  receive(route: string, request: InboundRequest): Received | undefined
  /** Open incidents, worst and then oldest first. */
  view(): readonly IncidentView[]
  /** The configured ways to people, and whether they take notices. */
  routes(): readonly RouteView[]
  /** Silences that last or are to come. */
  silences(): readonly Silence[]
  /** Begins a silence; `undefined` where there are too many already. */
  silence(order: SilenceOrder): Silence | undefined
  /** Ends a silence before its time; `undefined` where there is none of this identity. */
  endSilence(id: string, actor: string, reason: string): Silence | undefined
  /** Ends all timers. What is not delivered stays in the store for the next start. */
  stop(): Promise<void>
}
