import { withDeadline, type Clock } from '../../core/clock.ts'
import type { GroupRow } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { emptyRow, pruneLedger, recall, type GroupMemory } from '../../engine/group/memory.ts'
import { storedPenalties } from '../../engine/group/penalty.ts'
import type { ChangeLimit, Commit, CommitResult, Store } from '../../plugin/store.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** The durable row of a group and its leader's memory of it: the only place that writes either. */
export class GroupRecord {
  readonly #clock: Clock
  readonly #store: Store
  readonly #owner: string
  readonly #lease: LeaseKeeper
  #settings: GroupSettings
  #memory: GroupMemory | undefined
  /** What was remembered last: pulled answers and pages go on from it where the row cannot be read. */
  #last: GroupMemory | undefined
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

  /** What is remembered, or was when the row was read last; empty before it was read at all. */
  get memory(): GroupMemory {
    return (
      this.#memory ??
      this.#last ??
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
    if (!(await this.follow())) return false
    this.#memory = this.#last
    return true
  }

  /** Reads the row as one who does not lead: views, pulled answers and the blast radius follow the leader's. */
  async follow(): Promise<boolean> {
    const { name, callTimeoutMs } = this.#settings
    try {
      const read = await withDeadline(this.#clock, callTimeoutMs, undefined, async () => ({
        row: await this.#store.group(name),
      }))
      if (read === undefined) {
        this.#trouble = noAnswer(callTimeoutMs)
        return false
      }
      const row = read.row ?? emptyRow(name)
      const [now, wall] = [this.#clock.now(), this.#clock.wall()]
      this.#last = recall(row, this.#settings, now, wall, this.#memory ?? this.#last)
      return true
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error)
      return false
    }
  }

  /** No longer knows the row; the next leader turn reads it again. */
  forget(): void {
    this.#last = this.#memory ?? this.#last
    this.#memory = undefined
  }

  /** Changes what is remembered besides the row: timers and rejections. */
  remember(update: (memory: GroupMemory) => GroupMemory): void {
    if (this.#memory !== undefined) this.#memory = update(this.#memory)
  }

  /**
   * Writes the row and its journal entries in one fenced transaction. On success the memory holds
   * the new row; otherwise it is forgotten and read afresh, because somebody else wrote, or because
   * nobody knows whether this was written.
   */
  async save(
    update: (row: GroupRow) => GroupRow,
    entries: readonly JournalDraft[],
    limit?: ChangeLimit,
  ): Promise<CommitResult> {
    const lease = this.#lease.current()
    const memory = this.#memory
    if (lease === undefined || memory === undefined) {
      return { ok: false, cause: 'fenced', says: 'the lease of this group ended' }
    }
    const now = this.#clock.now()
    const pruned = pruneLedger(update(memory.row), memory.changes, this.#settings, now)
    const penalties = storedPenalties(memory.penalties, now, this.#clock.wall())
    const row = { ...pruned, penalties, token: lease.token, revision: memory.row.revision + 1 }
    const result = await this.#commit({
      entries,
      row,
      fence: { owner: this.#owner, token: lease.token },
      ...(limit !== undefined && { limit }),
    })
    if (result.ok) this.#memory = { ...(this.#memory ?? memory), row }
    // A limit is no doubt about the row: nothing was written, and nobody else wrote it.
    else if (result.cause !== 'limited') this.forget()
    return result
  }

  /** Appends entries that change nothing of the row. */
  async append(entries: readonly JournalDraft[]): Promise<boolean> {
    const result = await this.#commit({ entries })
    return result.ok
  }

  /** An empty commit: does the store take writes again? */
  async probeStore(): Promise<boolean> {
    return this.append([])
  }

  /**
   * A store that does not answer in time is unavailable: what it may still write late is caught by
   * the revision of the next row, which is then read afresh.
   */
  async #commit(commit: Commit): Promise<CommitResult> {
    const { callTimeoutMs } = this.#settings
    const result: CommitResult = (await withDeadline(this.#clock, callTimeoutMs, undefined, () =>
      this.#store.commit(commit),
    )) ?? { ok: false, cause: 'unavailable', says: noAnswer(callTimeoutMs) }
    if (result.ok) this.#trouble = undefined
    else if (result.cause === 'unavailable') this.#trouble = result.says
    return result
  }
}

function noAnswer(ms: number): string {
  return `the store did not answer within ${ms} ms`
}

/** The row without an optional member. */
export function without(
  row: GroupRow,
  key: 'intent' | 'hold' | 'frozen' | 'ramp' | 'drill',
): GroupRow {
  const { [key]: _, ...rest } = row
  return rest
}
