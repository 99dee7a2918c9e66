import type { JournalDraft } from '../../core/journal.ts'
import type { Durable } from './durable.ts'

/** The journal entries of incidents, in the order of the events. */
export class Notes {
  readonly #durable: Durable
  #handedOver: Promise<void> = Promise.resolve()

  constructor(durable: Durable) {
    this.#durable = durable
  }

  /** Hands an entry to the journal; one that says that people were told waits until `told` is sure. */
  add(draft: JournalDraft, told?: Promise<void>): void {
    this.#handedOver = Promise.all([this.#handedOver, told]).then(() => {
      return void this.#durable.note(draft)
    })
  }

  /** Resolves when every entry so far was handed to the journal. */
  async handedOver(): Promise<void> {
    await this.#handedOver
  }
}
