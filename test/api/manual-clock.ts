import type { Clock } from '../../src/core/clock.ts'

interface Sleeper {
  readonly due: number
  wake(elapsed: boolean): void
}

/** A clock that stands until a test moves it. */
export class ManualClock implements Clock {
  #now = 0
  readonly #wallAtStart: number
  #sleepers: Sleeper[] = []

  constructor(wall = 1_760_000_000_000) {
    this.#wallAtStart = wall
  }

  get sleeping(): number {
    return this.#sleepers.length
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#wallAtStart + this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        due: this.#now + ms,
        wake: (elapsed) => {
          this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)
          resolve(elapsed)
        },
      }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => sleeper.wake(false), { once: true })
    })
  }

  /** Moves time and wakes whoever is due. */
  advance(ms: number): void {
    this.#now += ms
    for (const sleeper of this.#sleepers) {
      if (sleeper.due <= this.#now) sleeper.wake(true)
    }
  }
}
