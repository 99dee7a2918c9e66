import { movedPoints, raisedPaths, sameAllocation, type Allocation } from '../../core/allocation.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Ramp } from '../../core/group.ts'
import type { SharingSettings } from '../../core/settings.ts'
import type { Situation } from './situation.ts'
import { pointsLeft } from './velocity.ts'
import { partOfTheWay } from './weights.ts'

/** The next allocation on a way, and the ramp as it stands there; without one it is the end of the way. */
export interface RampStep {
  readonly to: Allocation
  readonly ramp?: Ramp
}

/** A way that nothing of was gone yet. A failback goes in the configured steps; whatever leaves a failing path, in as few as velocity allows. */
export function newRamp(
  sharing: SharingSettings,
  way: Pick<Ramp, 'reason' | 'from' | 'to' | 'leaving'>,
): Ramp {
  const configured = way.reason === 'failback' ? sharing.ramp : undefined
  return {
    ...way,
    at: way.from,
    weights: sharing.weights,
    steps: configured?.steps ?? [100],
    done: 0,
    everyMs: configured?.everyMs ?? sharing.velocity?.perMs ?? 0,
    ...(configured?.gate !== undefined && { gate: configured.gate }),
    setbacks: 0,
    isSetBack: false,
  }
}

/** The next step, no longer than `points`; a step that rounds to nothing is passed over. */
export function nextStep(ramp: Ramp, points: number): RampStep {
  let { done } = ramp
  while (done < ramp.steps.length - 1 && sameAllocation(after(ramp, done + 1), ramp.at)) done += 1
  const goal = after(ramp, done + 1)
  const to = partOfTheWay(ramp.at, goal, points)
  if (sameAllocation(to, ramp.to)) return { to }
  const isReached = sameAllocation(to, goal)
  return { to, ramp: { ...ramp, at: to, done: isReached ? done + 1 : done, isSetBack: false } }
}

/** The step before; `undefined` where nothing was entered yet. */
export function stepBack(ramp: Ramp): RampStep | undefined {
  if (sameAllocation(ramp.at, ramp.from)) return undefined
  const isWhole = sameAllocation(ramp.at, after(ramp, ramp.done))
  const done = isWhole ? Math.max(0, ramp.done - 1) : ramp.done
  const to = after(ramp, done)
  return { to, ramp: { ...ramp, at: to, done, setbacks: ramp.setbacks + 1, isSetBack: true } }
}

/** The allocation when so many steps are done. */
function after(ramp: Ramp, done: number): Allocation {
  if (done === 0) return ramp.from
  const percent = ramp.steps[done - 1] ?? 100
  const points = Math.round((movedPoints(ramp.from, ramp.to) * percent) / 100)
  return partOfTheWay(ramp.from, ramp.to, Math.max(1, points))
}

/**
 * The ramp in the row, as long as nothing else moved weights since and the configured ones are those
 * that it was begun with. Otherwise it is over, and what is to be done is decided afresh.
 */
export function liveRamp({ settings, memory }: Situation): Ramp | undefined {
  const { ramp, allocation } = memory.row
  if (ramp === undefined || allocation === undefined || settings.sharing === undefined) {
    return undefined
  }
  if (!sameAllocation(ramp.at, allocation)) return undefined
  return sameAllocation(ramp.weights, settings.sharing.weights) ? ramp : undefined
}

/**
 * Monotonic time from which the next step may be made: one interval after the last one, or after this
 * process began to observe, so that a restart never shortens it.
 */
function nextStepAt({ memory }: Situation, ramp: Ramp): number {
  return Math.max(memory.changes.at(-1)?.at ?? 0, memory.observingSince) + ramp.everyMs
}

/** Why the next step is not made yet; `undefined` where it is due. */
export function whyRampWaits(situation: Situation, ramp: Ramp): string | undefined {
  const { settings, paths, now } = situation
  if (ramp.reason === 'failback' && !settings.failback.auto) return 'failback is manual now'
  for (const name of raisedPaths(ramp.at, ramp.to)) {
    const health = paths.get(name)
    if (health?.health !== 'up') return `${name} is ${health?.health ?? 'unknown'}`
    if (health.suspect) return `${name} is suspect: ${health.says}`
    if (health.alarms?.some(({ rule }) => rule === ramp.gate) === true) {
      return `${ramp.gate} is not quiet on ${name}`
    }
    const rejected = situation.memory.rejected.get(name)
    if (rejected !== undefined && now < rejected.until) {
      return `${name} failed its pre-check: ${rejected.says}`
    }
  }
  const leftMs = nextStepAt(situation, ramp) - now
  if (leftMs > 0) return `the next step is in ${formatDuration(Math.ceil(leftMs / 1000) * 1000)}`
  return pointsLeft(situation) > 0 ? undefined : 'the velocity of this group is used up for now'
}

/**
 * The path on which enough vantages find the gate bad now; `undefined` without one. After a step back
 * it has an interval to become quiet again.
 */
export function gateBadOn(situation: Situation, ramp: Ramp): string | undefined {
  if (ramp.gate === undefined) return undefined
  if (ramp.isSetBack && situation.now < nextStepAt(situation, ramp)) return undefined
  return raisedPaths(ramp.from, ramp.at).find((name) =>
    situation.paths.get(name)?.alarms?.some(({ rule, isAgreed }) => rule === ramp.gate && isAgreed),
  )
}

/** `cdn-a enters: step 1 of 3 (10 %) is done`. */
export function describeRamp(ramp: Ramp): string {
  const entering = raisedPaths(ramp.from, ramp.to).join(', ')
  const { done, steps } = ramp
  const reached = done === 0 ? 'no step' : `step ${done} of ${steps.length} (${steps[done - 1]} %)`
  return `${entering} ${entering.includes(',') ? 'enter' : 'enters'}: ${reached} is done`
}
