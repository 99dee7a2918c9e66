import type { GroupRow } from '../core/group.ts'
import type { ChangeLimit, OtherChange } from './store.ts'

/**
 * Changes of other groups that the caller does not reckon with, where with its own change more groups
 * would have changed than it may; `undefined` where it fits (invariant 19). `rows` are the rows of the
 * other groups, `wall` the store's clock in milliseconds. A time further ahead than the period is no
 * time of a change: somebody's clock was wrong.
 */
export function limitViolation(
  { free, known, withinMs }: ChangeLimit,
  rows: Iterable<GroupRow>,
  wall: number,
): readonly OtherChange[] | undefined {
  const reckoned = new Set(known)
  const changes = [...rows].flatMap(({ group, ledger }) =>
    ledger
      .filter(({ intent, at, reason }) => {
        // A rehearsal takes no place.
        if (reason === 'drill' || reckoned.has(intent)) return false
        return Math.abs(wall - at) < withinMs
      })
      .map(({ intent, at }): OtherChange => ({ group, intent, agoMs: Math.max(0, wall - at) })),
  )
  const groups = new Set(changes.map(({ group }) => group))
  return groups.size + 1 > free ? changes : undefined
}

/** The same in a sentence. */
export function sayLimit(changed: readonly OtherChange[]): string {
  const groups = [...new Set(changed.map(({ group }) => group))]
  return groups.length === 0
    ? 'no further group may change now'
    : `another process changed ${groups.join(', ')} meanwhile, and no further group may change now`
}
