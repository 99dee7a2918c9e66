import { formatDuration } from '../../core/duration.ts'
import type { ChangeReason, FailbackMemory } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { isOpen } from '../calendar.ts'
import type { GroupMemory } from './memory.ts'
import { forgivenInMs } from './penalty.ts'
import type { Situation } from './situation.ts'

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
  const { memory, settings, now } = situation
  const preferred = settings.paths[0]?.name
  if (preferred === undefined || preferred === active) return {}
  const home = situation.paths.get(preferred)
  if (!settings.failback.auto) return { says: `failback to ${preferred} is manual` }
  if (situation.paths.get(active)?.health === 'unknown') return {}
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
    return { says: `no failback for another ${left}: ${preferred} relapsed after the last one` }
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
 * The preferred path is left as down soon after an automatic failback to it (invariants 23, 24).
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
  if (!leavesHome(change, settings)) return false
  // The wall clock may have jumped since: what the ledger knows of it counts first.
  const last = memory.changes.findLast((each) => each.reason === 'failback')
  const agoMs = last === undefined ? wall - lastAt : now - last.at
  return agoMs < Math.max(settings.budget.perMs, settings.failback.maxWaitMs)
}

/** What failback remembers once a change was applied at `wall`. */
export function failbackAfter(
  memory: FailbackMemory,
  change: AppliedChange,
  settings: GroupSettings,
  { wall, relapsed }: { readonly wall: number; readonly relapsed: boolean },
): FailbackMemory {
  if (change.compensating || change.reason === 'steer') return memory
  if (change.reason === 'failback') return { ...memory, lastAt: wall }
  if (relapsed) {
    const blockedUntil = wall + settings.budget.perMs
    return { ...memory, relapses: memory.relapses + 1, blockedUntil }
  }
  // It failed again only after a quiet period: what was before no longer counts (invariant 23).
  return leavesHome(change, settings) ? { ...memory, relapses: 0 } : memory
}

function leavesHome({ leaving }: AppliedChange, settings: GroupSettings): boolean {
  const preferred = settings.paths[0]?.name
  return preferred !== undefined && leaving.includes(preferred)
}
