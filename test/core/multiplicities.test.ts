import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { multiplicities } from '../../src/core/multiplicities.ts'

const weights = fc
  .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 12 })
  .map((list) => new Map(list.map((weight, index) => [`p${index}`, weight])))

function counts(given: readonly number[], slots: number): number[] {
  return [
    ...multiplicities(new Map(given.map((each, index) => [`p${index}`, each])), slots).values(),
  ]
}

describe('how often a name stands in a round-robin set', () => {
  it.each([
    [[100, 0], 20, [1, 0]],
    [[75, 25], 20, [3, 1]],
    [[80, 20], 20, [4, 1]],
    [[99, 1], 20, [19, 1]],
    [[34, 33, 33], 20, [7, 7, 6]],
    [[34, 33, 33], 100, [34, 33, 33]],
    [[40, 60], 1, [0, 1]],
    [[50, 50], 1, [1, 0]],
    [[1, 1, 98], 2, [1, 0, 1]],
    [[0, 0], 20, [0, 0]],
  ])('%j in %i slots is %j', (given, slots, expected) => {
    expect(counts(given, slots)).toEqual(expected)
  })

  it('is within one slot of its share, and never none where there is weight and room', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 12, max: 100 }), (given, slots) => {
        const found = multiplicities(given, slots)
        const total = [...given.values()].reduce((sum, weight) => sum + weight, 0)
        const entries = [...found.values()].reduce((sum, count) => sum + count, 0)

        expect(entries).toBeLessThanOrEqual(slots)
        expect([...found.keys()]).toEqual([...given.keys()])
        for (const [name, weight] of given) {
          const count = found.get(name) ?? 0
          expect(count > 0).toBe(weight > 0)
          if (weight === 0) continue
          const share = (count / entries) * slots
          const limit = given.size
          expect(Math.abs(share - (weight / total) * slots)).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})
