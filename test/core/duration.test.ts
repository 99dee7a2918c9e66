import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['2s', 2_000],
    ['0s', 0],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
  ])('reads %s as %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '1 s', 's', '-2s', '2S', '1s1m', '1s2s', '1e3s', '2s ', '9'.repeat(39) + 'd'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )

  it('reads back whatever formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [999, '999ms'],
    [61_000, '1m1s'],
    [-1_500, '-1s500ms'],
    [1.4, '1ms'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
