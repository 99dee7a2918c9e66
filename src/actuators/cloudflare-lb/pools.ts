import { z } from 'zod'

/** An origin of a pool; what else it has is kept as it is. */
const origin = z.looseObject({
  name: z.string(),
  enabled: z.boolean().default(true),
  weight: z.number().min(0).max(1).default(1),
})

/** A pool as far as it is read. */
export const pool = z.object({
  id: z.string(),
  name: z.string().default(''),
  enabled: z.boolean().default(true),
  origins: z.array(origin),
})

export type Pool = z.output<typeof pool>

/** What pools hold for the paths of one group. */
export interface PoolPaths {
  readonly pools: ReadonlyMap<string, Pool>
  /** By path: the weight in hundredths, or 100 for an enabled pool. */
  readonly values: ReadonlyMap<string, number>
  /** Paths whose origin a person disabled: they serve nothing, whatever their weight. */
  readonly closed: ReadonlySet<string>
  /** Everything that a write sends back as it was read. */
  readonly rest: unknown
}

interface Named {
  readonly pool_id?: string | undefined
  readonly origins?: Readonly<Record<string, string>> | undefined
  readonly pools?: Readonly<Record<string, string>> | undefined
}

/** Finds what stands for each path; what is wrong, as a sentence, where something is missing. */
export function readPaths(
  found: readonly Pool[],
  { pool_id: id, origins, pools: map }: Named,
  paths: readonly string[],
): PoolPaths | { readonly says: string } {
  const pools = new Map(found.map((each) => [each.id, each]))
  const values = new Map<string, number>()
  if (map !== undefined) {
    for (const path of paths) {
      const own = pools.get(map[path] ?? '')
      if (own === undefined) return { says: `there is no pool ${map[path] ?? 'named'} for ${path}` }
      values.set(path, own.enabled ? 100 : 0)
    }
    return { pools, values, closed: new Set(), rest: Object.values(map) }
  }
  const own = pools.get(id ?? '')
  if (own === undefined) return { says: `there is no pool ${id ?? ''}` }
  if (!own.enabled) return { says: `pool ${own.name} is disabled, so nothing of it serves` }
  const closed = new Set<string>()
  for (const path of paths) {
    const name = origins?.[path]
    if (name === undefined) return { says: `origins names none for path ${path}` }
    const each = own.origins.filter((one) => one.name === name)
    const [one, ...more] = each
    if (one === undefined || more.length > 0) {
      return { says: `pool ${own.name} has ${each.length} origins of name "${name}", not one` }
    }
    if (!one.enabled) closed.add(path)
    values.set(path, one.enabled ? Math.round(one.weight * 100) : 0)
  }
  const names = new Set(Object.values(origins ?? {}))
  const rest = own.origins.map((one) => {
    if (!names.has(one.name)) return one
    const { weight: _weight, disabled_at: _told, ...more } = one
    return more
  })
  return { pools, values, closed, rest }
}

/**
 * What is sent to change a pool. `origins` replaces the whole list ("overwriting the supplied
 * properties"), so every origin goes back as it was read but for its weight.
 */
export function bodyFor(
  before: Pool,
  origins: Readonly<Record<string, string>> | undefined,
  values: ReadonlyMap<string, number>,
): object {
  if (origins === undefined) return { enabled: [...values.values()].some((value) => value > 0) }
  const byName = new Map(
    [...values].map(([path, value]) => [origins[path] ?? '', value / 100] as const),
  )
  return {
    // When an origin was disabled is told, and taken from nobody.
    origins: before.origins.map(({ disabled_at: _told, ...one }) => ({
      ...one,
      weight: byName.get(one.name) ?? one.weight,
    })),
  }
}

/** `cdn-a at 100, cdn-b at 0 (disabled)`. */
export function describePools({ values, closed }: PoolPaths): string {
  return [...values]
    .map(([path, value]) => `${path} at ${value}${closed.has(path) ? ' (disabled)' : ''}`)
    .join(', ')
}
