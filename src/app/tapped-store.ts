import type { JournalDraft, JournalEntry } from '../core/journal.ts'
import type { OutboxItem, Store } from '../plugin/store.ts'

/** Notices that belong to entries. */
export interface EntryNotices {
  /** What people are told of these entries; it goes into the outbox in their transaction. */
  readonly of: (entries: readonly JournalDraft[]) => readonly OutboxItem[]
  /** Sends what is in the outbox by then. */
  readonly send: (items: readonly OutboxItem[]) => void
}

/**
 * A store that also tells listeners what was appended by this process, in order of sequence. No crash
 * comes between an entry and its notices: they are one transaction.
 */
export function tappedStore(
  store: Store,
  onEntries: (entries: readonly JournalEntry[]) => void,
  notices?: EntryNotices,
): Store {
  return {
    commit: async (commit) => {
      const items = notices?.of(commit.entries) ?? []
      const outbox = [...(commit.outbox ?? []), ...items]
      const result = await store.commit(outbox.length === 0 ? commit : { ...commit, outbox })
      if (result.ok && result.entries.length > 0) onEntries(result.entries)
      if (result.ok && items.length > 0) notices?.send(items)
      return result
    },
    group: (group) => store.group(group),
    entries: (query) => store.entries(query),
    head: () => store.head(),
    lease: (group, owner, ttlMs) => store.lease(group, owner, ttlMs),
    release: (group, owner, token) => store.release(group, owner, token),
    put: (items) => store.put(items),
    due: (wall, limit) => store.due(wall, limit),
    settle: (ids) => store.settle(ids),
    close: () => store.close(),
  }
}
