import type { JournalDraft } from '../../core/journal.ts'
import type { Durable } from './durable.ts'

/** The journal entries of incidents, in the order of the events. */
export class Notes {
  readonly #durable: Durable
  #handedOver: Promise<void> = Promise.resolve()
  /** By the key of its incident: the newest entry, where it is not in the journal. Each is complete. */
  readonly #unwritten = new Map<string, JournalDraft>()

  constructor(durable: Durable) {
    this.#durable = durable
  }

  /** Hands an entry to the journal; one that says that people were told waits until `told` is sure. */
  add(draft: JournalDraft, told?: Promise<void>): void {
    const key = String(draft.data?.['key'])
    this.#unwritten.set(key, draft)
    this.#handedOver = Promise.all([this.#handedOver, told]).then(() => {
      return void this.#write(draft, key)
    })
  }

  async #write(draft: JournalDraft, key: string): Promise<void> {
    const isWritten = await this.#durable.note(draft)
    if (isWritten && this.#unwritten.get(key) === draft) this.#unwritten.delete(key)
  }

  /** Whether the journal has what this process said last of the incident with this key. */
  isWritten(key: string): boolean {
    return !this.#unwritten.has(key)
  }

  /** Resolves when every entry so far was handed to the journal. */
  async handedOver(): Promise<void> {
    await this.#handedOver
  }
}
