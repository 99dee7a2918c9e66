import { formatDuration } from '../../core/duration.ts'
import type { Situation } from './situation.ts'

/** How many points of weight may change hands now; infinite where no velocity is configured (invariant 20). */
export function pointsLeft({ settings, memory, now }: Situation): number {
  const velocity = settings.sharing?.velocity
  if (velocity === undefined) return Number.POSITIVE_INFINITY
  const moved = memory.changes
    .filter((change) => now - change.at < velocity.perMs)
    .reduce((sum, change) => sum + (change.moved ?? 0), 0)
  return Math.max(0, velocity.points - moved)
}

/** `20 of 30 points per 1m moved`, or that there is no limit. */
export function describeVelocity(situation: Situation): string {
  const velocity = situation.settings.sharing?.velocity
  if (velocity === undefined) return 'no velocity is configured'
  const moved = velocity.points - pointsLeft(situation)
  return `${moved} of ${velocity.points} points per ${formatDuration(velocity.perMs)} moved`
}
