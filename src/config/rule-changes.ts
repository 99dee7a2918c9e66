import { nearest } from '../core/nearest.ts'
import type { RuleChanges, RuleDefinition } from '../core/rule.ts'
import { onlyDegraded, unreachable } from '../engine/rules/rule-set.ts'
import type { Path, Problem } from './document.ts'

/**
 * What is wrong with changes that stand at a place of a file, given the rules that they may name:
 * a rule or a number that there is not, and what the built-in rule does not allow.
 */
export function changeProblems(
  changes: RuleChanges,
  at: Path,
  rules: readonly RuleDefinition[],
): Problem[] {
  const known = [...rules.map(({ name }) => name), unreachable]
  return Object.entries(changes).flatMap(([name, change]): Problem[] => {
    const path = [...at, name]
    if (name === unreachable) return builtInProblems(change, path)
    const rule = rules.find((each) => each.name === name)
    if (rule === undefined) {
      const guess = nearest(name, known)
      const hint = guess === undefined ? 'no pack in force has it' : `did you mean "${guess}"?`
      return [{ path, atKey: true, says: `unknown rule; ${hint}` }]
    }
    if (change === 'off') return []
    if (
      change.class === 'down' &&
      /\bothers\s*\./u.test(`${rule.when} ${rule.clearWhen} ${rule.says}`)
    ) {
      return [{ path: [...path, 'class'], says: onlyDegraded }]
    }
    const numbers = Object.keys(rule.params ?? {})
    return Object.keys(change.params ?? {}).flatMap((param): Problem[] => {
      if (numbers.includes(param)) return []
      const says = `${name} has no number of this name; ${numbersOf(param, numbers)}`
      return [{ path: [...path, 'params', param], atKey: true, says }]
    })
  })
}

function numbersOf(param: string, numbers: readonly string[]): string {
  if (numbers.length === 0) return 'it has none'
  const guess = nearest(param, numbers)
  return guess === undefined ? `it has ${numbers.join(', ')}` : `did you mean "${guess}"?`
}

/** Without the rule about outcomes nothing would notice a path that refuses. */
function builtInProblems(change: RuleChanges[string], path: Path): Problem[] {
  if (change === 'off') {
    return [{ path, says: 'the rule about the outcome of looks cannot be turned off' }]
  }
  const timers = { forMs: true, clearForMs: true, ratio: true }
  const others = Object.keys(change).filter((field) => !Object.hasOwn(timers, field))
  return others.map((field) => ({
    path: [...path, field],
    atKey: true,
    says: 'of the built-in rule only for, or_ratio and clear_for can be changed',
  }))
}
