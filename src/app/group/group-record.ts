import type { Clock } from '../../core/clock.ts'
import type { GroupRow } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { emptyRow, pruneLedger, recall, type GroupMemory } from '../../engine/group/memory.ts'
import type { CommitResult, Store } from '../../plugin/store.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** The durable row of a group and its leader's memory of it: the only place that writes either. */
export class GroupRecord {
  readonly #clock: Clock
  readonly #store: Store
  readonly #owner: string
  readonly #lease: LeaseKeeper
  #settings: GroupSettings
  #memory: GroupMemory | undefined
  #trouble: string | undefined

  constructor(options: {
    clock: Clock
    store: Store
    owner: string
    lease: LeaseKeeper
    settings: GroupSettings
  }) {
    this.#clock = options.clock
    this.#store = options.store
    this.#owner = options.owner
    this.#lease = options.lease
    this.#settings = options.settings
  }

  /** What is remembered; an empty memory before the row was read. */
  get memory(): GroupMemory {
    return (
      this.#memory ??
      recall(emptyRow(this.#settings.name), this.#settings, this.#clock.now(), this.#clock.wall())
    )
  }

  get isLoaded(): boolean {
    return this.#memory !== undefined
  }

  /** Whether the last attempt to write succeeded, in words. */
  get storeHealth(): { readonly ok: boolean; readonly says: string } {
    return this.#trouble === undefined
      ? { ok: true, says: 'writable' }
      : { ok: false, says: this.#trouble }
  }

  configure(settings: GroupSettings): void {
    this.#settings = settings
  }

  /** Reads the row afresh, as a new leader does: holddown starts in full, the world must be read back. */
  async load(): Promise<boolean> {
    try {
      const row = (await this.#store.group(this.#settings.name)) ?? emptyRow(this.#settings.name)
      this.#memory = recall(row, this.#settings, this.#clock.now(), this.#clock.wall())
      return true
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error)
      return false
    }
  }

  /** Forgets the row; the next leader turn reads it again. */
  forget(): void {
    this.#memory = undefined
  }

  /** Changes what is remembered besides the row: timers and rejections. */
  remember(update: (memory: GroupMemory) => GroupMemory): void {
    if (this.#memory !== undefined) this.#memory = update(this.#memory)
  }

  /**
   * Writes the row and its journal entries in one fenced transaction. On success the memory holds
   * the new row; when fenced it is forgotten, because somebody else wrote.
   */
  async save(
    update: (row: GroupRow) => GroupRow,
    entries: readonly JournalDraft[],
  ): Promise<CommitResult> {
    const lease = this.#lease.current()
    const memory = this.#memory
    if (lease === undefined || memory === undefined) {
      return { ok: false, cause: 'fenced', says: 'the lease of this group ended' }
    }
    const pruned = pruneLedger(update(memory.row), this.#settings, this.#clock.wall())
    const row = { ...pruned, token: lease.token, revision: memory.row.revision + 1 }
    const result = await this.#store.commit({
      entries,
      row,
      fence: { owner: this.#owner, token: lease.token },
    })
    this.note(result)
    if (result.ok) this.#memory = { ...(this.#memory ?? memory), row }
    else if (result.cause === 'fenced') this.forget()
    return result
  }

  /** Appends entries that change nothing of the row. */
  async append(entries: readonly JournalDraft[]): Promise<boolean> {
    const result = await this.#store.commit({ entries })
    this.note(result)
    return result.ok
  }

  /** An empty commit: does the store take writes again? */
  async probeStore(): Promise<boolean> {
    return this.append([])
  }

  private note(result: CommitResult): void {
    if (result.ok) this.#trouble = undefined
    else if (result.cause === 'unavailable') this.#trouble = result.says
  }
}

/** The row without an optional member. */
export function without<K extends 'intent' | 'hold' | 'frozen'>(row: GroupRow, key: K): GroupRow {
  const { [key]: _, ...rest } = row
  return rest as GroupRow
}
