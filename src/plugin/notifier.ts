import type { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import type { Clock } from '../core/clock.ts'
import type { Net } from './net.ts'
import type { InboundRequest, ReadReactions } from './reaction.ts'

/** What came of one delivery. `retryAfterMs` comes from the peer where it says so. */
export type Delivery =
  /**
   * `receipt`: by which the service knows what was told, where later notices of the incident belong
   * to it; they are handed it, also after a restart. At most 500 characters, no secret.
   */
  | { readonly ok: true; readonly receipt?: string }
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
  /** The newest receipt that a delivery about this incident gave, where there was one. */
  readonly receipt?: string
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
  /** What people do in the service, as it tells us at `/hooks/notify/<name of the route>`. */
  readonly reactions?: {
    /** Whether these options have the secret by which the service is known. */
    isOn(options: z.output<Schema>): boolean
    /** Reads one request; pure, never throws, and looks at nothing before its signature is right. */
    read(options: z.output<Schema>, request: InboundRequest, wall: number): ReadReactions
  }
}
