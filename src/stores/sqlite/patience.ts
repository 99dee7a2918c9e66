import type { Clock } from '../../core/clock.ts'
import { storeFault } from './faults.ts'

/** How long a call waits for another process's lock before the store counts as unavailable. */
const PATIENCE_MS = 1_000
const RETRY_MS = 20

/**
 * Runs calls on the database. A lock of another process is waited for through the clock, so that
 * the event loop goes on meanwhile. Writes run one after the other in the order of the calls.
 */
export class Patience {
  readonly #clock: Clock
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  read<T>(work: () => Promise<T>): Promise<T> {
    return this.#persist(work, this.#clock.now() + PATIENCE_MS)
  }

  /** The wait counts from the call, not from its turn: a lock delays a queue of writes only once. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const giveUpAt = this.#clock.now() + PATIENCE_MS
    const result = this.#lastWrite.then(() => this.#persist(work, giveUpAt))
    this.#lastWrite = result.catch(() => undefined)
    return result
  }

  /** Resolves when every write called so far has ended. */
  async idle(): Promise<void> {
    await this.#lastWrite
  }

  async #persist<T>(work: () => Promise<T>, giveUpAt: number): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (storeFault(error)?.busy !== true || this.#clock.now() >= giveUpAt) throw error
        await this.#clock.sleep(RETRY_MS)
      }
    }
  }
}
