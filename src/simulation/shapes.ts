import type { Measurements } from '../core/sample.ts'
import type { RulePack } from '../core/rule.ts'
import type { RuleTiming } from '../core/settings.ts'
import {
  compileRuleSet,
  timersOf,
  type ProbeMeasures,
  type RuleSet,
} from '../engine/rules/rule-set.ts'

/** What a simulated look measures, for one probe type and by what the vantage sees. */
export interface Shape extends ProbeMeasures {
  /** No rule objects to it. */
  readonly good: Measurements
  /** One for each rule of class down that numbers can make active. */
  readonly down: readonly Measurements[]
  /** One for each rule of class degraded that can be active while none of class down is. */
  readonly degraded: readonly Measurements[]
}

/** The rule packs in force and what their probes measure: plain data, so that worker threads can take it. */
export interface SimulatedRules {
  readonly packs: readonly RulePack[]
  readonly shapes: readonly Shape[]
}

/** The rules of generated worlds: one of each class over one measurement each. */
export const ownRules: SimulatedRules = {
  packs: [
    {
      name: 'sim',
      windows: {},
      rules: [
        {
          name: 'standing-still',
          class: 'down',
          when: 'picture_age_seconds > 8.0',
          severity: 'critical',
          says: 'the picture is {picture_age_seconds}s old',
        },
        {
          name: 'blurred',
          class: 'degraded',
          when: 'quality_ratio < 0.5',
          forMs: 10_000,
          clearForMs: 20_000,
          severity: 'warning',
          says: 'quality {quality_ratio}',
        },
      ],
    },
  ],
  shapes: [
    {
      type: 'sim',
      measures: [
        {
          name: 'picture_age_seconds',
          kind: 'gauge',
          unit: 'seconds',
          help: 'Age of the picture.',
        },
        { name: 'quality_ratio', kind: 'gauge', unit: 'ratio', help: 'Quality of the picture.' },
      ],
      good: { picture_age_seconds: 1, quality_ratio: 1 },
      down: [{ picture_age_seconds: 30, quality_ratio: 1 }],
      degraded: [{ picture_age_seconds: 1, quality_ratio: 0.2 }],
    },
  ],
}

const compiled = new WeakMap<SimulatedRules, RuleSet>()

/** The compiled rules; compiled once, because no process alters them. */
export function ruleSet(rules: SimulatedRules): RuleSet {
  const known = compiled.get(rules)
  if (known !== undefined) return known
  const result = compileRuleSet(rules.packs, rules.shapes)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  compiled.set(rules, result.set)
  return result.set
}

/** The longest that the rules of class down take from the first bad look to active, and how long their windows remember. Milliseconds. */
export function slowest(
  rules: SimulatedRules,
  timing: RuleTiming,
): { readonly forMs: number; readonly windowMs: number } {
  const down = rules.packs.flatMap((pack) => pack.rules).filter((rule) => rule.class === 'down')
  const windows = rules.packs.flatMap((pack) => Object.values(pack.windows))
  return {
    forMs: Math.max(timing.forMs, ...down.map((rule) => timersOf(rule, timing).forMs)),
    windowMs: Math.max(0, ...windows),
  }
}
