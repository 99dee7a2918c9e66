import { describe, expect, test } from 'vitest'
import { PathTrend } from '../../src/app/path-trend.ts'
import type { RuleVerdict } from '../../src/core/health.ts'
import type { Outcome } from '../../src/core/sample.ts'

function report(...rules: readonly string[]) {
  return {
    active: rules.map((rule): RuleVerdict => ({
      rule,
      class: 'down',
      severity: 'critical',
      says: '',
      since: 0,
      isClearing: false,
    })),
  }
}

const needs = (rule: string) =>
  ({ stalled: ['target_seconds', 'age_seconds'], missing: ['missing_ratio'] })[rule] ?? []

function trendOf(
  looks: readonly (readonly [Outcome, Readonly<Record<string, number>>])[],
): PathTrend {
  const trend = new PathTrend()
  for (const [index, [outcome, measurements]] of looks.entries()) {
    trend.take({ at: index * 2_000, outcome, measurements })
  }
  return trend
}

describe('the trend of a path', () => {
  test('shows the measurement that moved of those that the active rule reads', () => {
    const ages = [2, 2, 4, 6, 8, 10, 12.5]
    const trend = trendOf(ages.map((age_seconds) => ['pass', { target_seconds: 2, age_seconds }]))

    expect(trend.line(report('stalled'), needs)).toBe('age_seconds 2 ▁▁▂▄▅▆█ 12.5 within 12s')
  })

  test('shows what does not move as a flat line', () => {
    const trend = trendOf(Array.from({ length: 4 }, () => ['pass', { missing_ratio: 0.9 }]))

    expect(trend.line(report('missing'), needs)).toBe('missing_ratio 0.9 ▁▁▁▁ 0.9 within 6s')
  })

  test('passes over looks that did not measure it, and measurements that are no numbers', () => {
    const trend = trendOf([
      ['pass', { missing_ratio: 0 }],
      ['fail', {}],
      ['pass', { missing_ratio: Number.NaN }],
      ['pass', { other: 1 }],
      ['pass', { missing_ratio: 0.5 }],
      ['pass', { missing_ratio: 1 }],
    ])

    expect(trend.line(report('missing'), needs)).toBe('missing_ratio 0 ▁▅█ 1 within 10s')
  })

  test.for([
    ['a rule that reads none', ['unreachable']],
    ['a rule whose measurements were never taken', ['missing']],
  ] as const)('shows how the looks went for %s', ([, rules]) => {
    const trend = trendOf([
      ['pass', {}],
      ['unknown', {}],
      ['fail', {}],
      ['fail', {}],
    ])

    expect(trend.line(report(...rules), needs)).toBe('looks █·▁▁ 2 of 4 failed within 6s')
  })

  test('keeps the last thirty looks, in order, also of measurements that came later', () => {
    const trend = trendOf([
      ...Array.from({ length: 95 }, () => ['pass', { missing_ratio: 1 }] as const),
      ...Array.from({ length: 28 }, () => ['pass', { late: 1, missing_ratio: 0 }] as const),
      ['pass', { late: 2, missing_ratio: 7 }],
    ])

    expect(trend.line(report('missing'), needs)).toBe(
      `missing_ratio 1 ▂${'▁'.repeat(28)}█ 7 within 58s`,
    )
    expect(trend.line(report('late'), () => ['late'])).toBe(
      `late 1 ${'▁'.repeat(28)}█ 2 within 56s`,
    )
  })

  test('is absent while no rule is active, and before there is something to see', () => {
    const two = trendOf(Array.from({ length: 2 }, () => ['fail', { missing_ratio: 1 }]))
    const good = trendOf(Array.from({ length: 9 }, () => ['pass', { missing_ratio: 0 }]))

    expect(two.line(report('missing'), needs)).toBeUndefined()
    expect(good.line(report(), needs)).toBeUndefined()
    expect(new PathTrend().line(report('missing'), needs)).toBeUndefined()
  })

  test('keeps a bounded number of measurements, however many a probe invents', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`m${n}`, n]))
    const trend = trendOf(Array.from({ length: 4 }, () => ['pass', many]))

    expect(trend.line(report('x'), () => ['m127'])).toContain('m127')
    expect(trend.line(report('x'), () => ['m128'])).toContain('looks')
  })
})
