import type { JournalDraft } from '../../core/journal.ts'
import type { Durable } from './durable.ts'

/** The journal entries of incidents, in the order of the events. */
export class Notes {
  readonly #durable: Durable
  #handedOver: Promise<void> = Promise.resolve()
  /** How many entries of an incident are not in the journal yet, or never will be, by its key. */
  readonly #missing = new Map<string, number>()

  constructor(durable: Durable) {
    this.#durable = durable
  }

  /** Hands an entry to the journal; one that says that people were told waits until `told` is sure. */
  add(draft: JournalDraft, told?: Promise<void>): void {
    const key = String(draft.data?.['key'])
    this.#missing.set(key, (this.#missing.get(key) ?? 0) + 1)
    this.#handedOver = Promise.all([this.#handedOver, told]).then(() => {
      return void this.#write(draft, key)
    })
  }

  async #write(draft: JournalDraft, key: string): Promise<void> {
    if (!(await this.#durable.note(draft))) return
    const left = (this.#missing.get(key) ?? 1) - 1
    if (left > 0) this.#missing.set(key, left)
    else this.#missing.delete(key)
  }

  /** Whether the journal has every entry of the incident with this key. */
  areWritten(key: string): boolean {
    return !this.#missing.has(key)
  }

  /** Resolves when every entry so far was handed to the journal. */
  async handedOver(): Promise<void> {
    await this.#handedOver
  }
}
