import type { Clock } from '../core/clock.ts'
import type { JournalDraft } from '../core/journal.ts'
import type { Log } from '../core/log.ts'
import type { Store } from '../plugin/store.ts'

const maxWaiting = 10_000
const maxBatch = 500
const retryPauseMs = 5_000

/**
 * Appends entries that nobody waits for (health transitions, boot, configuration) in order and in
 * batches. While the store is down they are kept and tried again, up to a bound; the oldest are
 * dropped and counted.
 */
export class JournalWriter {
  readonly #clock: Clock
  readonly #store: Store
  readonly #log: Log
  readonly #closed = new AbortController()
  #waiting: JournalDraft[] = []
  #writing: Promise<void> | undefined
  #isDown = false
  #dropped = 0

  constructor(options: { clock: Clock; store: Store; log: Log }) {
    this.#clock = options.clock
    this.#store = options.store
    this.#log = options.log
  }

  add(draft: JournalDraft): void {
    this.#waiting.push(draft)
    this.#bound()
    this.#writing ??= this.#gather().finally(() => {
      this.#writing = undefined
    })
  }

  /** Tries what waits once more, then gives up what the store refuses. Nothing is tried again later. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#writing
    await this.#drain()
  }

  /** Lets everything that happens at the same time be written together: one write holds up the loop for as long as many. */
  async #gather(): Promise<void> {
    await this.#clock.sleep(0, this.#closed.signal)
    await this.#drain()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch)
      const result = await this.#store.commit({ entries: batch })
      if (result.ok) {
        if (this.#isDown) this.#say('the store takes journal entries again', 'it is writable')
        this.#isDown = false
        continue
      }
      this.#waiting.unshift(...batch)
      this.#bound()
      if (!this.#isDown) this.#say('journal entries wait for the store', result.says)
      this.#isDown = true
      if (!(await this.#clock.sleep(retryPauseMs, this.#closed.signal))) return
    }
  }

  #bound(): void {
    const excess = this.#waiting.length - maxWaiting
    if (excess <= 0) return
    this.#waiting.splice(0, excess)
    this.#dropped += excess
  }

  #say(message: string, says: string): void {
    const fields = { waiting: this.#waiting.length, dropped: this.#dropped, says }
    this.#log.warn(fields, message)
  }
}
