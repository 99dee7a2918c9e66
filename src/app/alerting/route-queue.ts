import { withDeadline, type Clock, type Random } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Notice } from '../../core/notice.ts'
import { redactText } from '../../core/redact.ts'
import type { Delivery } from '../../plugin/notifier.ts'
import type { OutboxItem } from '../../plugin/store.ts'

/** The whole of one attempt, whatever the notifier does with its own deadline. */
const SEND_MS = 20_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** No peer may ask for more silence than this. */
const LONGEST_PAUSE_MS = 300_000
/** After this age a notice tells people nothing that a page still helps with. */
const OLDEST_MS = 24 * 3_600_000
const PARALLEL = 8

/** How the sending of one notice ended. `superseded`: a newer one of the same incident replaces it. */
export type Ending =
  | { readonly end: 'delivered' }
  | { readonly end: 'given-up'; readonly says: string }
  | { readonly end: 'superseded' }

export interface RouteQueueOptions {
  readonly send: (notice: Notice) => Promise<Delivery>
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** Attempts under way at the same time, each about another incident; 8 where absent. */
  readonly parallel?: number
  /** After each attempt. */
  readonly onAttempt: (delivery: Delivery) => void
  /** The item waits for its next attempt, `delayMs` from now. */
  readonly onRetry: (item: OutboxItem, delayMs: number) => void
  readonly onEnd: (item: OutboxItem, ending: Ending) => void
}

/**
 * Delivers the notices of one route: those about one incident strictly in order (a resolve that
 * overtook its trigger would leave a page open for ever), different incidents side by side. Retries
 * with exponential back-off and jitter, from about 1 s to 60 s, until the peer takes or refuses it.
 */
export class RouteQueue {
  readonly #options: RouteQueueOptions
  readonly #lines = new Map<string, OutboxItem[]>()
  #underWay = 0
  readonly #waiting: (() => void)[] = []
  #pausedUntil = 0
  readonly #attempts = new Set<Promise<unknown>>()

  constructor(options: RouteQueueOptions) {
    this.#options = options
  }

  /** Whether the item is queued or under way. */
  has({ id, notice }: OutboxItem): boolean {
    return this.#lines.get(notice.key)?.some((item) => item.id === id) === true
  }

  /** Whether anything about the incident is queued or under way. */
  isTelling(key: string): boolean {
    return this.#lines.has(key)
  }

  add(item: OutboxItem): void {
    const { key, action } = item.notice
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, [item])
      void this.#drain(key)
      return
    }
    if (action === 'trigger') this.#supersede(line)
    line.push(item)
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#attempts)
  }

  /** A trigger tells everything about its incident: older ones need not be sent any more. */
  #supersede(line: OutboxItem[]): void {
    for (const older of line.filter(({ notice }) => notice.action === 'trigger')) {
      line.splice(line.indexOf(older), 1)
      this.#options.onEnd(older, { end: 'superseded' })
    }
  }

  async #drain(key: string): Promise<void> {
    const { signal } = this.#options
    const line = this.#lines.get(key) ?? []
    for (let item = line[0]; item !== undefined && !signal.aborted; item = line[0]) {
      const delivery = await this.#attempt(item)
      if (delivery === undefined) return
      const position = line.indexOf(item)
      if (delivery.ok || !delivery.retry || this.#isTooOld(item)) {
        if (position >= 0) line.splice(position, 1)
        this.#end(item, delivery, position >= 0)
        continue
      }
      const delayMs = this.#delay(item.attempts, delivery.retryAfterMs)
      if (position >= 0) {
        line[position] = { ...item, attempts: item.attempts + 1 }
        this.#options.onRetry(line[position], delayMs)
      }
      if (!(await this.#options.clock.sleep(delayMs, signal))) return
    }
    if (line.length === 0) this.#lines.delete(key)
  }

  #end(item: OutboxItem, delivery: Delivery, isCurrent: boolean): void {
    if (delivery.ok) this.#options.onEnd(item, { end: 'delivered' })
    else if (isCurrent) this.#options.onEnd(item, { end: 'given-up', says: delivery.says })
  }

  /** One attempt, when the route may be used; `undefined` where the queue stopped before. */
  async #attempt(item: OutboxItem): Promise<Delivery | undefined> {
    const { clock, signal, onAttempt, parallel = PARALLEL } = this.#options
    while (this.#underWay >= parallel) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#underWay += 1
    try {
      while (this.#pausedUntil > clock.now()) {
        if (!(await clock.sleep(this.#pausedUntil - clock.now(), signal))) return undefined
      }
      if (signal.aborted) return undefined
      const attempt = this.#send(item.notice)
      this.#attempts.add(attempt)
      const delivery = await attempt
      this.#attempts.delete(attempt)
      onAttempt(delivery)
      return delivery
    } finally {
      this.#underWay -= 1
      this.#waiting.shift()?.()
    }
  }

  async #send(notice: Notice): Promise<Delivery> {
    const { clock, send } = this.#options
    try {
      const delivery = await withDeadline(clock, SEND_MS, undefined, () => send(notice))
      return delivery ?? retry(`no answer within ${formatDuration(SEND_MS)}`)
    } catch (error) {
      return retry(redactText(error instanceof Error ? error.message : String(error)))
    }
  }

  /** What the peer asks for holds for the whole route. */
  #delay(attempts: number, retryAfterMs: number | undefined): number {
    const { clock, random } = this.#options
    const grown = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts, 20), LAST_RETRY_MS)
    const own = grown * (0.5 + random.next() / 2)
    if (retryAfterMs === undefined) return own
    const asked = Math.min(Math.max(retryAfterMs, 0), LONGEST_PAUSE_MS)
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.now() + asked)
    return Math.max(own, asked)
  }

  #isTooOld(item: OutboxItem): boolean {
    return this.#options.clock.wall() - item.notice.wall > OLDEST_MS
  }
}

function retry(says: string): Delivery {
  return { ok: false, retry: true, says }
}
