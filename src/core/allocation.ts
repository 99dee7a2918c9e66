/**
 * The weight of every path of a group, by its short name. Integers from 0 to 100.
 * Active/standby is the case of one path with all the weight (100).
 */
export type Allocation = Readonly<Record<string, number>>

/** All the weight on one path of `paths`. */
export function allTo(path: string, paths: readonly string[]): Allocation {
  return Object.fromEntries(paths.map((name) => [name, name === path ? 100 : 0]))
}

/** The paths that carry traffic, in the order of the allocation. */
export function serving(allocation: Allocation): string[] {
  return Object.keys(allocation).filter((path) => (allocation[path] ?? 0) > 0)
}

/** The one path that carries the traffic, or the heaviest; `undefined` if none does. */
export function heaviest(allocation: Allocation): string | undefined {
  let best: string | undefined
  for (const path of serving(allocation)) {
    if (best === undefined || (allocation[path] ?? 0) > (allocation[best] ?? 0)) best = path
  }
  return best
}

/** Equal weights for every path that either names; a missing path weighs 0. */
export function sameAllocation(a: Allocation, b: Allocation): boolean {
  for (const path of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if ((a[path] ?? 0) !== (b[path] ?? 0)) return false
  }
  return true
}

/** `cdn-a 100, cdn-b 0`, or only the name where one path has everything. */
export function describeAllocation(allocation: Allocation): string {
  const on = serving(allocation)
  if (on.length === 0) return 'nothing'
  if (on.length === 1) return on[0] ?? 'nothing'
  return on.map((path) => `${path} ${allocation[path]}`).join(', ')
}

/** The paths that `to` gives more weight than `from`, most first, ties in the order of `to`. */
export function raisedPaths(from: Allocation, to: Allocation): string[] {
  const gain = (path: string) => (to[path] ?? 0) - (from[path] ?? 0)
  return Object.keys(to)
    .filter((path) => gain(path) > 0)
    .sort((a, b) => gain(b) - gain(a))
}

/** How many points of weight change hands between two allocations, 0 to 100. */
export function movedPoints(from: Allocation, to: Allocation): number {
  return Object.keys(to).reduce(
    (sum, path) => sum + Math.max(0, (to[path] ?? 0) - (from[path] ?? 0)),
    0,
  )
}

/**
 * Integers that add up to 100 in the proportions of `weights` (0 and more, any scale); the largest
 * remainders get the rest. All 0 where every weight is 0.
 */
export function sharesOf(weights: ReadonlyMap<string, number>): Allocation {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  const exact = [...weights].map(([path, weight]) => ({
    path,
    share: total === 0 ? 0 : (weight * 100) / total,
  }))
  let left = total === 0 ? 0 : 100 - exact.reduce((sum, { share }) => sum + Math.floor(share), 0)
  const rounded: Record<string, number> = {}
  for (const { path, share } of exact) rounded[path] = Math.floor(share)
  const byRemainder = exact.toSorted((a, b) => (b.share % 1) - (a.share % 1))
  for (const { path, share } of byRemainder) {
    if (left === 0) break
    rounded[path] = Math.floor(share) + 1
    left -= 1
  }
  return rounded
}
