import { describe, expect, it } from 'vitest'
import { milliseconds, timeLines, trendOf, zonedMoment } from '../../src/ui/drill-words.ts'
import { drillSummary } from '../api/fake-drills.ts'

const wall = Date.UTC(2026, 10, 21, 12)

it.each([
  [0, '0 ms'],
  [340, '340 ms'],
  [1_250, '1.3 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
])('%d ms is shown as %s', (ms, text) => {
  expect(milliseconds(ms)).toBe(text)
})

it.each([
  ['UTC', 'Wed 25 Nov 10:00 (UTC)'],
  ['Europe/Berlin', 'Wed 25 Nov 11:00 (Europe/Berlin)'],
])('a drill is due in its own zone, %s', (zone, text) => {
  expect(zonedMoment(Date.UTC(2026, 10, 25, 10), zone)).toBe(text)
})

describe('the times of a drill', () => {
  it('stand in their order beside what was asked for; what was not measured has missed', () => {
    const drill = drillSummary(wall, 'd1', 1, 'FAILED', {
      times: { return: 900, apply: 12_000 },
      objectives: { apply: 10_000, gap: 5_000 },
    })

    expect(timeLines(drill)).toEqual([
      { measure: 'apply', label: 'apply', says: '12 s', wanted: 'at most 10 s', ok: false },
      {
        measure: 'gap',
        label: 'viewer gap',
        says: 'not measured',
        wanted: 'at most 5 s',
        ok: false,
      },
      { measure: 'return', label: 'return', says: '900 ms' },
    ])
  })

  it('of before objectives were kept stand alone', () => {
    const { objectives: _, ...old } = drillSummary(wall, 'd1', 1, 'PASSED', { times: { apply: 1 } })

    expect(timeLines(old)).toEqual([{ measure: 'apply', label: 'apply', says: '1 ms' }])
  })
})

describe('the trend of a drill', () => {
  const drill = (id: string, outcome: 'PASSED' | 'FAILED' | 'SKIPPED', gap?: number) =>
    drillSummary(wall, id, 1, outcome, { times: gap === undefined ? {} : { gap } })

  it('goes from the oldest to the newest, as shares of the longest, with the objective', () => {
    const trend = trendOf([
      drill('d3', 'PASSED', 2_000),
      drill('d2', 'SKIPPED'),
      drill('d1', 'FAILED', 8_000),
    ])

    expect(trend).toEqual({
      label: 'viewer gap',
      bars: [
        { id: 'd1', outcome: 'FAILED', share: 1, says: 'FAILED 8 s' },
        { id: 'd2', outcome: 'SKIPPED', says: 'SKIPPED' },
        { id: 'd3', outcome: 'PASSED', share: 0.25, says: 'PASSED 2 s' },
      ],
      objective: 0.625,
      says: 'viewer gap, oldest first: FAILED 8 s, SKIPPED, PASSED 2 s; wanted at most 5 s',
    })
  })

  it('is of applying where no gap was measured', () => {
    const applied = (id: string) => drillSummary(wall, id, 1, 'PASSED', { times: { apply: 500 } })

    expect(trendOf([applied('d2'), applied('d1')])?.label).toBe('apply')
  })

  it('is none of a single time, and never longer than twelve', () => {
    const many = Array.from({ length: 20 }, (_, index) => drill(`d${index}`, 'PASSED', 100))

    expect(trendOf([drill('d1', 'PASSED', 100)])).toBeUndefined()
    expect(trendOf(many)?.bars).toHaveLength(12)
  })
})
