import { formatDuration } from '../../core/duration.ts'
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
  return { due: `${preferred} has been up for ${formatDuration(Math.floor(upFor / 1000) * 1000)}` }
}
