import type { Clock } from '../core/clock.ts'

/** The clock of one simulated process: it can be paused (SIGSTOP, a suspended machine) and killed. */
export class ProcessClock implements Clock {
  readonly #base: Clock
  #isDead = false
  #pausedUntil = 0

  constructor(base: Clock) {
    this.#base = base
  }

  now(): number {
    return this.#base.now()
  }

  wall(): number {
    return this.#base.wall()
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#isDead) return await never()
    let elapsed = await this.#base.sleep(ms, signal)
    for (;;) {
      if (this.#isDead) return await never()
      const left = this.#pausedUntil - this.#base.now()
      if (left <= 0) return elapsed
      await this.#base.sleep(left)
      elapsed = signal?.aborted !== true && elapsed
    }
  }

  /** Nothing of the process goes on before the pause is over. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#base.now() + ms)
  }

  /** Nothing of the process ever goes on again. */
  kill(): void {
    this.#isDead = true
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Monotonic time at which the newest pause ends or ended. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  get isPaused(): boolean {
    return this.#base.now() < this.#pausedUntil
  }
}

async function never(): Promise<never> {
  return await new Promise<never>(() => {})
}
