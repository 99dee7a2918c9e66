import { describe, expect, test } from 'vitest'
import { emptyRow, recall, type GroupMemory } from '../../../src/engine/group/memory.ts'
import { groupSettings } from '../../fakes/group-settings.ts'

const settings = groupSettings()
const row = { ...emptyRow(settings.name), version: 3 }
const before: GroupMemory = {
  ...recall(row, settings, 0, 1_000_000),
  rejected: new Map([['cdn-b', { until: 9_000, says: 'connection refused' }]]),
  lagging: new Map([[1, 'v7']]),
  unverified: { until: 60_000, reason: 'failover', says: 'cdn-b: not good within 30s' },
}

describe('a row that this process reads again', () => {
  test('takes nothing of what it knows besides: refused targets, lagging actuators, what could not be verified', () => {
    const again = recall({ ...row, revision: 9 }, settings, 5_000, 1_005_000, before)

    expect(again).toMatchObject({
      rejected: before.rejected,
      lagging: before.lagging,
      unverified: before.unverified,
    })
  })

  test('makes no lag of ours out of what another leader applied since', () => {
    const again = recall({ ...row, version: 4 }, settings, 5_000, 1_005_000, before)

    expect(again.lagging).toBeUndefined()
    expect(again.rejected).toEqual(before.rejected)
  })

  test('must be read back from the world all the same', () => {
    const again = recall(row, settings, 5_000, 1_005_000, { ...before, readBack: true })

    expect(again).toMatchObject({ readBack: false, observingSince: 5_000 })
  })

  test('tells by how much a stored change lies ahead of a clock that went back, and keeps it', () => {
    const entry = {
      intent: '1',
      reason: 'failover' as const,
      from: { 'cdn-a': 100 },
      to: { 'cdn-b': 100 },
      leaving: ['cdn-a'],
      target: 'cdn-b',
      at: 1_000_000,
      charge: 1,
    }
    const changed = { ...row, ledger: [entry] }

    const first = recall(changed, settings, 0, 900_000)
    const later = recall(changed, settings, 5_000, 905_000, first)

    expect(first.changes).toMatchObject([{ at: 0, aheadMs: 100_000 }])
    expect(later.changes).toMatchObject([{ at: 0, aheadMs: 100_000 }])
    expect(recall(changed, settings, 0, 1_000_500).changes).toMatchObject([
      { at: -500, aheadMs: -500 },
    ])
  })
})
