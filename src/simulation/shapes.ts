import type { Measurements } from '../core/sample.ts'
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

/** The rules in force, and what the probes measure that they judge. */
export interface SimulatedRules {
  readonly set: RuleSet
  readonly probes: readonly ProbeMeasures[]
  /** By probe type and full name of the path, whose rules may be its own. */
  readonly shapeOf: (type: string, path: string) => Shape
}

const ownShape: Shape = {
  type: 'sim',
  measures: [
    { name: 'picture_age_seconds', kind: 'gauge', unit: 'seconds', help: 'Age of the picture.' },
    { name: 'quality_ratio', kind: 'gauge', unit: 'ratio', help: 'Quality of the picture.' },
  ],
  good: { picture_age_seconds: 1, quality_ratio: 1 },
  down: [{ picture_age_seconds: 30, quality_ratio: 1 }],
  degraded: [{ picture_age_seconds: 1, quality_ratio: 0.2 }],
}

const compiled = compileRuleSet(
  [
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
        {
          name: 'worse-than-others',
          class: 'degraded',
          when: 'quality_ratio < others.max(quality_ratio) - 0.5',
          forMs: 10_000,
          clearForMs: 20_000,
          severity: 'warning',
          says: 'quality {quality_ratio}, of the others {others.max(quality_ratio)}',
        },
      ],
    },
  ],
  [ownShape],
)
if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))

/** The rules of generated worlds: one of each class over one measurement each, and one that compares paths. */
export const ownRules: SimulatedRules = {
  set: compiled.set,
  probes: [ownShape],
  shapeOf: () => ownShape,
}

/** The longest that a rule of class down takes from the first bad look to active, and how long windows remember. Milliseconds. */
export function slowest(
  { set }: SimulatedRules,
  timing: RuleTiming,
): { readonly forMs: number; readonly windowMs: number } {
  const sets = [set, ...(set.ofPaths?.values() ?? [])]
  const down = sets.flatMap(({ rules, unreachable }) => [
    unreachable ?? {},
    ...rules.map((rule) => rule.definition).filter((rule) => rule.class === 'down'),
  ])
  const windows = sets.flatMap(({ scope }) => scope.aggregates.map(({ windowMs }) => windowMs))
  return {
    forMs: Math.max(timing.forMs, ...down.map((rule) => timersOf(rule, timing).forMs)),
    windowMs: Math.max(0, ...windows),
  }
}
