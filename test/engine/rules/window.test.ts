import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregateNames } from '../../../src/engine/rules/scope.ts'
import { Window } from '../../../src/engine/rules/window.ts'

describe('a window', () => {
  it('knows nothing but its count while it is empty', () => {
    const window = new Window(60_000, false)

    const known = aggregateNames.filter((name) => !Number.isNaN(window.aggregate(name, 0)))

    expect(known).toEqual(['count'])
    expect(window.aggregate('count', 0)).toBe(0)
  })

  it.each([
    ['last', 5],
    ['min', 1],
    ['max', 9],
    ['mean', 5],
    ['p50', 5],
    ['p90', 8.2],
    ['count', 3],
    ['age', 2],
  ] as const)('gives %s as %d', (name, expected) => {
    const window = new Window(60_000, false)
    for (const [at, value] of [1, 9, 5].entries()) window.add(value, at * 1_000)

    expect(window.aggregate(name, 4_000)).toBeCloseTo(expected, 10)
  })

  it('forgets what is older than its length, and keeps what is exactly as old', () => {
    const window = new Window(10_000, false)
    window.add(1, 0)
    window.add(2, 5_000)

    expect(window.aggregate('count', 10_000)).toBe(2)
    expect(window.aggregate('min', 10_001)).toBe(2)
    expect(window.aggregate('count', 15_001)).toBe(0)
  })

  it('takes a fall of a counter as a restart of its source', () => {
    const window = new Window(60_000, true)
    for (const [index, value] of [100, 110, 4, 10].entries()) window.add(value, index * 1_000)

    expect(window.aggregate('rate', 3_000)).toBeCloseTo((10 + 4 + 6) / 3)
  })

  it('gives the slope of a gauge, also downwards', () => {
    const window = new Window(60_000, false)
    window.add(10, 0)
    window.add(4, 2_000)

    expect(window.aggregate('rate', 2_000)).toBe(-3)
  })

  it('holds no more than its capacity', () => {
    const window = new Window(60_000, false, 4)
    for (let at = 0; at < 100; at += 1) window.add(at, at)

    expect(window.aggregate('count', 100)).toBe(4)
    expect(window.aggregate('min', 100)).toBe(96)
  })

  it('says what a plain list of the same values says', () => {
    const steps = fc.array(
      fc.record({ gap: fc.nat({ max: 4_000 }), value: fc.integer({ min: -50, max: 50 }) }),
      { minLength: 1, maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, fc.boolean(), (added, counter) => {
        const window = new Window(20_000, counter, 64)
        let at = 0
        let list: { at: number; value: number }[] = []
        for (const { gap, value } of added) {
          at += gap
          window.add(value, at)
          list = [...list, { at, value }].filter((each) => at - each.at <= 20_000).slice(-64)
          const sorted = list.map((each) => each.value).toSorted((a, b) => a - b)
          const sum = sorted.reduce((total, each) => total + each, 0)
          const first = list[0]?.at ?? 0
          let increase = 0
          for (const [index, each] of list.entries()) {
            const before = list[index - 1]?.value ?? each.value
            increase += counter && each.value < before ? each.value : each.value - before
          }
          const rank = 0.9 * (sorted.length - 1)
          const low = sorted[Math.floor(rank)] ?? 0
          const high = sorted[Math.ceil(rank)] ?? 0

          expect(window.aggregate('count', at)).toBe(list.length)
          expect(window.aggregate('min', at)).toBe(sorted[0])
          expect(window.aggregate('max', at)).toBe(sorted.at(-1))
          expect(window.aggregate('mean', at)).toBeCloseTo(sum / list.length, 8)
          expect(window.aggregate('p90', at)).toBeCloseTo(low + (high - low) * (rank % 1), 8)
          const rate = at > first ? (increase / (at - first)) * 1_000 : Number.NaN
          const measured = window.aggregate('rate', at)
          if (Number.isNaN(rate)) expect(measured).toBeNaN()
          else expect(measured).toBeCloseTo(rate, 8)
        }
      }),
      { numRuns: 60 },
    )
  })
})
