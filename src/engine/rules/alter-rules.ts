import type { RuleChange, RuleChanges, RuleDefinition } from '../../core/rule.ts'
import { compileRule, unreachable } from './rule-set.ts'
import type { CompiledRule, RuleSet, RuleTimes } from './rule-set.ts'
import { RuleScope } from './scope.ts'

/** A definition with a change made; what the change does not name stays. */
export function changedRule(rule: RuleDefinition, change: RuleChange): RuleDefinition {
  const params = { ...rule.params, ...change.params }
  return { ...rule, ...change, ...(Object.keys(params).length > 0 && { params }) }
}

/** The narrower changes laid over the wider ones, rule by rule; one that was `off` may be on again. */
export function mergeChanges(wide: RuleChanges, narrow: RuleChanges): RuleChanges {
  const merged: Record<string, RuleChange | 'off'> = { ...wide }
  for (const [name, change] of Object.entries(narrow)) {
    const before = merged[name]
    if (change === 'off' || before === undefined || before === 'off') merged[name] = change
    else {
      const params = { ...before.params, ...change.params }
      const hasParams = Object.keys(params).length > 0
      merged[name] = { ...before, ...change, ...(hasParams && { params }) }
    }
  }
  return merged
}

/**
 * A set with changes made. Names of rules and params are judged where the changes are read; unknown
 * ones are ignored here. Rules that are not changed judge as before and so keep their state.
 */
export function alterRules(set: RuleSet, changes: RuleChanges): RuleSet {
  const scope = new RuleScope(set.scope.measurements.values())
  const rules = set.rules.flatMap((rule): CompiledRule[] => {
    const change = changes[rule.definition.name]
    if (change === 'off') return []
    const definition = change === undefined ? rule.definition : changedRule(rule.definition, change)
    const compiled = compileRule(definition, rule.windows, scope)
    // Only numbers differ from what compiled before.
    if (!compiled.ok) throw new Error(`${definition.name}: ${compiled.errors[0]?.message}`)
    return [compiled.rule]
  })
  const own = changes[unreachable]
  const times: RuleTimes = { ...set.unreachable, ...(own === 'off' ? {} : own) }
  return { scope, rules, ...(Object.keys(times).length > 0 && { unreachable: times }) }
}

/** A set in which the paths named have theirs; equal changes share one set. */
export function alterPaths(set: RuleSet, changes: Readonly<Record<string, RuleChanges>>): RuleSet {
  const known = new Map<string, RuleSet>()
  const ofPaths = new Map<string, RuleSet>()
  for (const [path, own] of Object.entries(changes)) {
    const key = JSON.stringify(own)
    const altered = known.get(key) ?? alterRules(set, own)
    known.set(key, altered)
    ofPaths.set(path, altered)
  }
  return ofPaths.size === 0 ? set : { ...set, ofPaths }
}
