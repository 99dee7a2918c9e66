import type { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import type { Clock } from '../core/clock.ts'
import type { Net } from './net.ts'

/** What came of one delivery. `retryAfterMs` comes from the peer where it says so. */
export type Delivery =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly retry: boolean
      readonly retryAfterMs?: number
      readonly says: string
    }

export interface NotifierContext {
  readonly clock: Clock
  readonly net: Net
  readonly callTimeoutMs: number
}

/** A notifier plug-in. Grouping, deduplication, retries and the outbox belong to `app/alerting`. */
export interface NotifierPlugin<Schema extends z.ZodType = z.ZodType> {
  readonly type: string
  readonly summary: string
  readonly options: Schema
  send(options: z.output<Schema>, notice: Notice, context: NotifierContext): Promise<Delivery>
}
