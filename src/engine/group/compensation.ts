import {
  allTo,
  heaviest,
  raisedPaths,
  sameAllocation,
  type Allocation,
} from '../../core/allocation.ts'
import type { Intent } from '../../core/group.ts'
import type { SharingSettings } from '../../core/settings.ts'
import { evacuate } from './evacuate.ts'
import type { Situation } from './situation.ts'
import { candidates, downServing } from './targets.ts'
import { asShares } from './weights.ts'

/**
 * Where the one compensation of a change goes that could not be verified (invariant 32): for a
 * failback, a step of a ramp or a steer back to what was before, else on to other eligible paths, else
 * back. Never to a path that is not up or degraded; `undefined` where there is nothing left.
 */
export function compensationFor(situation: Situation, intent: Intent): Allocation | undefined {
  const { sharing, paths } = situation.settings
  if (sharing !== undefined) return weightedCompensation(situation, sharing, intent)
  const names = paths.map((path) => path.name)
  const choice = candidates(situation, [...intent.leaving, intent.target])
  const origin = heaviest(intent.from)
  const mayReturn = origin !== undefined && isWell(situation, origin)
  if (intent.reason !== 'failover' && mayReturn) return allTo(origin, names)
  const other =
    choice.find((candidate) => candidate.eligible)?.name ?? (mayReturn ? origin : undefined)
  return other === undefined ? undefined : allTo(other, names)
}

function weightedCompensation(
  situation: Situation,
  sharing: SharingSettings,
  intent: Intent,
): Allocation | undefined {
  const { to } = intent
  const from = asShares(intent.from)
  const mayReturn = raisedPaths(to, from).every((name) => isWell(situation, name))
  if (intent.leaving.length === 0 && mayReturn) return spared(situation, sharing, intent.from)
  // As if it were decided again, without the paths that could not be verified getting anything.
  const entered = raisedPaths(from, to)
  const leaving = intent.leaving.length > 0 ? intent.leaving : entered
  const base = intent.leaving.length > 0 ? from : to
  const other = evacuate(situation, sharing, base, leaving, entered).to
  const isOther = !sameAllocation(other, to) && !sameAllocation(other, from)
  const keepsNothing = leaving.every((name) => (other[name] ?? 0) === 0)
  if (isOther && keepsNothing) return other
  return mayReturn ? spared(situation, sharing, intent.from) : undefined
}

/** The way back, without what went down meanwhile, as far as others can take that. */
function spared(situation: Situation, sharing: SharingSettings, back: Allocation): Allocation {
  const down = downServing(situation, back).filter(
    (name) => situation.paths.get(name)?.isRecovering !== true,
  )
  return down.length === 0 ? back : evacuate(situation, sharing, asShares(back), down).to
}

function isWell({ paths }: Situation, name: string): boolean {
  const health = paths.get(name)?.health
  return health === 'up' || health === 'degraded'
}
