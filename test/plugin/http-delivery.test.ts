import { describe, expect, test } from 'vitest'
import { retryAfter } from '../../src/plugin/http-delivery.ts'

describe('Retry-After', () => {
  const wall = Date.UTC(2026, 10, 21, 7, 28, 0)

  test.for<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Sat, 21 Nov 2026 07:29:30 GMT', 90_000],
    ['Sat, 21 Nov 2026 07:00:00 GMT', 0],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026', 2_026_000],
    ['99999999999', undefined],
  ])('%s asks for %s ms', ([value, expected]) => {
    expect(retryAfter(value, wall)).toBe(expected)
  })
})
