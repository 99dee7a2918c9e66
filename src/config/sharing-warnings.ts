import type { GroupSettings, SharingSettings } from '../core/settings.ts'
import { capacityLeft } from '../engine/group/capacity.ts'
import type { Path, Problem } from './document.ts'

/** What of weights, capacity and limits of a group at `at` works but is hardly meant. */
export function sharingWarnings(group: GroupSettings, at: Path): Problem[] {
  const { sharing } = group
  const found = sharing === undefined ? [] : weightWarnings(group, sharing, at)
  return [...found, ...capacityWarnings(group, at)]
}

function weightWarnings(group: GroupSettings, sharing: SharingSettings, at: Path): Problem[] {
  const names = group.paths.map(({ name }) => name)
  const problems: Problem[] = []
  if (names.length > 1 && sharing.minServing >= names.length) {
    const says =
      `asks for all ${names.length} paths: when one goes down, ` +
      'its traffic stays on it until it is back or a person steers'
    problems.push(warning([...at, 'min_serving'], says))
  }
  for (const name of names) {
    if ((sharing.weights[name] ?? 0) === 0) continue
    const others = names.filter((each) => each !== name)
    const most = others.reduce((sum, each) => sum + (sharing.maxWeights[each] ?? 100), 0)
    // The last path takes everything, whatever its maximum.
    if (others.length < 2 || most >= 100) continue
    const says = `when it goes, the others may take ${most} % together: ${100 - most} % stays on it (max_weight)`
    problems.push(warning([...at, 'paths', name], says))
  }
  return problems
}

/** Nothing is assumed of what was not declared; that it is not judged is said. */
function capacityWarnings(group: GroupSettings, at: Path): Problem[] {
  const { capacity, paths, sharing } = group
  if (capacity === undefined) return []
  if (capacity.demand === undefined) {
    const says = 'paths declare their capacity, the group no demand: neither is judged'
    return [warning([...at, 'paths'], says)]
  }
  const names = paths.map(({ name }) => name)
  const silent = names.filter((name) => capacity.paths[name] === undefined)
  const problems = names.flatMap((name): Problem[] => {
    const rest = sharing === undefined ? [[name]] : [names.filter((each) => each !== name)]
    const carries = sharing === undefined || (sharing.weights[name] ?? 0) > 0
    return rest.flatMap((left): Problem[] => {
      const percent = left.length === 0 ? undefined : capacityLeft(group, left)
      if (!carries || percent === undefined || percent >= 100) return []
      const place = [...at, 'paths', name]
      if (sharing === undefined) {
        return [warning(place, `can carry ${percent} % of the demand, and is to carry all of it`)]
      }
      const limit = Math.round(sharing.panic.fraction * 100)
      const panic =
        percent >= sharing.panic.fraction * 100
          ? ''
          : `, less than panic_fraction (${limit} %): weights are not moved then`
      return [
        warning(place, `when it goes, the others can carry ${percent} % of the demand${panic}`),
      ]
    })
  })
  if (silent.length === 0) return problems
  const says = `whether the paths can carry it is not known: ${silent.join(', ')} ${silent.length === 1 ? 'declares' : 'declare'} no capacity`
  return [...problems, warning([...at, 'demand'], says)]
}

function warning(path: Path, says: string): Problem {
  return { path, atKey: true, says }
}
