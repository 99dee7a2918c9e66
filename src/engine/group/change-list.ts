import type { Allocation } from '../../core/allocation.ts'
import type { ChangeReason } from '../../core/group.ts'
import type { JournalEntry, JournalKind } from '../../core/journal.ts'
import type { ChangeView } from '../../core/view.ts'

/** The journal entries that a list of changes is made of. */
export const changeKinds: readonly JournalKind[] = [
  'applied',
  'verified',
  'verify-failed',
  'effective',
]

/** At most so many of them belong to one change. */
export const ENTRIES_PER_CHANGE = 3

/**
 * The applied changes of one group, newest first, with the times at which each was applied, verified
 * and in effect everywhere. A compensation has the intent of what it makes good, and is a change of
 * its own. Takes the entries in any order; what belongs to a change before the first of them is left out.
 */
export function changesIn(entries: readonly JournalEntry[]): ChangeView[] {
  const changes: ChangeView[] = []
  for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
    const { at, data = {}, kind } = entry
    if (kind === 'applied') {
      const change = appliedIn(entry)
      if (change !== undefined) changes.push(change)
      continue
    }
    const index = changes.findLastIndex(({ intent }) => intent === data['intent'])
    const change = changes[index]
    if (change === undefined) continue
    if (kind === 'verified') changes[index] = { ...change, verified: { ok: true, at } }
    if (kind === 'verify-failed') {
      changes[index] = { ...change, verified: { ok: false, at, says: entry.says } }
    }
    if (kind === 'effective') changes[index] = { ...change, effective: effectiveIn(entry) }
  }
  return changes.toReversed()
}

/** The journal is ours, but people can edit it: a change that is not whole is none. */
function appliedIn({ actor, at, data = {} }: JournalEntry): ChangeView | undefined {
  const { from, intent, reason, to } = data
  if (typeof intent !== 'string' || typeof reason !== 'string') return undefined
  if (typeof from !== 'object' || typeof to !== 'object') return undefined
  return {
    intent,
    reason: reason as ChangeReason,
    from: from as Allocation,
    to: to as Allocation,
    ...(actor !== undefined && { actor }),
    appliedAt: at,
  }
}

function effectiveIn({ at, data = {} }: JournalEntry): NonNullable<ChangeView['effective']> {
  const { asked, isAtMost, late, ms } = data
  return {
    at,
    ...(typeof ms === 'number' && { ms }),
    ...(isAtMost === true && { isAtMost }),
    asked: typeof asked === 'number' ? asked : 0,
    late: Array.isArray(late) ? late.filter((each) => typeof each === 'string') : [],
  }
}
