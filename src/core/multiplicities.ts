/**
 * How often each name stands in a list of at most `slots` entries, so that its share is that of its
 * weight: for round-robin sets where the target knows no weights. A weight above 0 gives at least one
 * entry, 0 gives none; the counts have no common divisor. `slots` is from 1; with 1 the heaviest alone
 * stands in it, the first of equals.
 */
export function multiplicities(
  weights: ReadonlyMap<string, number>,
  slots: number,
): ReadonlyMap<string, number> {
  const names = [...weights.keys()]
  const none = new Map(names.map((name) => [name, 0]))
  const on = names
    .filter((name) => (weights.get(name) ?? 0) > 0)
    .toSorted((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0))
    .slice(0, slots)
  const total = on.reduce((sum, name) => sum + (weights.get(name) ?? 0), 0)
  if (total === 0) return none
  const counts = new Map(on.map((name) => [name, 1]))
  // One entry each first; every further one goes where the share is furthest below its weight.
  for (let left = slots - on.length; left > 0; left -= 1) {
    const [first = ''] = on.toSorted(
      (a, b) => lack(b, counts, weights, total, slots) - lack(a, counts, weights, total, slots),
    )
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  const divisor = [...counts.values()].reduce(commonDivisor)
  return new Map(names.map((name) => [name, (counts.get(name) ?? 0) / divisor]))
}

function lack(
  name: string,
  counts: ReadonlyMap<string, number>,
  weights: ReadonlyMap<string, number>,
  total: number,
  slots: number,
): number {
  return ((weights.get(name) ?? 0) * slots) / total - (counts.get(name) ?? 0)
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}
