import type { RuleDefinition, RulePack } from '../../../src/core/rule.ts'
import type { MeasurementDeclaration, Sample } from '../../../src/core/sample.ts'
import type { RuleTiming } from '../../../src/core/settings.ts'
import { createPathWatch } from '../../../src/engine/rules/path-watch.ts'
import type { PathWatch } from '../../../src/engine/rules/path-watch.ts'
import { compileRuleSet } from '../../../src/engine/rules/rule-set.ts'
import type { ProbeMeasures, RuleSet } from '../../../src/engine/rules/rule-set.ts'

/** A measurement of the kind and unit that its name suggests. */
export function declare(
  name: string,
  kind: MeasurementDeclaration['kind'] = name.includes('age') ? 'age' : 'gauge',
): MeasurementDeclaration {
  const unit = name.endsWith('bits_per_second')
    ? 'bits_per_second'
    : name.endsWith('seconds')
      ? 'seconds'
      : name.endsWith('ratio')
        ? 'ratio'
        : 'count'
  return { name, kind, unit, help: name }
}

export const probe: ProbeMeasures = {
  type: 'hls',
  measures: [
    declare('playlist_age_seconds'),
    declare('target_duration_seconds'),
    declare('bitrate_bits_per_second'),
    declare('advertised_bits_per_second'),
    declare('errors_total', 'counter'),
    declare('missing_ratio'),
  ],
}

/** A rule with defaults for what a test does not care about. */
export function rule(
  fields: Partial<RuleDefinition> & Pick<RuleDefinition, 'name'>,
): RuleDefinition {
  return {
    class: 'down',
    severity: 'critical',
    when: 'missing_ratio > 0.5',
    says: 'bad',
    ...fields,
  }
}

export const stalled = rule({
  name: 'playlist-stalled',
  when: 'playlist_age_seconds > max(3 * target_duration_seconds, 4)',
  forMs: 1_000,
  says: 'no new segment for {playlist_age_seconds}s',
  diagnosis: 'playlist-stalled',
})

/** Compiles rules or throws: a test's rules are right. */
export function rulesOf(
  rules: readonly RuleDefinition[],
  windows: RulePack['windows'] = { slow: 60_000 },
): RuleSet {
  const compiled = compileRuleSet([{ name: 'test', windows, rules }], [probe])
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  return compiled.set
}

export const timing: RuleTiming = {
  everyMs: 5_000,
  forMs: 15_000,
  ratio: { bad: 6, of: 12 },
  clearForMs: 60_000,
  staleAfterMs: 15_000,
}

export function sampleAt(at: number, fields: Partial<Sample> = {}): Sample {
  return {
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    probe: 'hls',
    at,
    wall: at,
    outcome: 'pass',
    measurements: {},
    findings: [],
    ...fields,
  }
}

export function watchOf(
  rules: readonly RuleDefinition[],
  overrides: Partial<RuleTiming> = {},
): PathWatch {
  return createPathWatch({
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    probe,
    rules: rulesOf(rules),
    timing: { ...timing, ...overrides },
    now: 0,
  })
}

/** A watch, and short ways to feed it. Times are seconds. */
export class Feed {
  readonly watch: PathWatch

  constructor(watch: PathWatch) {
    this.watch = watch
  }

  pass(at: number, measurements: Sample['measurements'] = {}) {
    return this.watch.apply(sampleAt(at * 1_000, { measurements }), at * 1_000)
  }

  fail(at: number, reason = 'connection refused', fields: Partial<Sample> = {}) {
    const sample = sampleAt(at * 1_000, { outcome: 'fail', reason, ...fields })
    return this.watch.apply(sample, at * 1_000)
  }

  blind(at: number, reason = 'no descriptor left') {
    return this.watch.apply(sampleAt(at * 1_000, { outcome: 'unknown', reason }), at * 1_000)
  }

  /** Passes every 5 s from `from` to `to`, both included. */
  passes(from: number, to: number, measurements: Sample['measurements'] = {}) {
    for (let at = from; at <= to; at += 5) this.pass(at, measurements)
    return this.watch.report
  }
}
