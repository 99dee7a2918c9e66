import type { GroupRow } from '../core/group.ts'
import type { JournalDraft, JournalEntry, JournalKind } from '../core/journal.ts'
import type { Notice } from '../core/notice.ts'

/** Who may act on a group, and until when. Judged by the store's clock alone. */
export interface Lease {
  readonly group: string
  readonly owner: string
  /** Rises by one each time the lease passes to another owner or is taken anew after expiry. */
  readonly token: number
  /** Milliseconds left when the store answered. */
  readonly leftMs: number
}

/**
 * Entries, and with `row` the new group row, in one transaction. A commit of nothing tells whether
 * the store can be written now.
 */
export interface Commit {
  readonly entries: readonly JournalDraft[]
  /**
   * Written only if `fence` holds the group's lease with this token, which is also `row.token`, and
   * the stored revision is `row.revision - 1` (0 before the first write).
   */
  readonly row?: GroupRow
  readonly fence?: { readonly owner: string; readonly token: number }
  /** Written only while no more groups change than this allows, judged in the same transaction. */
  readonly limit?: ChangeLimit
  /**
   * Put into the outbox in the same transaction, or not at all: notices of what the entries record,
   * which a crash right after them may not lose.
   */
  readonly outbox?: readonly OutboxItem[]
}

/** How much more of the installation may change, as far as the caller knows. */
export interface ChangeLimit {
  /** So many groups may still change, the one of the row included. */
  readonly free: number
  /** Intents that the caller reckons with already, by its own monotonic clock. */
  readonly known: readonly string[]
  /** How long a change counts, in milliseconds. */
  readonly withinMs: number
}

/** A change in the ledger of another group. */
export interface OtherChange {
  readonly group: string
  readonly intent: string
  /** Milliseconds since then, by the store's clock; never less than 0. */
  readonly agoMs: number
}

export type CommitResult =
  | { readonly ok: true; readonly entries: readonly JournalEntry[] }
  /** Somebody else leads the group, or wrote the row since it was read. Nothing was written. */
  | { readonly ok: false; readonly cause: 'fenced'; readonly says: string }
  /** Others changed what the caller did not know of, so that its `limit` is reached. Nothing was written. */
  | {
      readonly ok: false
      readonly cause: 'limited'
      readonly says: string
      readonly changed: readonly OtherChange[]
    }
  /** Nothing was written, or it is not known whether it was; the store cannot be relied upon now. */
  | { readonly ok: false; readonly cause: 'unavailable'; readonly says: string }

export interface JournalQuery {
  /** Entries with a greater sequence. */
  readonly after?: number
  readonly before?: number
  readonly group?: string
  readonly kinds?: readonly JournalKind[]
  /** At most this many, 1 to 10,000. */
  readonly limit: number
  /** Newest first when true. */
  readonly newestFirst?: boolean
}

/** A notice that waits for delivery by one route. */
export interface OutboxItem {
  /** `<notice id>@<route>`: putting the same id twice keeps one. */
  readonly id: string
  readonly route: string
  readonly notice: Notice
  readonly attempts: number
  /** Wall milliseconds since the epoch before which it is not tried. */
  readonly dueAt: number
}

/** The newest entry, remembered apart from the entries, so that a truncated journal is noticed. */
export interface JournalHead {
  /** 0 before the first entry. */
  readonly seq: number
  readonly hash: string
}

/**
 * Durable memory: journal, group rows, leases, outbox. What a method acknowledged survives a kill at
 * any moment.
 *
 * For a store that is unreachable, unwritable or closed, writes answer with a value (`unavailable`,
 * `undefined`, `false`), because deciding and alerting go on without it. Reads (`group`, `entries`,
 * `head`, `due`) reject with a `ChangeoverError` `STORE_UNAVAILABLE`: an empty answer would look like
 * knowledge. Programming errors (a row without a fence, a limit out of range) reject with a
 * `RangeError` or `TypeError`.
 */
export interface Store {
  /** `fence` without `row` guards the entries alone, by the lease of the first entry's group. */
  commit(commit: Commit): Promise<CommitResult>
  group(group: string): Promise<GroupRow | undefined>
  entries(query: JournalQuery): Promise<readonly JournalEntry[]>
  head(): Promise<JournalHead>
  /** Takes or renews the group's lease for `ttlMs`; `undefined` where another owner holds it or the store is down. */
  lease(group: string, owner: string, ttlMs: number): Promise<Lease | undefined>
  /** Gives the lease back, so that a successor need not wait. Does nothing where the store is down. */
  release(group: string, owner: string, token: number): Promise<void>
  /** Adds or replaces outbox items; false where the store is down. */
  put(items: readonly OutboxItem[]): Promise<boolean>
  /** Items due at `wall`, oldest first, at most `limit`. */
  due(wall: number, limit: number): Promise<readonly OutboxItem[]>
  /** Removes delivered items; false where the store is down (they then come up again: at least once). */
  settle(ids: readonly string[]): Promise<boolean>
  close(): Promise<void>
}
