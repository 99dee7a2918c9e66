import type { Condition } from '../core/condition.ts'
import type { StreamFault } from '../core/fault.ts'
import type { PathHealth } from '../core/health.ts'
import type { GroupSettings } from '../core/settings.ts'
import { locateFault, type SeenPath } from '../engine/locate-fault.ts'

/** One group, as its controller sees it now. */
export interface SeenGroup {
  readonly settings: GroupSettings
  /** By short name of the path. */
  readonly health: ReadonlyMap<string, PathHealth>
  readonly serving: readonly string[]
}

/** Where the fault of a stream lies, from what all its groups show now; groups of others tell nothing. */
export function faultOf(stream: string, groups: readonly SeenGroup[]): StreamFault | undefined {
  const paths = groups
    .filter(({ settings }) => settings.stream === stream)
    .flatMap(({ settings, health, serving }) =>
      settings.paths.map(({ name }): SeenPath => {
        const { health: is, diagnosis } = health.get(name) ?? { health: 'unknown' }
        return {
          name: `${settings.name}/${name}`,
          role: settings.role,
          health: is,
          isServing: serving.includes(name),
          ...(diagnosis !== undefined && { diagnosis }),
        }
      }),
    )
  return locateFault(stream, paths)
}

/** Conditions of a group with what routes, silences and causes are told apart by. */
export function withOrigin(
  conditions: readonly Condition[],
  { role, tags = [] }: Pick<GroupSettings, 'role' | 'tags'>,
): readonly Condition[] {
  return conditions.map((condition) => ({
    ...condition,
    role,
    ...(tags.length > 0 && { tags }),
  }))
}

/** Conditions of a group with the place of the fault, where they are of a path that shows it. */
export function withPlace(
  conditions: readonly Condition[],
  fault: StreamFault | undefined,
): readonly Condition[] {
  if (fault === undefined) return conditions
  return conditions.map((condition) => {
    const { group, path, todo, details } = condition
    const { place } = fault
    if (path === undefined && condition.key.endsWith('#all-down')) return { ...condition, place }
    if (path === undefined || !fault.paths.includes(`${group}/${path}`)) return condition
    const where = `Where: ${fault.place}: ${fault.says}.`
    return { ...condition, place, todo: `${todo} ${where}`, details: { ...details, place } }
  })
}
