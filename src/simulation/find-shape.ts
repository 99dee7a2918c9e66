import type { Measurements, Sample } from '../core/sample.ts'
import { seededRandom } from '../core/seeded-random.ts'
import type { RuleTiming } from '../core/settings.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import {
  appliesTo,
  rulesOf,
  timersOf,
  type CompiledRule,
  type ProbeMeasures,
  type RuleSet,
} from '../engine/rules/rule-set.ts'
import { createFrame, type AggregateName } from '../engine/rules/scope.ts'
import type { Shape } from './shapes.ts'

/** A shape, and the rules that constant numbers cannot make active: the simulation never shows them. */
export interface FoundShape {
  readonly shape: Shape
  readonly untouched: readonly string[]
}

/** Rounds of trying numbers before a rule counts as out of reach. */
const rounds = 3_000
/** Whatever a rule compares with, one of these lies on either side of it more often than not. */
const usual = [0, 0.1, 0.5, 1, 2, 5, 10, 30, 100, 1_000, 1_000_000]

/**
 * Finds measurements that no rule objects to, and for each rule some that it objects to, by trying
 * the numbers that its expression names and their neighbours. What was found is shown to the rules
 * in force as a path's samples, with their windows and timers, and kept only if they judge it so.
 */
export function findShape(
  probe: ProbeMeasures,
  rules: RuleSet,
  path: string,
  timing: RuleTiming,
): FoundShape {
  const set = rulesOf(rules, path)
  const own = set.rules.filter((rule) => appliesTo(rule, probe))
  const judged = (measurements: Measurements) => judge(probe, rules, path, timing, measurements)
  // Streams that are heard without end show their ages anew long before the next look.
  const searches = [2 * timing.everyMs, 0].map((untilMs) => new Search(set, own, untilMs))
  const search = searches.find((each) => judged(each.good()).health === 'up') ?? searches.at(-1)
  if (search === undefined) throw new Error('there is always a search')
  const good = search.good()
  const untouched: string[] = []
  const found = { down: [] as Measurements[], degraded: [] as Measurements[] }
  for (const rule of own) {
    const { class: kind, name } = rule.definition
    const bad = search.bad(good, rule)
    const verdict = bad && judged(bad)
    const isRight = verdict?.active.includes(name) === true && verdict.health === kind
    if (bad !== undefined && isRight) found[kind].push(bad)
    else untouched.push(name)
  }
  return { shape: { ...probe, good, ...found }, untouched }
}

/** What the rules make of a path whose every look shows the same. */
function judge(
  probe: ProbeMeasures,
  rules: RuleSet,
  path: string,
  timing: RuleTiming,
  measurements: Measurements,
): { readonly health: string; readonly active: readonly string[] } {
  const { everyMs } = timing
  const watch = createPathWatch({ path, vantage: 'simulated', probe, rules, timing, now: 0 })
  const set = rulesOf(rules, path)
  const longestMs = Math.max(
    timing.forMs,
    ...set.rules.map((rule) => timersOf(rule.definition, timing).forMs),
    ...set.scope.aggregates.map(({ windowMs }) => windowMs),
  )
  for (let at = 0; at <= 2 * longestMs + 10 * everyMs; at += everyMs) {
    const sample: Sample = {
      path,
      vantage: 'simulated',
      probe: probe.type,
      at,
      wall: at,
      outcome: 'pass',
      measurements,
      findings: [],
    }
    watch.apply(sample, at)
  }
  const { active, health } = watch.report
  return { health, active: active.map((verdict) => verdict.rule) }
}

/** Looks for numbers, always in the same order. */
class Search {
  readonly #set: RuleSet
  readonly #untilMs: number
  readonly #rules: readonly CompiledRule[]
  readonly #candidates = new Map<string, readonly number[]>()

  /** Ages of good numbers may grow for `untilMs` before the next look shows them anew. */
  constructor(set: RuleSet, rules: readonly CompiledRule[], untilMs: number) {
    this.#set = set
    this.#untilMs = untilMs
    this.#rules = rules
    for (const name of new Set(rules.flatMap((rule) => needsOf(rule)))) {
      const texts = rules.filter((rule) => needsOf(rule).includes(name)).map(textOf)
      this.#candidates.set(name, neighbours(texts))
    }
  }

  /** Numbers that as few rules as possible object to. */
  good(): Measurements {
    const random = seededRandom(1)
    const start = [...this.#candidates].map(([name, values]) => [name, values[0] ?? 0] as const)
    let best: Measurements = Object.fromEntries(start)
    let left = this.#objecting(best)
    for (let round = 0; round < rounds && left.cost > 0; round += 1) {
      const rule = left.rules[Math.floor(random.next() * left.rules.length)]
      const needs = rule === undefined ? [] : needsOf(rule)
      const name = needs[Math.floor(random.next() * needs.length)]
      if (name === undefined) continue
      for (const value of this.#candidates.get(name) ?? []) {
        const next = { ...best, [name]: value }
        const then = this.#objecting(next)
        // Sideways too, sometimes: two rules may want the same number otherwise.
        if (then.cost > left.cost || (then.cost === left.cost && random.next() < 0.7)) continue
        best = next
        left = then
      }
    }
    return best
  }

  /** Numbers that one rule objects to and, where it is one of class degraded, none of class down. */
  bad(good: Measurements, rule: CompiledRule): Measurements | undefined {
    const needs = needsOf(rule)
    const fits = (measurements: Measurements) =>
      this.#says(rule, measurements) === true &&
      (rule.definition.class === 'down' ||
        this.#rules.every(
          (each) => each.definition.class !== 'down' || this.#says(each, measurements) !== true,
        ))
    for (const first of needs) {
      for (const value of this.#candidates.get(first) ?? []) {
        const one = { ...good, [first]: value }
        if (fits(one)) return one
      }
    }
    const random = seededRandom(2)
    for (let round = 0; round < rounds; round += 1) {
      const drawn = needs.map((name) => {
        const values = this.#candidates.get(name) ?? []
        return [name, values[Math.floor(random.next() * values.length)] ?? 0] as const
      })
      const next = { ...good, ...Object.fromEntries(drawn) }
      if (fits(next)) return next
    }
    return undefined
  }

  /** Rules that find it bad; where there are none, those that cannot tell, as one that compares with other paths never can. */
  #objecting(measurements: Measurements): {
    readonly rules: CompiledRule[]
    readonly cost: number
  } {
    const bad: CompiledRule[] = []
    const mute: CompiledRule[] = []
    for (const rule of this.#rules) {
      const says = this.#says(rule, measurements, this.#untilMs)
      if (says === true) bad.push(rule)
      if (says === undefined) mute.push(rule)
    }
    const rules = bad.length > 0 ? bad : mute
    return { rules, cost: bad.length * (this.#rules.length + 1) + mute.length }
  }

  /** Whether a rule finds it bad when every look shows these; as long as one clears on it, bad. */
  #says(rule: CompiledRule, measurements: Measurements, elapsedMs = 0): boolean | undefined {
    const { scope } = this.#set
    const frame = createFrame(scope, { path: '', probe: '', vantage: '' })
    for (const [name, value] of Object.entries(measurements)) frame.values[scope.slot(name)] = value
    for (const [slot, { name, measurement }] of scope.aggregates.entries()) {
      frame.aggregates[slot] = constant(name, measurements[measurement] ?? Number.NaN)
    }
    frame.elapsedMs = elapsedMs
    const isBad = rule.when.evaluate(frame)
    if (isBad !== false || rule.clearWhen === undefined) return isBad
    return rule.clearWhen.evaluate(frame) === true ? false : undefined
  }
}

/** What an aggregate is over a window in which nothing changes. */
function constant(name: AggregateName, value: number): number {
  if (name === 'rate' || name === 'age') return 0
  return name === 'count' ? 5 : value
}

function needsOf(rule: CompiledRule): string[] {
  return [...new Set([...rule.when.needs, ...(rule.clearWhen?.needs ?? [])])]
}

function textOf({ definition }: CompiledRule): string {
  const { clearWhen = '', params, when } = definition
  return `${when} ${clearWhen} ${JSON.stringify(params ?? {})}`
}

/** The numbers in texts, what lies just beside them, and the usual ones; healthy paths tend to be the middle. */
function neighbours(texts: readonly string[]): number[] {
  const named = texts.flatMap((text) => text.match(/\d+(?:\.\d+)?/gu) ?? []).map(Number)
  const near = named.flatMap((value) => [
    value,
    value / 2,
    value - 1,
    value + 1,
    value * 2,
    value * 8,
  ])
  return [...new Set([1, ...near, ...usual])].filter((value) => value >= 0)
}
