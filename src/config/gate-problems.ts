import { nearest } from '../core/nearest.ts'
import type { Settings } from '../core/settings.ts'
import type { Problem } from './document.ts'

/** Gates of ramps that name no rule: such a gate would be quiet for ever. */
export function gateProblems(settings: Settings, rules: readonly string[]): Problem[] {
  return settings.groups.flatMap(({ name, stream, sharing }): Problem[] => {
    const gate = sharing?.ramp?.gate
    if (gate === undefined || rules.includes(gate)) return []
    const guess = nearest(gate, rules)
    const says = `there is no rule ${gate}${guess === undefined ? '' : `; did you mean "${guess}"?`}`
    const group = name.slice(stream.length + 1)
    return [{ path: ['streams', stream, 'groups', group, 'ramp', 'gate'], says }]
  })
}
