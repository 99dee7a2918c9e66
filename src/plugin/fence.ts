import type { Commit, JournalQuery, Lease } from './store.ts'

/** The most entries that one query returns. */
const MOST_ENTRIES = 10_000

/** What a store reads, inside the transaction of a commit, to judge its fence. */
export interface FenceState {
  /** The group's lease row, expired or not; `leftMs` by the store's clock. */
  readonly lease?: Pick<Lease, 'owner' | 'token' | 'leftMs'> | undefined
  /** What the stored group row carries. */
  readonly stored?: { readonly token: number; readonly revision: number } | undefined
}

/**
 * The group whose lease a commit must hold, or `undefined` for one without fence. Throws a
 * `TypeError` for a row without a fence, a row written under another token than its fence's, and a
 * fence that names no group: those are mistakes of the caller, not states of the world.
 */
export function fencedGroup({ entries, row, fence }: Commit): string | undefined {
  if (fence === undefined) {
    if (row !== undefined) throw new TypeError(`the row of ${row.group} is written without a fence`)
    return undefined
  }
  const group = row?.group ?? entries[0]?.group
  if (group === undefined) throw new TypeError('a fence needs a row or a first entry with a group')
  if (row !== undefined && row.token !== fence.token) {
    throw new TypeError(`the row of ${group} says token ${row.token}, its fence ${fence.token}`)
  }
  return group
}

/** Why the commit must not be written, as one sentence; `undefined` where it may. */
export function fenceViolation(
  { row, fence }: Commit,
  group: string,
  { lease, stored }: FenceState,
): string | undefined {
  if (fence === undefined) return undefined
  if (lease === undefined) return `nobody holds the lease of ${group}`
  if (lease.owner !== fence.owner || lease.token !== fence.token) {
    return `the lease of ${group} passed on: token ${lease.token} is current, not ${fence.token}`
  }
  if (lease.leftMs <= 0) return `the lease of ${group} (token ${fence.token}) expired`
  if (row === undefined) return undefined
  if (stored !== undefined && stored.token > row.token) {
    return `${group} was written under the newer token ${stored.token}`
  }
  const revision = stored?.revision ?? 0
  if (revision !== row.revision - 1) {
    return `${group} is at revision ${revision}, so revision ${row.revision} cannot follow`
  }
  return undefined
}

/** Throws a `RangeError` for a query whose limit is not an integer from 1 to 10,000. */
export function checkQuery({ limit }: JournalQuery): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ENTRIES) {
    throw new RangeError(`a journal query returns 1 to ${MOST_ENTRIES} entries, not ${limit}`)
  }
}

/** Throws a `RangeError` for a lease time that is not a positive number of milliseconds. */
export function checkLeaseTime(ttlMs: number): void {
  if (!(ttlMs > 0 && Number.isFinite(ttlMs))) {
    throw new RangeError(`a lease lasts a positive number of milliseconds, not ${ttlMs}`)
  }
}
