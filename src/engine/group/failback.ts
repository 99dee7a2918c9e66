import { raisedPaths } from '../../core/allocation.ts'
import { formatDuration } from '../../core/duration.ts'
import type { ChangeReason, FailbackMemory } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { isOpen } from '../calendar.ts'
import type { GroupMemory } from './memory.ts'
import { forgivenInMs } from './penalty.ts'
import type { Proposal, Situation } from './situation.ts'

/**
 * How long the preferred path must have been up before an automatic failback: `stable_for`, doubled
 * with each relapse, never above the maximum (invariant 23).
 */
function failbackWaitMs(settings: Situation['settings']['failback'], relapses: number): number {
  return Math.min(settings.maxWaitMs, settings.stableForMs * 2 ** Math.min(relapses, 30))
}

/**
 * Whether to return to the preferred path now: a decision of its own, never a failover in reverse
 * (invariant 22). `due` gives the reason for doing so; `says` why not yet.
 */
export function failbackOf(
  situation: Situation,
  active: string,
): { readonly due?: string; readonly says?: string } {
  const preferred = situation.settings.paths[0]?.name
  if (preferred === undefined || preferred === active) return {}
  if (!situation.settings.failback.auto) return { says: `failback to ${preferred} is manual` }
  if (situation.paths.get(active)?.health === 'unknown') return {}
  return readiness(situation, preferred)
}

/** Whether traffic may return to a path by itself, with the reason for doing so or why not yet. */
export function readiness(
  situation: Situation,
  preferred: string,
): { readonly due?: string; readonly says?: string } {
  const { memory, settings, now } = situation
  const home = situation.paths.get(preferred)
  if (!settings.failback.auto) return { says: `failback to ${preferred} is manual` }
  if (home?.health !== 'up') {
    return { says: `no failback: ${preferred} is ${home?.health ?? 'unknown'}` }
  }
  const rejected = memory.rejected.get(preferred)
  if (rejected !== undefined && now < rejected.until) {
    return { says: `no failback: ${preferred} failed its pre-check: ${rejected.says}` }
  }
  const forgivenMs = forgivenInMs(memory.penalties.get(preferred), settings.flaps, now)
  if (forgivenMs > 0) {
    const left = formatDuration(Math.ceil(forgivenMs / 1000) * 1000)
    return { says: `no failback for another ${left}: ${preferred} went down too often lately` }
  }
  const wait = failbackWaitMs(settings.failback, memory.row.failback.relapses)
  const upFor = now - home.since
  if (memory.failbackBlockedUntil !== undefined && now < memory.failbackBlockedUntil) {
    const left = formatDuration(Math.ceil((memory.failbackBlockedUntil - now) / 1000) * 1000)
    const who = settings.sharing === undefined ? preferred : 'a path'
    return { says: `no failback for another ${left}: ${who} relapsed after the last one` }
  }
  if (upFor < wait) {
    const left = formatDuration(Math.ceil((wait - upFor) / 1000) * 1000)
    return { says: `failback to ${preferred} in ${left} if it stays up` }
  }
  const window = isOpen(settings.failback.window, situation.wall)
  if (!window.open) return { says: `no failback to ${preferred} now: ${window.says}` }
  return { due: `${preferred} has been up for ${formatDuration(Math.floor(upFor / 1000) * 1000)}` }
}

/** What failback must know of a change that was applied. */
export interface AppliedChange {
  readonly reason: ChangeReason
  readonly leaving: readonly string[]
  /** A second attempt or the way back under the same intent: nobody's relapse and nobody's return. */
  readonly compensating: boolean
}

/**
 * A path is left as down, the preferred one or with weights any that was given some back, soon after an automatic failback to it (invariants 23, 24).
 * Soon: within the budget's window or the longest wait, whichever is longer. `now` is monotonic.
 */
export function isRelapse(
  memory: GroupMemory,
  change: AppliedChange,
  settings: GroupSettings,
  now: number,
  wall: number,
): boolean {
  const { lastAt } = memory.row.failback
  if (change.reason !== 'failover' || change.compensating || lastAt === undefined) return false
  if (!leavesReturned(memory, change, settings, now)) return false
  return !isQuietSince(memory, settings, now, wall)
}

/** No automatic failback for so long that what was before no longer counts. `now` is monotonic. */
export function isQuietSince(
  memory: GroupMemory,
  settings: GroupSettings,
  now: number,
  wall: number,
): boolean {
  const { lastAt } = memory.row.failback
  if (lastAt === undefined) return true
  // The wall clock may have jumped since: what the ledger knows of it counts first.
  const last = memory.changes.findLast((each) => each.reason === 'failback')
  const agoMs = last === undefined ? wall - lastAt : now - last.at
  return agoMs >= quietMs(settings)
}

function quietMs({ budget, failback }: GroupSettings): number {
  return Math.max(budget.perMs, failback.maxWaitMs)
}

/** The paths to which a change lets weight return, its ramp to the end; `undefined` for any but a failback. */
export function returningPaths(
  change: Pick<Proposal, 'reason' | 'from' | 'to' | 'ramp'>,
): readonly string[] | undefined {
  if (change.reason !== 'failback') return undefined
  return raisedPaths(change.from, change.ramp?.to ?? change.to)
}

/** What failback remembers once a change was applied at `wall`. */
export function failbackAfter(
  memory: FailbackMemory,
  change: AppliedChange,
  settings: GroupSettings,
  facts: { readonly wall: number; readonly relapsed: boolean; readonly isQuiet: boolean },
): FailbackMemory {
  const { wall, relapsed, isQuiet } = facts
  if (change.compensating || change.reason === 'steer' || change.reason === 'drill') return memory
  if (change.reason === 'failback') return { ...memory, lastAt: wall }
  // A further step of a failback; one that leaves a failing path is none.
  if (change.reason === 'ramp')
    return change.leaving.length > 0 ? memory : { ...memory, lastAt: wall }
  if (relapsed) {
    const blockedUntil = wall + settings.budget.perMs
    return { ...memory, relapses: memory.relapses + 1, blockedUntil }
  }
  // It failed again only after a quiet period: what was before no longer counts (invariant 23).
  const isOver = settings.sharing === undefined ? leavesHome(change, settings) : isQuiet
  return isOver && change.leaving.length > 0 ? { ...memory, relapses: 0 } : memory
}

/** Whether a change leaves what traffic returned to: the preferred path, or with weights any path that was given some back. */
function leavesReturned(
  memory: GroupMemory,
  change: AppliedChange,
  settings: GroupSettings,
  now: number,
): boolean {
  if (settings.sharing === undefined) return leavesHome(change, settings)
  return memory.changes
    .filter((each) => now - each.at < quietMs(settings))
    .some((each) => each.returning?.some((name) => change.leaving.includes(name)) === true)
}

function leavesHome({ leaving }: AppliedChange, settings: GroupSettings): boolean {
  const preferred = settings.paths[0]?.name
  return preferred !== undefined && leaving.includes(preferred)
}
