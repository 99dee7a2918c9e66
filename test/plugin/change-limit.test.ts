import { describe, expect, test } from 'vitest'
import type { ChangeReason } from '../../src/core/group.ts'
import { emptyRow } from '../../src/engine/group/memory.ts'
import { limitViolation, sayLimit } from '../../src/plugin/change-limit.ts'

const wall = 1_800_000_000_000
const withinMs = 300_000

/** The row of a group that changed so many milliseconds ago. */
function changed(group: string, agoMs: number, reason: ChangeReason = 'failover') {
  const entry = { from: {}, to: {}, leaving: [], target: 'cdn-b', charge: 1 }
  return {
    ...emptyRow(group),
    ledger: [{ ...entry, intent: `i-${group}`, reason, at: wall - agoMs }],
  }
}

describe('the limit of changing groups, as a store judges it', () => {
  test.each([
    ['nothing else changed', [], 1, true],
    ['no place is left', [], 0, false],
    ['another group changed', [changed('b/cdn', 10_000)], 1, false],
    ['another group changed, and there is room', [changed('b/cdn', 10_000)], 2, true],
    ['another group changed long ago', [changed('b/cdn', withinMs)], 1, true],
    ['the time of its change lies far ahead', [changed('b/cdn', -withinMs)], 1, true],
    ['another group was rehearsed', [changed('b/cdn', 10_000, 'drill')], 1, true],
    ['the caller reckons with it', [changed('known/cdn', 10_000)], 1, true],
  ])('where %s', (_, rows, free, fits) => {
    const violation = limitViolation({ free, known: ['i-known/cdn'], withinMs }, rows, wall)

    expect(violation === undefined).toBe(fits)
  })

  test('names what the caller has not heard of, and how long ago it was', () => {
    const rows = [changed('b/cdn', 10_000), changed('c/cdn', -2_000)]

    const violation = limitViolation({ free: 2, known: [], withinMs }, rows, wall)

    expect(violation).toEqual([
      { group: 'b/cdn', intent: 'i-b/cdn', agoMs: 10_000 },
      { group: 'c/cdn', intent: 'i-c/cdn', agoMs: 0 },
    ])
    expect(sayLimit(violation ?? [])).toBe(
      'another process changed b/cdn, c/cdn meanwhile, and no further group may change now',
    )
  })
})
