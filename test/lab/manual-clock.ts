import type { Clock } from '../../src/core/clock.ts'

interface Sleeper {
  readonly ms: number
  readonly due: number
  readonly wake: () => void
}

/** A clock that stands still until the test moves it; works together with real sockets. */
export class ManualClock implements Clock {
  #wall: number
  #sleepers: Sleeper[] = []
  #waiting: (() => void)[] = []

  constructor(wall: number) {
    this.#wall = wall
  }

  wall(): number {
    return this.#wall
  }

  now(): number {
    return this.#wall
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const leave = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        signal?.removeEventListener('abort', stop)
      }
      const stop = () => {
        leave()
        resolve(false)
      }
      const wake = () => {
        leave()
        resolve(true)
      }
      const sleeper: Sleeper = { ms, due: this.#wall + Math.max(0, ms), wake }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', stop, { once: true })
      for (const tell of this.#waiting.splice(0)) tell()
    })
  }

  /** How many waits are under way. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  /** Resolves as soon as somebody waits for exactly `ms` milliseconds. */
  async asleepFor(ms: number): Promise<void> {
    while (!this.#sleepers.some((sleeper) => sleeper.ms === ms)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Moves time on, waking sleepers in the order of their time. */
  async advance(ms: number): Promise<void> {
    const end = this.#wall + ms
    for (;;) {
      const next = this.#sleepers
        .filter(({ due }) => due <= end)
        .reduce<Sleeper | undefined>((a, b) => (a && a.due <= b.due ? a : b), undefined)
      if (!next) break
      this.#wall = Math.max(this.#wall, next.due)
      next.wake()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#wall = end
  }
}
