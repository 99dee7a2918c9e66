import { allTo, type Allocation } from '../../core/allocation.ts'
import type { GroupSettings } from '../../core/settings.ts'

/** What a group serves when all is well and nothing was applied yet: everything on the first path, or the configured weights. */
export function initialAllocation({ paths, sharing }: GroupSettings): Allocation {
  const names = paths.map(({ name }) => name)
  return sharing === undefined
    ? allTo(names[0] ?? '', names)
    : Object.fromEntries(names.map((name) => [name, sharing.weights[name] ?? 0]))
}
