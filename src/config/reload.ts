import type { Settings } from '../core/settings.ts'

/**
 * Why new settings must not replace the old ones while these paths carry traffic; `undefined` when
 * they may. Removing a group that serves, or the path that serves in it, would take viewers' traffic
 * to a place that nobody watches. `servingOf` gives the short names of a group's serving paths.
 */
export function reloadRefusal(
  old: Settings,
  next: Settings,
  servingOf: (group: string) => readonly string[],
): string | undefined {
  for (const { name } of old.groups) {
    const serving = servingOf(name)
    if (serving.length === 0) continue
    const group = next.groups.find((candidate) => candidate.name === name)
    if (group === undefined) {
      return `the group ${name} cannot be removed: its path ${serving.join(', ')} carries traffic`
    }
    const lost = serving.filter((path) => !group.paths.some((kept) => kept.name === path))
    if (lost.length > 0) {
      return `the path ${name}/${lost[0]} cannot be removed: it carries traffic; steer away first`
    }
  }
  return undefined
}
