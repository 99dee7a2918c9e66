import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { glob } from '../../../src/engine/rules/glob.ts'

describe('glob', () => {
  it.each([
    ['cdn-a', 'cdn-?', true],
    ['cdn-aa', 'cdn-?', false],
    ['channel-1/cdn/a', 'channel-*/a', true],
    ['channel-1/cdn/b', 'channel-*/a', false],
    ['', '*', true],
    ['a', '', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['aXbXc', '*X*X*', true],
  ])('%s matches %s: %s', (text, pattern, expected) => {
    expect(glob(text, pattern)).toBe(expected)
  })

  it('agrees with the regular expression of the same meaning', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(text, letters, (subject, pattern) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('?', '.')

        expect(glob(subject, pattern)).toBe(new RegExp(`^${source}$`, 'u').test(subject))
      }),
      { numRuns: 1_000 },
    )
  })

  it('stays fast where a regular expression would not', () => {
    const pattern = `${'a*'.repeat(500)}b`

    expect(glob('a'.repeat(2_000), pattern)).toBe(false)
  })
})
