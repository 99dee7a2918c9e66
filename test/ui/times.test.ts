import { describe, expect, it } from 'vitest'
import { ago, countdown, dayOf, span, timeOfDay } from '../../src/ui/times.ts'

describe('span', () => {
  it.each([
    [-5, '0.0 s'],
    [449, '0.4 s'],
    [24_900, '24 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [86_400_000, '1 d'],
    [180_000_000, '2 d 2 h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(span(ms)).toBe(text)
  })
})

describe('countdown', () => {
  it.each([
    [-1, '0 s'],
    [1, '1 s'],
    [95_001, '96 s'],
    [120_000, '2 min'],
    [250_000, '4 min 10 s'],
    [7_200_000, '2 h'],
  ])('writes %d ms as %s, never less than is left', (ms, text) => {
    expect(countdown(ms)).toBe(text)
  })
})

describe('ago', () => {
  it.each([
    [0, 'just now'],
    [-3_000, 'just now'],
    [1_999, 'just now'],
    [2_000, '2 s ago'],
    [720_000, '12 min ago'],
  ])('says of what was %d ms before: %s', (ms, text) => {
    expect(ago(1_000_000 - ms, 1_000_000)).toBe(text)
  })
})

describe('days', () => {
  const noon = new Date(2026, 4, 20, 12, 0, 5).getTime()

  it.each([
    [0, 'Today'],
    [86_400_000, 'Yesterday'],
    [2 * 86_400_000, 'Monday 18 May'],
  ])('%d ms before noon is %s', (ms, text) => {
    expect(dayOf(noon - ms, noon)).toBe(text)
  })

  it('shows the time of day with seconds', () => {
    expect(timeOfDay(noon)).toBe('12:00:05')
  })
})
