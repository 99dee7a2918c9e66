import type { JournalDraft } from '../core/journal.ts'
import type { Log } from '../core/log.ts'
import type { Store } from '../plugin/store.ts'

const maxWaiting = 10_000

/**
 * Appends entries that nobody waits for (health transitions, boot, configuration) in order and in
 * batches. While the store is down they are kept, up to a bound; the oldest are dropped and counted.
 */
export class JournalWriter {
  readonly #store: Store
  readonly #log: Log
  #waiting: JournalDraft[] = []
  #writing: Promise<void> | undefined
  #dropped = 0

  constructor(store: Store, log: Log) {
    this.#store = store
    this.#log = log
  }

  add(draft: JournalDraft): void {
    this.#waiting.push(draft)
    if (this.#waiting.length > maxWaiting) {
      this.#waiting.shift()
      this.#dropped += 1
    }
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when everything that was added is written, or the store refused. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 500)
      const result = await this.#store.commit({ entries: batch })
      if (!result.ok) {
        this.#waiting.unshift(...batch)
        this.#log.warn(
          { waiting: this.#waiting.length, dropped: this.#dropped, says: result.says },
          'journal entries wait for the store',
        )
        return
      }
    }
  }
}
