import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VantageReport } from '../../../src/core/health.ts'
import type { RuleDefinition } from '../../../src/core/rule.ts'
import { PathComparison } from '../../../src/engine/rules/path-comparison.ts'
import { createPathWatch, type PathWatch } from '../../../src/engine/rules/path-watch.ts'
import { compileRuleSet } from '../../../src/engine/rules/rule-set.ts'
import { probe, rule, rulesOf, sampleAt, timing } from './rule-fixtures.ts'

const worse = rule({
  name: 'worse',
  class: 'degraded',
  severity: 'warning',
  params: { times: 2 },
  when: 'missing_ratio > times * others.max(missing_ratio)',
  forMs: 10_000,
  says: '{missing_ratio} here, {others.max(missing_ratio)} there',
})

/** Paths of one group, seen from one or more vantages, and what comparing them says. */
class Bench {
  readonly comparison: PathComparison
  readonly #watches = new Map<string, PathWatch>()
  readonly #rules: ReturnType<typeof rulesOf>
  now = 0

  constructor(rules: readonly RuleDefinition[] = [worse]) {
    this.#rules = rulesOf(rules)
    this.comparison = new PathComparison({ rules: this.#rules, timing, probes: [probe] })
  }

  watch(path: string, vantage = 'fra'): PathWatch {
    const key = `${path} ${vantage}`
    const known = this.#watches.get(key)
    if (known !== undefined) return known
    const input = { path: `s/g/${path}`, vantage, probe, rules: this.#rules, timing, now: this.now }
    const watch = createPathWatch(input)
    this.#watches.set(key, watch)
    return watch
  }

  /** One look at each path: a number of missing segments, or an outcome. */
  look(
    seen: Readonly<Record<string, number | 'fail' | 'unknown' | undefined>>,
    vantage = 'fra',
  ): Record<string, VantageReport> {
    const reports: Record<string, VantageReport> = {}
    for (const [path, value] of Object.entries(seen)) {
      if (value === undefined) continue
      const fields =
        typeof value === 'number'
          ? { measurements: { missing_ratio: value } }
          : { outcome: value, reason: value }
      const own = { path: `s/g/${path}`, vantage }
      const report = this.watch(path, vantage).apply(
        sampleAt(this.now, { ...fields, ...own }),
        this.now,
      )
      reports[path] = this.comparison.apply(report, this.now)
    }
    return reports
  }

  /** The same looks every five seconds for a minute, and what was said last. */
  minute(seen: Parameters<Bench['look']>[0], vantage = 'fra'): Record<string, VantageReport> {
    let last: Record<string, VantageReport> = {}
    for (let count = 0; count < 12; count += 1) {
      last = this.look(seen, vantage)
      this.now += 5_000
    }
    return last
  }
}

describe('a rule that compares paths', () => {
  it('degrades the path that is worse, and says how the others are', () => {
    const reports = new Bench().minute({ a: 0.4, b: 0.1, c: 0.15 })

    expect(reports['a']).toMatchObject({ health: 'degraded', says: '40 % here, 15 % there' })
    expect(reports['a']?.active).toMatchObject([{ rule: 'worse', class: 'degraded' }])
    expect([reports['b']?.health, reports['c']?.health]).toEqual(['up', 'up'])
  })

  it('takes its for and its clear_for', () => {
    const bench = new Bench()
    bench.minute({ a: 0.1, b: 0.1 })
    bench.look({ a: 0.4, b: 0.1 })
    bench.now += 5_000

    const pending = bench.look({ a: 0.4, b: 0.1 })['a']
    bench.now += 5_000
    const active = bench.look({ a: 0.4, b: 0.1 })['a']
    bench.now += 5_000
    const clearing = bench.look({ a: 0.1, b: 0.1 })['a']
    bench.now += 5_000
    bench.minute({ a: 0.1, b: 0.1 })
    const clear = bench.look({ a: 0.1, b: 0.1 })['a']

    expect([pending?.health, pending?.pending[0]?.rule]).toEqual(['up', 'worse'])
    expect([active, clearing, clear].map((report) => report?.health)).toEqual([
      'degraded',
      'degraded',
      'up',
    ])
  })

  it.each([
    ['there is no other path', { a: 0.4 }],
    ['the other was never looked at', { a: 0.4, b: undefined }],
    ['the other is down', { a: 0.4, b: 'fail' }],
    ['nothing is known of the other', { a: 0.4, b: 'unknown' }],
  ] as const)('is absent where %s', (_, seen) => {
    expect(new Bench().minute(seen)['a']).toMatchObject({ health: 'up', active: [], pending: [] })
  })

  it('is absent once the others are stale', () => {
    const bench = new Bench()
    bench.minute({ a: 0.1, b: 0.1 })
    bench.now += timing.staleAfterMs

    expect(bench.minute({ a: 0.4 })['a']).toMatchObject({ health: 'up', pending: [] })
  })

  it('compares what one vantage sees, never two', () => {
    const bench = new Bench()
    for (let count = 0; count < 12; count += 1) {
      bench.look({ a: 0.4 }, 'fra')
      bench.look({ b: 0.1 }, 'lhr')
      bench.now += 5_000
    }

    expect(bench.look({ a: 0.4 }, 'fra')['a']).toMatchObject({ health: 'up', pending: [] })
  })

  it('takes no witness for a path', () => {
    const report = new Bench().minute({ a: 0.4, 'a@server': 0.1, 'b@server': 0.1 })['a']

    expect(report).toMatchObject({ health: 'up', pending: [] })
  })

  it('counts, averages and takes aggregates of the others', () => {
    const when =
      'others.count(missing_ratio) == 2 && others.mean(mean(missing_ratio, slow)) < 0.25 && ' +
      'missing_ratio > others.min(missing_ratio)'
    const rules = [rule({ ...worse, when, says: '{others.mean(mean(missing_ratio, slow))}' })]

    const reports = new Bench(rules).minute({ a: 0.8, b: 0.1, c: 0.2 })

    expect(reports['a']).toMatchObject({ health: 'degraded', says: '15 %' })
    expect([reports['b']?.health, reports['c']?.health]).toEqual(['up', 'up'])
  })

  it('keeps its state across a reload that does not alter it, and starts anew where one does', () => {
    const bench = new Bench()
    bench.minute({ a: 0.4, b: 0.1 })

    const configure = (rules: readonly RuleDefinition[]) =>
      bench.comparison.configure({ rules: rulesOf(rules), timing, probes: [probe] })
    configure([worse])
    const kept = bench.look({ a: 0.4, b: 0.1 })['a']
    configure([])
    const gone = bench.look({ a: 0.4, b: 0.1 })['a']

    expect(kept?.health).toBe('degraded')
    expect(gone?.health).toBe('up')
  })

  it('can only be degraded', () => {
    const compiled = compileRuleSet(
      [{ name: 'p', windows: {}, rules: [{ ...worse, class: 'down' }] }],
      [probe],
    )

    expect(compiled).toMatchObject({
      ok: false,
      errors: [
        {
          rule: 'worse',
          field: 'when',
          message: expect.stringContaining('must be of class degraded'),
        },
      ],
    })
  })

  it.each([
    ['others.median(missing_ratio) > 1', 'others knows min, max, mean, count, not "median"'],
    ['others.max() > 1', 'others takes a measurement or an aggregate'],
    ['others.max(missing_ratio + 1) > 1', 'others takes a measurement or an aggregate'],
    ['others.max(mising_ratio) > 1', 'unknown measurement "mising_ratio"'],
    ['others.max(p50(missing_ratio, slwo)) > 1', 'unknown window "slwo"'],
    ['others.max(abs(missing_ratio)) > 1', '"abs" is no aggregate over a window'],
    ['others > 1', 'unknown measurement "others"'],
  ])('is refused as %s', (when, message) => {
    const compiled = compileRuleSet(
      [{ name: 'p', windows: { slow: 60_000 }, rules: [{ ...worse, when }] }],
      [probe],
    )

    expect(compiled).toMatchObject({
      ok: false,
      errors: [{ message: expect.stringContaining(message) }],
    })
  })
})

describe('comparing paths, whatever they show', () => {
  const value = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom('fail' as const, 'unknown' as const, undefined),
  )
  const looks = fc.array(fc.record({ a: value, b: value, c: value }), { maxLength: 40 })

  it('turns up into degraded and nothing else', () => {
    fc.assert(
      fc.property(looks, (script) => {
        const bench = new Bench()
        for (const seen of script) {
          const reports = bench.look(seen)
          for (const [path, report] of Object.entries(reports)) {
            const own = bench.watch(path).report.health
            expect([own, own === 'up' ? 'degraded' : own]).toContain(report.health)
          }
          bench.now += 5_000
        }
      }),
    )
  })

  it('says the same of the same reports', () => {
    fc.assert(
      fc.property(looks, (script) => {
        const said = () => {
          const bench = new Bench()
          return script.map((seen) => {
            const reports = bench.look(seen)
            bench.now += 5_000
            return reports
          })
        }

        expect(said()).toEqual(said())
      }),
    )
  })
})
