import type { Clock, Ids, Random } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Delivery } from '../../plugin/notifier.ts'
import type { Store } from '../../plugin/store.ts'
import type { AlertRoute } from './deliveries.ts'

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
  readonly log: Log
  /** After each attempt to deliver, for metrics. */
  readonly onDelivered?: (route: string, delivery: Delivery) => void
}
