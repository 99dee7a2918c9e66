import { describe, expect, it } from 'vitest'
import { RuleScope, createFrame } from '../../../src/engine/rules/scope.ts'
import { compileSentence } from '../../../src/engine/rules/sentence.ts'
import { probe } from './rule-fixtures.ts'

const windows = { slow: 60_000 }

function fill(template: string, values: Readonly<Record<string, number>>): string {
  const scope = new RuleScope(probe.measures)
  const result = compileSentence(template, { scope, windows })
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  const frame = createFrame(scope, { path: 'p', probe: 'hls', vantage: 'fra' })
  for (const [name, value] of Object.entries(values)) frame.values[scope.slot(name)] = value
  frame.aggregates.fill(2_345_678)
  return result.sentence.fill(frame)
}

describe('a sentence with values', () => {
  it.each([
    [
      'seconds, where the template writes the s',
      'age {playlist_age_seconds}s now',
      'age 12.3s now',
    ],
    ['seconds, where it does not', 'age {playlist_age_seconds}', 'age 12.3 s'],
    ['a bit rate', '{bitrate_bits_per_second}', '4.20 Mbit/s'],
    ['a small bit rate', '{advertised_bits_per_second}', '640 kbit/s'],
    ['a ratio', '{missing_ratio} missing', '62.5 % missing'],
    ['a count', '{errors_total} errors', '7 errors'],
    ['an aggregate', '{p50(bitrate_bits_per_second, slow)}', '2.35 Mbit/s'],
    ['arithmetic in one unit', 'limit {max(3 * target_duration_seconds, 4)}s', 'limit 6.0s'],
    [
      'a quotient, which has no unit',
      '{playlist_age_seconds / target_duration_seconds} targets',
      '6.17 targets',
    ],
    ['text without values', 'nothing moves', 'nothing moves'],
  ])('writes %s', (_, template, expected) => {
    const values = {
      playlist_age_seconds: 12.34,
      target_duration_seconds: 2,
      bitrate_bits_per_second: 4.2e6,
      advertised_bits_per_second: 640_000,
      missing_ratio: 0.625,
      errors_total: 7,
    }

    expect(fill(template, values)).toBe(expected)
  })

  it('writes ? for what is absent', () => {
    expect(fill('age {playlist_age_seconds}s', {})).toBe('age ?s')
  })

  it('grows with the ages in it', () => {
    const scope = new RuleScope(probe.measures)
    const result = compileSentence('{playlist_age_seconds}s', { scope, windows })
    const frame = createFrame(scope, { path: 'p', probe: 'hls', vantage: 'fra' })
    frame.values[scope.slot('playlist_age_seconds')] = 2
    frame.elapsedMs = 3_000

    expect(result.ok && result.sentence.fill(frame)).toBe('5.0s')
  })

  it('names the place of an unknown measurement in the whole template', () => {
    const result = compileSentence('age {playlist_age_second}s', {
      scope: new RuleScope(probe.measures),
      windows,
    })

    expect(result).toEqual({
      ok: false,
      errors: [
        {
          line: 1,
          column: 6,
          message: 'unknown measurement "playlist_age_second"',
          nearest: 'playlist_age_seconds',
        },
      ],
    })
  })
})
