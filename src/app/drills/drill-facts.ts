import type { DrillOutcome } from '../../core/drill.ts'
import type { Intent } from '../../core/group.ts'
import type { JournalEntry, JournalKind } from '../../core/journal.ts'

/** Why a drill cannot have passed. The first one that happened is the verdict. */
export interface Cause {
  readonly outcome: Exclude<DrillOutcome, 'PASSED' | 'SKIPPED'>
  readonly says: string
}

/** One move of traffic, out or back. Monotonic milliseconds. */
export interface Move {
  readonly intent: string
  readonly target: string
  readonly decidedAt: number
  readonly appliedAt?: number
  readonly verifiedAt?: number
  /** Milliseconds from applied until everybody who was asked said it, and caches had their time. */
  readonly effectiveMs?: number
}

/** What became of a drill so far, by what the journal of its group said. */
export interface DrillFacts {
  readonly out?: Move
  readonly back?: Move
  /** When the path that was broken was first called down. */
  readonly downAt?: number
  /** When people in front of it asked for the way back, or its time was up. */
  readonly overAt?: number
  readonly overSays?: string
  readonly causes: readonly Cause[]
}

/** Which drill it is about. */
export interface DrillSubject {
  readonly id: string
  readonly kind: 'switch' | 'fault'
  readonly away: string
}

export const noFacts: DrillFacts = { causes: [] }

/** Kinds of entries that a report shows as moments of the drill. */
export const moments: readonly JournalKind[] = [
  'intent',
  'applied',
  'verified',
  'verify-failed',
  'effective',
  'frozen',
  'hold',
  'steer',
  'aborted',
]

/**
 * What one more journal entry of the group says of its drill. Moves that are not the drill's own are
 * somebody who goes before it: an incident or a person (invariant 42).
 */
export function withEntry(
  facts: DrillFacts,
  subject: DrillSubject,
  entry: JournalEntry,
  now: number,
): DrillFacts {
  const { kind, says } = entry
  const intent = textOf(entry, 'intent')
  if (kind === 'intent') return withIntent(facts, subject, entry, now)
  if (kind === 'health' && entry.path === subject.away && textOf(entry, 'health') === 'down') {
    return facts.downAt === undefined ? { ...facts, downAt: now } : facts
  }
  if (kind === 'steer') return blame(facts, 'INTERRUPTED', says)
  if (kind === 'foreign-edit') return blame(facts, 'INTERRUPTED', says)
  if (kind === 'hold') return blame(facts, 'ABORTED', says)
  if (kind === 'frozen') return blame(facts, 'ABORTED', `the group froze: ${says}`)
  if (kind === 'applied') return onMove(facts, intent, (move) => ({ ...move, appliedAt: now }))
  if (kind === 'verified') return onMove(facts, intent, (move) => ({ ...move, verifiedAt: now }))
  if (kind === 'effective') {
    const { isAtMost, ms } = entry.data ?? {}
    if (typeof ms !== 'number' || isAtMost === true) return facts
    return onMove(facts, intent, (move) => ({ ...move, effectiveMs: ms }))
  }
  if (kind === 'verify-failed' && intent !== undefined && isOwn(facts, intent)) {
    return blame(facts, 'FAILED', says)
  }
  if (kind === 'aborted' && intent !== undefined && isOwn(facts, intent)) {
    return blame(facts, 'FAILED', says)
  }
  if (kind === 'drill' && textOf(entry, 'drill') === subject.id) {
    const event = textOf(entry, 'event')
    if (event === 'ends') return blame(facts, 'ABORTED', says)
    if (event === 'over') return { ...facts, overAt: now, overSays: says }
  }
  return facts
}

/** Adds a cause; the first one counts. */
export function blame(facts: DrillFacts, outcome: Cause['outcome'], says: string): DrillFacts {
  return { ...facts, causes: [...facts.causes, { outcome, says }] }
}

function withIntent(
  facts: DrillFacts,
  subject: DrillSubject,
  entry: JournalEntry,
  now: number,
): DrillFacts {
  const intent = entry.data as unknown as Intent
  const move: Move = { intent: intent.id, target: intent.target, decidedAt: now }
  if (intent.drill?.id === subject.id) {
    if (intent.drill.part === 'away') return { ...facts, out: move }
    const returning = { ...facts, back: move }
    if (intent.leaving.length > 0) return blame(returning, 'INTERRUPTED', entry.says)
    // It returns before its time: because something cannot be seen, or somebody said so before.
    return intent.basis.says.endsWith('its time is up')
      ? returning
      : blame(returning, 'ABORTED', entry.says)
  }
  const isFound =
    subject.kind === 'fault' &&
    intent.reason === 'failover' &&
    facts.out === undefined &&
    intent.leaving.includes(subject.away)
  if (isFound) return { ...facts, out: move }
  const isStep = intent.reason === 'ramp' && subject.kind === 'fault'
  return isStep ? facts : blame(facts, 'INTERRUPTED', entry.says)
}

function onMove(
  facts: DrillFacts,
  intent: string | undefined,
  update: (move: Move) => Move,
): DrillFacts {
  const { back, out } = facts
  // A compensation is applied under the same intent, and is no second success.
  if (facts.causes.some(({ outcome }) => outcome === 'FAILED')) return facts
  if (out !== undefined && out.intent === intent) return { ...facts, out: update(out) }
  if (back !== undefined && back.intent === intent) return { ...facts, back: update(back) }
  return facts
}

function isOwn({ back, out }: DrillFacts, intent: string): boolean {
  return out?.intent === intent || back?.intent === intent
}

function textOf(entry: JournalEntry, key: string): string | undefined {
  const value = entry.data?.[key]
  return typeof value === 'string' ? value : undefined
}
