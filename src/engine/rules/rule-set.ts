import type { RuleDefinition, RulePack } from '../../core/rule.ts'
import type { MeasurementDeclaration } from '../../core/sample.ts'
import type { RuleTiming } from '../../core/settings.ts'
import { compileExpression } from './expression.ts'
import type { Expression, ExpressionError } from './expression.ts'
import type { RuleTimers } from './rule-state.ts'
import { RuleScope, aggregateKey } from './scope.ts'
import { compileSentence } from './sentence.ts'
import type { Sentence } from './sentence.ts'

/** What rule checking needs of a probe plug-in. */
export interface ProbeMeasures {
  readonly type: string
  readonly measures: readonly MeasurementDeclaration[]
}

/** A rule whose expressions are compiled. */
export interface CompiledRule {
  readonly definition: RuleDefinition
  /** The named windows of its pack, in milliseconds. */
  readonly windows: Readonly<Record<string, number>>
  readonly when: Expression
  readonly clearWhen?: Expression
  readonly says: Sentence
  /** It compares the path with the others of its group, so it is judged where all are known. */
  readonly isAcross: boolean
  /** Equal for two rules that judge alike: state and windows then survive a reload. */
  readonly fingerprint: string
}

/** Every rule in force, with the slots that their expressions read. */
export interface RuleSet {
  readonly scope: RuleScope
  readonly rules: readonly CompiledRule[]
  /** Timers of the built-in rule where they are not those of the profile. */
  readonly unreachable?: RuleTimes
  /** Sets of the paths that have changes of their own, by full name; the others have this one. */
  readonly ofPaths?: ReadonlyMap<string, RuleSet>
}

/** The timers that a rule names for itself. */
export type RuleTimes = Pick<RuleDefinition, 'forMs' | 'clearForMs' | 'ratio'>

/** An error of one field of one rule. */
export interface RuleError extends ExpressionError {
  readonly rule: string
  readonly field: 'when' | 'clearWhen' | 'says'
}

export type CompiledRuleSet =
  | { readonly ok: true; readonly set: RuleSet }
  | { readonly ok: false; readonly errors: readonly RuleError[] }

/** Why a rule that compares paths cannot be of class down (invariant 8: only evidence on the path itself). */
export const onlyDegraded =
  'a rule that compares paths must be of class degraded: that another path is better is no evidence that this one is down'

/** The name of the built-in rule that reads the outcome of samples. */
export const unreachable = 'unreachable'

/** A scope with everything that any of these probes declares. */
export function scopeOf(probes: readonly ProbeMeasures[]): RuleScope {
  return new RuleScope(probes.flatMap((probe) => probe.measures))
}

/**
 * Compiles packs to one set. A rule of a later pack takes the place of an earlier one with the same
 * name, so that an own pack can alter a shipped rule.
 */
export function compileRuleSet(
  packs: readonly RulePack[],
  probes: readonly ProbeMeasures[],
): CompiledRuleSet {
  const scope = scopeOf(probes)
  const rules = new Map<string, CompiledRule>()
  const errors: RuleError[] = []
  for (const pack of packs) {
    for (const definition of pack.rules) {
      const compiled = compileRule(definition, pack.windows, scope)
      if (compiled.ok) rules.set(definition.name, compiled.rule)
      else errors.push(...compiled.errors)
    }
  }
  if (errors.length > 0) return { ok: false, errors }
  return { ok: true, set: { scope, rules: [...rules.values()] } }
}

/** The rules in force for a path, by its full name. */
export function rulesOf(set: RuleSet, path: string): RuleSet {
  return set.ofPaths?.get(path) ?? set
}

/** Compiles one rule into `scope`. */
export function compileRule(
  definition: RuleDefinition,
  windows: Readonly<Record<string, number>>,
  scope: RuleScope,
):
  | { readonly ok: true; readonly rule: CompiledRule }
  | { readonly ok: false; readonly errors: readonly RuleError[] } {
  const { params } = definition
  const names = { scope, windows, ...(params !== undefined && { params }) }
  const errors: RuleError[] = []
  const collect = (field: RuleError['field'], found: readonly ExpressionError[]): undefined => {
    errors.push(...found.map((error) => ({ ...error, rule: definition.name, field })))
  }
  const when = compileExpression(definition.when, names)
  if (!when.ok) collect('when', when.errors)
  const { clearWhen } = definition
  const clear = clearWhen === undefined ? undefined : compileExpression(clearWhen, names)
  if (clear?.ok === false) collect('clearWhen', clear.errors)
  const says = compileSentence(definition.says, names)
  if (!says.ok) collect('says', says.errors)
  if (!when.ok || clear?.ok === false || !says.ok) return { ok: false, errors }
  const parts = [when.expression, clear?.expression, says.sentence]
  const isAcross = parts.some((part) => (part?.others.length ?? 0) > 0)
  if (isAcross && definition.class === 'down') {
    const error = { rule: definition.name, field: 'when', line: 1, column: 1 } as const
    return { ok: false, errors: [{ ...error, message: onlyDegraded }] }
  }
  const used = [when.expression, clear?.expression].flatMap((part) => part?.aggregates ?? [])
  const windowKeys = used
    .map((slot) => scope.aggregates[slot])
    .flatMap((reference) => (reference === undefined ? [] : [aggregateKey(reference)]))
  return {
    ok: true,
    rule: {
      definition,
      windows,
      when: when.expression,
      ...(clear !== undefined && { clearWhen: clear.expression }),
      says: says.sentence,
      isAcross,
      fingerprint: JSON.stringify([definition, windowKeys]),
    },
  }
}

/** Whether a rule concerns the paths of a probe: its measurements must all be declared there. */
export function appliesTo(rule: CompiledRule, probe: ProbeMeasures): boolean {
  const { probes } = rule.definition
  if (probes !== undefined && !probes.includes(probe.type)) return false
  const declared = new Set(probe.measures.map((measure) => measure.name))
  const needs = [...rule.when.needs, ...(rule.clearWhen?.needs ?? [])]
  return needs.every((name) => declared.has(name))
}

/**
 * The timers of a rule: its own, else those of the profile. Where it names no ratio of its own, the
 * profile's is raised until that many bad looks take at least as long as `for` does: the ratio is
 * there to catch flapping and must not make `for` shorter.
 */
export function timersOf(definition: RuleTimes, timing: RuleTiming): RuleTimers {
  const forMs = definition.forMs ?? timing.forMs
  return {
    forMs,
    clearForMs: definition.clearForMs ?? timing.clearForMs,
    ratio: definition.ratio ?? raisedRatio(timing, forMs),
    everyMs: timing.everyMs,
  }
}

function raisedRatio({ ratio, everyMs }: RuleTiming, forMs: number): RuleTimers['ratio'] {
  const bad = Math.max(ratio.bad, Math.ceil(forMs / Math.max(1, everyMs)) + 1)
  return bad === ratio.bad ? ratio : { bad, of: Math.ceil((bad * ratio.of) / ratio.bad) }
}
