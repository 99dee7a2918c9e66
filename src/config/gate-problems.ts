import { nearest } from '../core/nearest.ts'
import type { Settings } from '../core/settings.ts'
import type { Problem } from './document.ts'

/** Gates of ramps that name no rule: such a gate would be quiet for ever. */
export function gateProblems(settings: Settings, rules: readonly string[]): Problem[] {
  return settings.groups.flatMap(({ name, stream, sharing }): Problem[] => {
    const gate = sharing?.ramp?.gate
    const says = gate === undefined ? undefined : noRuleOf(gate, rules)
    if (says === undefined) return []
    const group = name.slice(stream.length + 1)
    return [{ path: ['streams', stream, 'groups', group, 'ramp', 'gate'], says }]
  })
}

/** Why a gate names no rule of `rules`; `undefined` where it does. */
export function noRuleOf(gate: string, rules: readonly string[]): string | undefined {
  if (rules.includes(gate)) return undefined
  const guess = nearest(gate, rules)
  return `there is no rule ${gate}${guess === undefined ? '' : `; did you mean "${guess}"?`}`
}
