import type { Allocation } from '../../core/allocation.ts'
import type { SharingSettings } from '../../core/settings.ts'
import { readiness } from './failback.ts'
import type { Situation } from './situation.ts'
import { apportion, share } from './weights.ts'

/** Where the weights of a group should be that leaves nothing, and what they wait for. */
export interface Goal {
  readonly to: Allocation
  /** Why each path that is given weight may be given it. */
  readonly due: readonly string[]
  /** Why a path that has less than its configured weight is not given more. */
  readonly waits: readonly string[]
}

/**
 * Configured weights for paths that are up, degraded or contested; nobody above its maximum, but for
 * what it carries beyond it already and nobody else may take. Paths that are unknown or down keep what
 * they have. No path is given more than it has unless it is due, as failback asks (invariant 22): so
 * weight returns to a path that recovered, and to no other.
 */
export function goalOf(situation: Situation, sharing: SharingSettings, from: Allocation): Goal {
  const names = situation.settings.paths.map(({ name }) => name)
  const current = (name: string) => from[name] ?? 0
  const fixed = new Set(names.filter((name) => !isShared(situation, name)))
  const ready = new Map(names.map((name) => [name, readiness(situation, name)]))
  for (;;) {
    const free = names.filter((name) => !fixed.has(name))
    const total = free.reduce((sum, name) => sum + current(name), 0)
    const given = settle(total, free, sharing, current)
    const weightOf = (name: string) => given.get(name) ?? current(name)
    const early = free.filter(
      (name) => weightOf(name) > current(name) && ready.get(name)?.due === undefined,
    )
    for (const name of early) fixed.add(name)
    if (early.length > 0) continue
    const lacking = names.filter(
      (name) => weightOf(name) < (sharing.weights[name] ?? 0) && weightOf(name) <= current(name),
    )
    return {
      to: Object.fromEntries(names.map((name) => [name, weightOf(name)])),
      due: free
        .filter((name) => weightOf(name) > current(name))
        .flatMap((name) => ready.get(name)?.due ?? []),
      waits: lacking.flatMap((name) => ready.get(name)?.says ?? []),
    }
  }
}

/** Whether a path takes part in sharing now; the others keep what they have. */
function isShared({ paths }: Situation, name: string): boolean {
  const health = paths.get(name)?.health
  return health === 'up' || health === 'degraded' || health === 'contested'
}

/** Shares `total` as configured; what the maxima leave over stays where it is. */
function settle(
  total: number,
  free: readonly string[],
  sharing: SharingSettings,
  current: (name: string) => number,
): ReadonlyMap<string, number> {
  const isSpareOnly = free.every((name) => sharing.weights[name] === 0)
  const { given, left } = share(
    total,
    free.map((name) => ({
      name,
      weight: isSpareOnly ? current(name) : (sharing.weights[name] ?? 0),
      room: sharing.maxWeights[name] ?? 100,
    })),
  )
  if (left === 0) return given
  const excess = free.map((name) => ({
    name,
    weight: Math.max(0, current(name) - (given.get(name) ?? 0)),
  }))
  const stay = apportion(left, excess)
  return new Map(free.map((name) => [name, (given.get(name) ?? 0) + (stay.get(name) ?? 0)]))
}
