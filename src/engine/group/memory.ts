import { movedPoints } from '../../core/allocation.ts'
import type { OpenDrill } from '../../core/drill.ts'
import type { ChangeReason, GroupRow, LedgerEntry } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { recalledPenalties, type Penalties } from './penalty.ts'

/** One applied (or charged) change on the monotonic clock of this process. */
export interface Change {
  readonly intent: string
  readonly reason: ChangeReason
  /** Monotonic milliseconds; for a change of an earlier process, converted at boot. */
  readonly at: number
  /**
   * By how many milliseconds its stored time lay ahead of the wall clock when this process read it;
   * below 0 where it lay behind. Above 0 the wall clock went back, and `at` is the moment of reading.
   * Absent for what this process did itself.
   */
  readonly aheadMs?: number
  readonly charge: number
  readonly leaving: readonly string[]
  readonly target: string
  /** For a failback: the paths to which weight returned. */
  readonly returning?: readonly string[]
  /** A drill that came back: a part of the change that it began with. */
  readonly isReturn?: boolean
  /** Points of weight that changed hands; absent where nobody counted them. */
  readonly moved?: number
}

/**
 * What a group's leader remembers: the durable row, and its timers on the monotonic clock, so that
 * a jump of the wall clock changes no outcome (invariant 16).
 */
export interface GroupMemory {
  readonly row: GroupRow
  readonly changes: readonly Change[]
  /** No second change before this monotonic time. */
  readonly holddownUntil: number
  /** Monotonic end of the hold in the row. */
  readonly holdUntil?: number
  /** Monotonic time before which no automatic failback happens. */
  readonly failbackBlockedUntil?: number
  /** Targets that failed a pre-check, until this monotonic time. */
  readonly rejected: ReadonlyMap<string, { readonly until: number; readonly says: string }>
  /** What paths owe for going down again and again. */
  readonly penalties: Penalties
  /** The world was read back since boot, lease change, reload or the end of a hold. */
  readonly readBack: boolean
  /**
   * Actuators, by position, that are not required and did not follow the last change, with the
   * version at which we left them: our own lag, and nobody's edit.
   */
  readonly lagging?: ReadonlyMap<number, string>
  /** Monotonic times of the drill in the row: from when traffic returns, from when people are paged. */
  readonly drillTimes?: { readonly until: number; readonly max: number }
  /** The last change that could not be verified, for people, until this monotonic time. */
  readonly unverified?: {
    readonly until: number
    readonly reason: ChangeReason
    readonly says: string
  }
  /** Monotonic time at which OBSERVE began. */
  readonly observingSince: number
}

/** The row of a group that was never led before. */
export function emptyRow(group: string): GroupRow {
  return {
    group,
    token: 0,
    revision: 0,
    state: 'OBSERVE',
    version: 0,
    ledger: [],
    failback: { relapses: 0 },
  }
}

/**
 * Turns a stored row into memory, at boot or for a new term as leader. Stored wall times become
 * monotonic ones; a time in the future (the wall clock went back) counts from now, so nothing is
 * ever shortened. What this process knew before keeps its monotonic time, whatever the wall clock
 * did since, and so do its pre-checks, the actuators that it left lagging and what it could not
 * verify: a store that was away for a moment makes no edit of our own lag. Holddown starts in full when the row knows any change that this process does not.
 */
export function recall(
  row: GroupRow,
  settings: GroupSettings,
  now: number,
  wall: number,
  before?: GroupMemory,
): GroupMemory {
  const ago = (at: number) => now - Math.max(0, wall - at)
  const ahead = (at: number) => now + Math.max(0, at - wall)
  const changes = row.ledger.map((entry) => ({
    intent: entry.intent,
    reason: entry.reason,
    ...(knownTimes(entry, before) ?? { at: ago(entry.at), aheadMs: entry.at - wall }),
    charge: entry.charge,
    leaving: entry.leaving,
    target: entry.target,
    moved: movedPoints(entry.from, entry.to),
    ...(entry.returning !== undefined && { returning: entry.returning }),
    ...(entry.isReturn === true && { isReturn: true }),
  }))
  const isKnown = row.ledger.every((entry) => knownTimes(entry, before) !== undefined)
  // A drill starts no holddown.
  const isChanged = changes.some((each) => each.reason !== 'drill')
  const full = isChanged ? now + settings.holddownMs : now
  const holddownUntil = isKnown && before !== undefined ? before.holddownUntil : full
  const { hold, failback, drill } = row
  const isDrillKnown = drill !== undefined && before?.row.drill?.id === drill.id
  const isHoldKnown = hold !== undefined && before?.row.hold?.until === hold.until
  const isBlockKnown = before?.row.failback.blockedUntil === failback.blockedUntil
  return {
    row,
    changes,
    holddownUntil,
    rejected: before?.rejected ?? new Map(),
    penalties: recalledPenalties(
      row.penalties,
      now,
      wall,
      before && { stored: before.row.penalties, penalties: before.penalties },
    ),
    readBack: false,
    observingSince: now,
    // What lags behind was left by the change that this row shows last, or it tells nothing.
    ...(before?.lagging !== undefined &&
      before.row.version === row.version && { lagging: before.lagging }),
    ...(before?.unverified !== undefined && { unverified: before.unverified }),
    ...(hold !== undefined && {
      holdUntil: (isHoldKnown ? before.holdUntil : undefined) ?? ahead(hold.until),
    }),
    ...(drill !== undefined && {
      drillTimes: (isDrillKnown ? before.drillTimes : undefined) ?? drillTimes(drill, now, wall),
    }),
    ...(failback.blockedUntil !== undefined && {
      failbackBlockedUntil:
        (isBlockKnown ? before?.failbackBlockedUntil : undefined) ?? ahead(failback.blockedUntil),
    }),
  }
}

/**
 * The times of a drill on the monotonic clock of this process. A wall clock that went back makes
 * none of them later than they were when the drill began.
 */
export function drillTimes(
  { startedAt, until, max }: OpenDrill,
  now: number,
  wall: number,
): NonNullable<GroupMemory['drillTimes']> {
  const ahead = (at: number) => now + Math.min(Math.max(0, at - wall), at - startedAt)
  return { until: ahead(until), max: ahead(max) }
}

/** How many drills moved traffic inside the sliding window of their own budget. */
export function drillsSpent(memory: GroupMemory, settings: GroupSettings, now: number): number {
  return memory.changes.filter(
    (change) =>
      change.reason === 'drill' &&
      change.isReturn !== true &&
      now - change.at < settings.drillBudget.perMs,
  ).length
}

/** The monotonic time that this process itself knows of a ledger entry, if the entry is still the same. */
function knownTimes(
  entry: LedgerEntry,
  before: GroupMemory | undefined,
): Pick<Change, 'at' | 'aheadMs'> | undefined {
  const isSame = before?.row.ledger.some(
    (each) => each.intent === entry.intent && each.at === entry.at,
  )
  if (isSame !== true) return undefined
  const known = before?.changes.find((change) => change.intent === entry.intent)
  if (known === undefined) return undefined
  const { at, aheadMs } = known
  return { at, ...(aheadMs !== undefined && { aheadMs }) }
}

/** What the changes inside the sliding budget window cost together (invariant 18). */
export function spent(memory: GroupMemory, settings: GroupSettings, now: number): number {
  return memory.changes
    .filter((change) => now - change.at < settings.budget.perMs)
    .reduce((sum, change) => sum + change.charge, 0)
}

/** Paths that were left as down within the running holddown (invariant 21). */
export function leftAsDown(
  memory: GroupMemory,
  settings: GroupSettings,
  now: number,
): ReadonlySet<string> {
  return new Set(inHolddown(memory, settings, now).flatMap((change) => change.leaving))
}

/** Whether the one double-charged move of this holddown was made already. */
export function exceptionUsed(memory: GroupMemory, settings: GroupSettings, now: number): boolean {
  return inHolddown(memory, settings, now).some((change) => change.charge > 1)
}

/**
 * By how much a wall clock may be wrong between the end of one process and the start of the next,
 * in milliseconds: a day, because a wrong time zone is the worst that is likely.
 */
const clockDoubtMs = 86_400_000

/**
 * Changes of the running holddown. The newest belongs to it as long as it lasts, because after a
 * restart it starts in full, whatever the wall clock says of the change; but not one that no clock
 * could take for recent.
 */
function inHolddown(memory: GroupMemory, settings: GroupSettings, now: number): Change[] {
  const newest = memory.changes.at(-1)
  return memory.changes.filter(
    (change) =>
      now - change.at < settings.holddownMs ||
      (change === newest && now < memory.holddownUntil && now - change.at < clockDoubtMs),
  )
}

/** Monotonic end of the hold that lasts now; 0 without one. */
export function heldUntil({ row, holdUntil }: GroupMemory): number {
  return row.hold === undefined ? 0 : (holdUntil ?? 0)
}

/**
 * The row with those ledger entries that some budget or failback rule can still need, by the
 * monotonic times of their changes. The newest stays for good: it says whether there ever was one.
 */
export function pruneLedger(
  row: GroupRow,
  changes: readonly Change[],
  settings: GroupSettings,
  now: number,
): GroupRow {
  const keepMs = Math.max(
    settings.budget.perMs,
    settings.holddownMs,
    settings.failback.maxWaitMs,
    settings.sharing?.velocity?.perMs ?? 0,
  )
  const keptMs = (change: Change) =>
    change.reason === 'drill' ? Math.max(keepMs, settings.drillBudget.perMs) : keepMs
  const old = new Set(
    changes.filter((change) => now - change.at >= keptMs(change)).map((change) => change.intent),
  )
  const newest = row.ledger.at(-1)
  const ledger = row.ledger.filter((entry) => entry === newest || !old.has(entry.intent))
  return ledger.length === row.ledger.length ? row : { ...row, ledger }
}
