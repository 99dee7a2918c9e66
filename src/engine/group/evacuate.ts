import { raisedPaths, type Allocation } from '../../core/allocation.ts'
import type { SharingSettings } from '../../core/settings.ts'
import type { Situation } from './situation.ts'
import { candidates, type Candidate } from './targets.ts'
import { apportion, share } from './weights.ts'

/** Where the weight of failing paths may go. */
export interface Evacuation {
  readonly to: Allocation
  /** The path that gets most of it; absent where no path may get any. */
  readonly target?: string
  /** Points that stay on the failing paths, because the others are at their maximum. */
  readonly stranded: number
  /** All other paths, best first, with why they may or may not get weight. */
  readonly choice: readonly Candidate[]
}

/**
 * Moves the weight of `leaving` to paths that can take it: first those that are up and serve, in the
 * configured proportions, then those that are up and idle, then spares, and only then degraded ones.
 * Paths that are unknown, contested or recovering keep what they have and get nothing. Nobody gets
 * beyond its maximum, unless it is the only path left that can take anything: then it takes all.
 */
export function evacuate(
  situation: Situation,
  sharing: SharingSettings,
  from: Allocation,
  leaving: readonly string[],
  excluded: readonly string[] = [],
): Evacuation {
  const choice = candidates(situation, leaving)
  const usable = choice.filter(
    ({ name, eligible, isBlurry }) => (eligible || isBlurry) && !excluded.includes(name),
  )
  const weights: Record<string, number> = { ...from }
  let left = leaving.reduce((sum, name) => sum + (from[name] ?? 0), 0)
  for (const name of leaving) weights[name] = 0
  for (const tier of tiersOf(situation, sharing, from, usable)) {
    if (left === 0) break
    if (tier.length === 0) continue
    const parts = tier.map((name) => ({
      name,
      weight: sharing.weights[name] === 0 ? 1 : (sharing.weights[name] ?? 1),
      room: Math.max(0, (sharing.maxWeights[name] ?? 100) - (from[name] ?? 0)),
    }))
    const shared = share(left, parts)
    left = shared.left
    for (const [name, points] of shared.given) weights[name] = (weights[name] ?? 0) + points
  }
  const [only, ...more] = usable
  if (left > 0 && only !== undefined && more.length === 0) {
    weights[only.name] = (weights[only.name] ?? 0) + left
    left = 0
  }
  if (left > 0) {
    const staying = leaving.map((name) => ({ name, weight: from[name] ?? 0 }))
    for (const [name, points] of apportion(left, staying)) weights[name] = points
  }
  const to = Object.fromEntries(
    situation.settings.paths.map(({ name }) => [name, weights[name] ?? 0]),
  )
  const target = raisedPaths(from, to)[0]
  return { to, stranded: left, choice, ...(target !== undefined && { target }) }
}

/** Groups of paths that share before the next group gets anything; worked out as far as they are needed. */
function* tiersOf(
  situation: Situation,
  sharing: SharingSettings,
  from: Allocation,
  usable: readonly Candidate[],
): Generator<string[]> {
  const isOn = ({ name }: Candidate) => (from[name] ?? 0) > 0
  const isSpare = ({ name }: Candidate) => sharing.weights[name] === 0
  const inOrder = situation.settings.paths.flatMap(
    ({ name }) => usable.find((each) => each.name === name) ?? [],
  )
  const names = (wanted: (each: Candidate) => boolean) =>
    inOrder.filter(wanted).map(({ name }) => name)
  yield names((each) => each.eligible && isOn(each))
  yield names((each) => each.eligible && !isOn(each) && !isSpare(each))
  for (const each of usable) if (each.eligible && !isOn(each) && isSpare(each)) yield [each.name]
  yield names((each) => each.isBlurry && isOn(each))
  yield names((each) => each.isBlurry && !isOn(each))
}
