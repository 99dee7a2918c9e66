import { describe, expect, it } from 'vitest'
import { parseNumbers, parseWords } from '../../src/app/scenarios/series.ts'

describe('a series', () => {
  it.each([
    ['2', [2]],
    ['2x3', [2, 2, 2]],
    ['2x2 40x1', [2, 2, 40]],
    ['0+1x4', [0, 1, 2, 3]],
    ['10-2.5x3', [10, 7.5, 5]],
    ['0.1+0.1x4', [0.1, 0.2, 0.3, 0.4]],
    ['-1x2', [-1, -1]],
    ['4e6x2', [4e6, 4e6]],
    ['_ 1 _x2', [undefined, 1, undefined, undefined]],
    ['2x0', []],
  ])('of numbers: %s', (text, steps) => {
    expect(parseNumbers(text)).toEqual({ ok: true, steps })
  })

  it('of words: passx2 _ fail', () => {
    expect(parseWords('passx2 _ fail', ['pass', 'fail'])).toEqual({
      ok: true,
      steps: ['pass', 'pass', undefined, 'fail'],
    })
  })

  it.each(['', 'x3', '2y3', '2x', '1+x3', '1+2', '--1x2', '_+1x2'])(
    'is no series: "%s"',
    (text) => {
      expect(parseNumbers(text).ok).toBe(false)
    },
  )
})
