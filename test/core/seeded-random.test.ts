import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'

function draw(seed: number, count: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('a seeded source of chance', () => {
  it('repeats itself for the same seed and differs for another', () => {
    expect(draw(7, 100)).toEqual(draw(7, 100))
    expect(draw(7, 5)).not.toEqual(draw(8, 5))
  })

  it('is spread evenly over [0, 1), also for neighbouring seeds', () => {
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let seed = 0; seed < 1_000; seed += 1) {
      for (const value of draw(seed, 10)) {
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThan(1)
        buckets[Math.floor(value * 10)]! += 1
      }
    }

    expect(Math.min(...buckets)).toBeGreaterThan(900)
    expect(Math.max(...buckets)).toBeLessThan(1_100)
  })
})
