import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly wake: () => void
}

/**
 * A clock that stands still until a test advances it. Timers fire in the order of their time and
 * then of their creation; before and after each, everything that already can go on does.
 */
export class FakeClock implements Clock {
  #now: number
  #wallOffset: number
  #order = 0
  readonly #timers = new Set<Timer>()

  /** Monotonic time begins at 1,000,000 ms, so that nothing mistakes it for wall time. */
  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#now = 1_000_000
    this.#wallOffset = wall - this.#now
  }

  wall(): number {
    return this.#now + this.#wallOffset
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const timer = {
        at: this.#now + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener('abort', stop)
          resolve(true)
        },
      }
      const stop = () => {
        this.#timers.delete(timer)
        resolve(false)
      }
      this.#timers.add(timer)
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  /** Sets the wall clock ahead (or back) without any time passing. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms
  }

  /** How many sleeps are under way. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets `ms` milliseconds pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await settle()
    }
    this.#now = end
  }

  /** Lets time pass, timer by timer, until `work` is done or `limitMs` have passed. */
  async run<T>(work: Promise<T>, limitMs = 600_000): Promise<T> {
    const end = this.#now + limitMs
    const state = { done: false }
    const finish = () => {
      state.done = true
    }
    work.then(finish, finish)
    await settle()
    while (!state.done) {
      const next = this.#next(end)
      if (next === undefined)
        throw new Error('the work waits for something that time does not bring')
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await settle()
    }
    return work
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > until) continue
      if (first === undefined || timer.at < first.at) first = timer
      else if (timer.at === first.at && timer.order < first.order) first = timer
    }
    return first
  }
}

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
