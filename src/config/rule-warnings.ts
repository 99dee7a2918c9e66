import { formatDuration } from '../core/duration.ts'
import { appliesTo, timersOf } from '../engine/rules/rule-set.ts'
import type { CompiledRule, ProbeMeasures } from '../engine/rules/rule-set.ts'
import type { Path, Problem } from './document.ts'

/** What a rule is held against. */
export interface RuleSurroundings {
  readonly probes: readonly ProbeMeasures[]
  /** The cadence in milliseconds; absent: nothing is said of it. */
  readonly everyMs?: number
}

/** What works in a rule but is hardly meant; `at` is where it stands. */
export function ruleWarnings(
  rule: CompiledRule,
  at: Path,
  { probes, everyMs }: RuleSurroundings,
): Problem[] {
  const { definition, when, clearWhen } = rule
  const { forMs, ratio } = definition
  const warnings: Problem[] = []
  const warn = (field: string, says: string) => warnings.push({ path: [...at, field], says })
  const isShort = forMs !== undefined && forMs > 0 && everyMs !== undefined && forMs < everyMs
  if (isShort && when.ages.length === 0) {
    const says =
      `for (${formatDuration(forMs)}) is shorter than the cadence (${formatDuration(everyMs)}): ` +
      'it takes two bad looks all the same'
    warn('for', says)
  }
  if (ratio !== undefined && forMs !== undefined && everyMs !== undefined) {
    const timing = { everyMs, forMs, ratio, clearForMs: 0, staleAfterMs: 0 }
    const least = (timersOf(definition, timing).ratio.bad - 1) * everyMs
    if (least < forMs) {
      const says =
        `${ratio.bad} bad looks take ${formatDuration(least)}, less than for ` +
        `(${formatDuration(forMs)}): for never decides`
      warn('or_ratio', says)
    }
  }
  if (!probes.some((probe) => appliesTo(rule, probe))) {
    const needs = when.needs.join(', ')
    warn('when', `this rule can never fire: no probe that it is for declares all of ${needs}`)
  } else {
    warnings.push(...strangers(rule, at, probes))
  }
  if (!when.truth.canBeTrue) {
    warn('when', 'this rule can never fire: its condition is false whatever is measured')
  } else if (!when.truth.canBeFalse) {
    warn('when', 'this rule is always bad: its condition is true whatever is measured')
  }
  if (clearWhen?.truth.canBeTrue === false) {
    warn('clear_when', 'once active, this rule never clears: it is false whatever is measured')
  }
  return warnings
}

/** Probes that a rule names although they do not measure what it needs. */
function strangers(rule: CompiledRule, at: Path, probes: readonly ProbeMeasures[]): Problem[] {
  const needs = [...rule.when.needs, ...(rule.clearWhen?.needs ?? [])]
  return (rule.definition.probes ?? []).flatMap((type, index): Problem[] => {
    const probe = probes.find((each) => each.type === type)
    if (probe === undefined || appliesTo(rule, probe)) return []
    const declared = new Set(probe.measures.map(({ name }) => name))
    const lacking = [...new Set(needs)].filter((name) => !declared.has(name)).join(', ')
    const says = `does not measure ${lacking}, so the rule does not concern its paths`
    return [{ path: [...at, 'probes', index], says }]
  })
}

/** Named windows that hold one look or none at the cadence, so that nothing can be averaged. */
export function windowWarnings(
  windows: Readonly<Record<string, number>>,
  everyMs: number | undefined,
): Problem[] {
  if (everyMs === undefined) return []
  return Object.entries(windows).flatMap(([name, lengthMs]): Problem[] => {
    if (lengthMs >= everyMs) return []
    const says =
      `is shorter than the cadence (${formatDuration(everyMs)}): it never holds more than one ` +
      'look made in time'
    return [{ path: ['windows', name], says }]
  })
}
