import { allTo, type Allocation } from '../../core/allocation.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import type { GroupSettings } from '../../core/settings.ts'

/** What a person's steer means for every path of the group, or why it means nothing. */
export type Wanted =
  | { readonly ok: true; readonly to: Allocation }
  | Extract<CommandResult, { readonly ok: false }>

/** Reads the path or the weights of a steer: known paths, and integers that add up to 100. */
export function wantedBy(
  { path, weights }: Pick<Extract<Command, { kind: 'steer' }>, 'path' | 'weights'>,
  settings: GroupSettings,
): Wanted {
  const names = settings.paths.map((each) => each.name)
  if ((path === undefined) === (weights === undefined)) {
    return invalid('a steer goes either to a path or to weights', 'Name one of the two.')
  }
  const stranger = [path ?? '', ...Object.keys(weights ?? {})].find(
    (name) => name !== '' && !names.includes(name),
  )
  if (stranger !== undefined) {
    const says = `${settings.name} has no path ${stranger}`
    return { ok: false, code: 'not-found', says, todo: `Paths: ${names.join(', ')}.` }
  }
  if (weights === undefined) return { ok: true, to: allTo(path ?? '', names) }
  if (settings.sharing === undefined) {
    const says = `${settings.name} is a standby group: one path carries everything`
    return invalid(says, 'Name the path, or configure strategy: weighted.')
  }
  const given = Object.values(weights)
  const isWhole = given.every((weight) => Number.isInteger(weight) && weight >= 0)
  const sum = given.reduce((all, weight) => all + weight, 0)
  if (!isWhole || sum !== 100) {
    return invalid(
      isWhole ? `the weights add up to ${sum}, not to 100` : 'a weight is a whole number from 0',
      'Give whole numbers that add up to 100, such as cdn-a=70,cdn-b=30.',
    )
  }
  return { ok: true, to: Object.fromEntries(names.map((name) => [name, weights[name] ?? 0])) }
}

function invalid(says: string, todo: string): Extract<CommandResult, { readonly ok: false }> {
  return { ok: false, code: 'invalid', says, todo }
}
