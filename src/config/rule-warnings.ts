import { formatDuration } from '../core/duration.ts'
import type { Expression } from '../engine/rules/expression.ts'
import { appliesTo, timersOf } from '../engine/rules/rule-set.ts'
import type { CompiledRule, ProbeMeasures } from '../engine/rules/rule-set.ts'
import type { Path, Problem } from './document.ts'

/** What a rule is held against. */
export interface RuleSurroundings {
  readonly probes: readonly ProbeMeasures[]
  /** The cadence in milliseconds; absent: nothing is said of it. */
  readonly everyMs?: number
  /** The fastest cadence in milliseconds by type of probe, for those in use; absent: not known. */
  readonly watched?: ReadonlyMap<string, number>
  /** Rules that come along are there for whoever needs them. */
  readonly isShipped?: boolean
}

/** What works in a rule but is hardly meant; `at` is where it stands. */
export function ruleWarnings(
  rule: CompiledRule,
  at: Path,
  surroundings: RuleSurroundings,
): Problem[] {
  const { probes, watched, isShipped } = surroundings
  const { definition, when, clearWhen } = rule
  const concerned = probes.filter((probe) => appliesTo(rule, probe)).map(({ type }) => type)
  const everyMs = cadenceOf(concerned, surroundings)
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
  if (concerned.length === 0) {
    const needs = when.needs.join(', ')
    warn('when', `this rule can never fire: no probe that it is for declares all of ${needs}`)
  } else {
    warnings.push(...strangers(rule, at, probes))
    const isUnused = watched !== undefined && !concerned.some((type) => watched.has(type))
    if (isUnused && isShipped !== true) {
      const says = `this rule can never fire: no path is looked at with ${concerned.join(' or ')}`
      warn('when', says)
    }
  }
  if (!when.truth.canBeTrue) {
    warn('when', 'this rule can never fire: its condition is false whatever is measured')
  } else if (watched !== undefined && isOutOfReach(when, everyMs)) {
    const cadence = formatDuration(everyMs ?? 0)
    warn(
      'when',
      `this rule can never fire: its windows hold fewer looks at the cadence (${cadence})`,
    )
  } else if (!when.truth.canBeFalse) {
    warn('when', 'this rule is always bad: its condition is true whatever is measured')
  }
  if (clearWhen?.truth.canBeTrue === false) {
    warn('clear_when', 'once active, this rule never clears: it is false whatever is measured')
  }
  return warnings
}

/** That of the fastest path that the rule concerns, where that is known. */
function cadenceOf(types: readonly string[], given: RuleSurroundings): number | undefined {
  const known = types.flatMap((type) => given.watched?.get(type) ?? [])
  return known.length === 0 ? given.everyMs : Math.min(...known)
}

/** Whether it asks for more looks than its windows ever hold. */
function isOutOfReach({ truthWithin }: Expression, everyMs: number | undefined): boolean {
  return everyMs !== undefined && !truthWithin((ms) => mostLooks(ms, everyMs)).canBeTrue
}

/**
 * How many looks a window holds at most. Looks are pulled forward before limits, for pre-checks and
 * for verification: twice those of the cadence are never reached by that.
 */
function mostLooks(windowMs: number, everyMs: number): number {
  return 2 * (Math.floor(windowMs / everyMs) + 1)
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
