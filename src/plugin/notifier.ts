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

/** What asking a service about the configured credentials gave, without telling anybody anything. */
export type Checked =
  | { readonly result: 'good' | 'bad'; readonly says: string }
  /** The service has no such question; `says` tells what to do instead. */
  | { readonly result: 'unknown'; readonly says: string }

/** A notifier plug-in. Grouping, deduplication, retries and the outbox belong to `app/alerting`. */
export interface NotifierPlugin<Schema extends z.ZodType = z.ZodType> {
  readonly type: string
  readonly summary: string
  /**
   * What its tests ran against: the `real` product, a fake that checks every request against the
   * vendor's machine-readable `contract`, or one that checks it against what was `transcribed` from
   * the vendor's documentation, which the test names. Absent where the receiver is anybody's own.
   */
  readonly tested?: 'real' | 'contract' | 'transcribed'
  readonly options: Schema
  /** It shows `also`: several incidents may come in one notice. */
  readonly tellsSeveral?: true
  /**
   * Whether the service is sent changes too (notices of action `change`), which page nobody. Absent
   * where it has no place for what is no incident: it is never handed such a notice.
   */
  takesChanges?(options: z.output<Schema>): boolean
  send(options: z.output<Schema>, notice: Notice, context: NotifierContext): Promise<Delivery>
  /**
   * Milliseconds after which an open incident is sent again, for a service that forgets what it does
   * not hear of. Absent where the service keeps an incident until it is told of its end.
   */
  refreshEveryMs?(options: z.output<Schema>): number
  /**
   * Whether the service would take a notice with these options, found out without sending one. It
   * never rejects. Absent where nothing can be asked.
   */
  check?(options: z.output<Schema>, context: NotifierContext): Promise<Checked>
}
