import type { Clock } from '../core/clock.ts'

/** Given once: an abort without a reason builds an exception with its stack, for every wait. */
const opened = 'opened'

/** Wakes one waiter early: a loop sleeps until its next tick, and anything that changed calls `open`. */
export class Latch {
  #isOpen = false
  #waiting: AbortController | undefined

  /** Ends the wait under way, or the next one. */
  open(): void {
    this.#isOpen = true
    this.#waiting?.abort(opened)
  }

  /** Waits until `open` or for `ms` milliseconds, or until `signal` aborts. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isOpen && !signal.aborted) {
      const waiting = new AbortController()
      const stop = () => waiting.abort(opened)
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting = waiting
      await clock.sleep(ms, waiting.signal)
      this.#waiting = undefined
      signal.removeEventListener('abort', stop)
    }
    this.#isOpen = false
  }
}
