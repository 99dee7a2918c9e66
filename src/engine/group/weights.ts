import { movedPoints, type Allocation } from '../../core/allocation.ts'

/** A path that takes part in sharing. Integers. */
export interface Part {
  readonly name: string
  /** Its proportion of what is shared. */
  readonly weight: number
  /** The most that it may get. */
  readonly room: number
}

/**
 * Integers that add up to `total` in the proportions of the weights: everybody gets the whole part,
 * and the largest remainders one more, ties in order. Exact: no fraction is ever rounded. Nobody gets
 * anything where no weight is above 0.
 */
export function apportion(
  total: number,
  parts: readonly Pick<Part, 'name' | 'weight'>[],
): Map<string, number> {
  const sum = parts.reduce((all, { weight }) => all + weight, 0)
  const given = new Map(parts.map(({ name }) => [name, 0]))
  if (sum === 0) return given
  let left = total
  for (const { name, weight } of parts) {
    const whole = Math.floor((total * weight) / sum)
    given.set(name, whole)
    left -= whole
  }
  const remainder = ({ weight }: Pick<Part, 'weight'>) => (total * weight) % sum
  for (const { name } of parts.toSorted((a, b) => remainder(b) - remainder(a)).slice(0, left)) {
    given.set(name, (given.get(name) ?? 0) + 1)
  }
  return given
}

/** Shares `total` in proportion, nobody above its room; `left` is what found no place. */
export function share(
  total: number,
  parts: readonly Part[],
): { readonly given: ReadonlyMap<string, number>; readonly left: number } {
  const given = new Map(parts.map(({ name }) => [name, 0]))
  let open = parts.filter(({ weight, room }) => weight > 0 && room > 0)
  let left = total
  while (open.length > 0 && left > 0) {
    const shares = apportion(left, open)
    const full = open.filter(({ name, room }) => (shares.get(name) ?? 0) > room)
    if (full.length === 0) {
      for (const [name, points] of shares) given.set(name, points)
      return { given, left: 0 }
    }
    for (const { name, room } of full) {
      given.set(name, room)
      left -= room
    }
    open = open.filter((part) => !full.includes(part))
  }
  return { given, left }
}

/** Weights as configured, as integers that add up to 100; equal ones where all are 0. */
export function normalised(weights: Readonly<Record<string, number>>): Allocation {
  const names = Object.keys(weights)
  const isNothing = names.every((name) => weights[name] === 0)
  const parts = names.map((name) => ({ name, weight: isNothing ? 1 : (weights[name] ?? 0) }))
  return Object.fromEntries(apportion(100, parts))
}

/** The same shares, of 100: some targets show weights that do not add up to that. */
export function asShares(allocation: Allocation): Allocation {
  const sum = Object.values(allocation).reduce((all, weight) => all + weight, 0)
  return sum === 0 || sum === 100 ? allocation : normalised(allocation)
}

/** What lies `points` of weight on the way from one allocation to another: all of the way where it is no longer. */
export function partOfTheWay(from: Allocation, to: Allocation, points: number): Allocation {
  if (points >= movedPoints(from, to)) return to
  const names = Object.keys(to)
  const gain = (name: string) => (to[name] ?? 0) - (from[name] ?? 0)
  const up = apportion(
    points,
    names.map((name) => ({ name, weight: Math.max(0, gain(name)) })),
  )
  const down = apportion(
    points,
    names.map((name) => ({ name, weight: Math.max(0, -gain(name)) })),
  )
  return Object.fromEntries(
    names.map((name) => [name, (from[name] ?? 0) + (up.get(name) ?? 0) - (down.get(name) ?? 0)]),
  )
}
