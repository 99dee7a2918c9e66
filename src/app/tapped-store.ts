import type { JournalEntry } from '../core/journal.ts'
import type { Store } from '../plugin/store.ts'

/** A store that also tells listeners what was appended by this process, in order of sequence. */
export function tappedStore(
  store: Store,
  onEntries: (entries: readonly JournalEntry[]) => void,
): Store {
  return {
    commit: async (commit) => {
      const result = await store.commit(commit)
      if (result.ok && result.entries.length > 0) onEntries(result.entries)
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
