import type { Clock } from '../core/clock.ts'

/** Why a call ended before its peer was done. */
export type StopReason = 'timeout' | 'aborted'

interface Entry {
  readonly at: number
  readonly stop: (reason: StopReason) => void
}

/**
 * The deadlines of all calls in flight, on one timer for the earliest. A call that ends in time,
 * as nearly all do, costs an insertion and a removal instead of a timer and an abort signal.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #entries = new Set<Entry>()
  #closed = false
  #wakeAt = Infinity
  #sleeper: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Calls `stop` once at `at` (monotonic milliseconds) or when everything closes; returns how to forget it. */
  add(at: number, stop: (reason: StopReason) => void): () => void {
    const entry = { at, stop }
    this.#entries.add(entry)
    if (at < this.#wakeAt) this.#wake(at)
    return () => this.#entries.delete(entry)
  }

  /** Stops every call in flight as aborted. */
  close(): void {
    this.#closed = true
    this.#sleeper?.abort('closed')
    for (const entry of this.#entries) entry.stop('aborted')
    this.#entries.clear()
  }

  #wake(at: number): void {
    this.#sleeper?.abort('an earlier deadline')
    const sleeper = new AbortController()
    this.#sleeper = sleeper
    this.#wakeAt = at
    void this.#clock.sleep(at - this.#clock.now(), sleeper.signal).then((elapsed) => {
      if (elapsed) this.#fire()
      return undefined
    })
  }

  #fire(): void {
    const now = this.#clock.now()
    let next = Infinity
    for (const entry of this.#entries) {
      if (entry.at <= now) {
        this.#entries.delete(entry)
        entry.stop('timeout')
      } else {
        next = Math.min(next, entry.at)
      }
    }
    this.#sleeper = undefined
    this.#wakeAt = Infinity
    if (next < Infinity) this.#wake(next)
  }
}
