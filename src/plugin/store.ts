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

/** Entries, and with `row` the new group row, in one transaction. */
export interface Commit {
  readonly entries: readonly JournalDraft[]
  /** Written only if `fence` holds the group's lease with this token and the stored revision is `row.revision - 1`. */
  readonly row?: GroupRow
  readonly fence?: { readonly owner: string; readonly token: number }
}

export type CommitResult =
  | { readonly ok: true; readonly entries: readonly JournalEntry[] }
  /** Somebody else leads the group, or wrote the row since it was read. Nothing was written. */
  | { readonly ok: false; readonly cause: 'fenced'; readonly says: string }
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

/**
 * Durable memory: journal, group rows, leases, outbox. What a method acknowledged survives a kill at
 * any moment. Methods reject only on programming errors; an unreachable or unwritable store is a value.
 */
export interface Store {
  commit(commit: Commit): Promise<CommitResult>
  group(group: string): Promise<GroupRow | undefined>
  entries(query: JournalQuery): Promise<readonly JournalEntry[]>
  /** Takes or renews the group's lease for `ttlMs`; `undefined` where another owner holds it or the store is down. */
  lease(group: string, owner: string, ttlMs: number): Promise<Lease | undefined>
  /** Gives the lease back, so that a successor need not wait. */
  release(group: string, owner: string, token: number): Promise<void>
  /** Adds or replaces outbox items; false where the store is down. */
  put(items: readonly OutboxItem[]): Promise<boolean>
  /** Items due at `wall`, oldest first, at most `limit`. */
  due(wall: number, limit: number): Promise<readonly OutboxItem[]>
  settle(ids: readonly string[]): Promise<void>
  close(): Promise<void>
}
