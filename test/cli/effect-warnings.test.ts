import { describe, expect, it } from 'vitest'
import { effectWarnings } from '../../src/cli/effect-warnings.ts'
import { plugins } from '../../src/plugins.ts'
import { groupSettings } from '../fakes/group-settings.ts'

function warningsOf(ttl: number, more: object = {}): string[] {
  const options = {
    server: '192.0.2.53',
    zone: 'example.org',
    name: 'live.example.org',
    records: { 'cdn-a': ['a.example.net'], 'cdn-b': ['b.example.net'] },
    key: { name: 'k' },
    ttl,
  }
  const group = {
    ...groupSettings(),
    holddownMs: 120_000,
    budget: { changes: 3, perMs: 3_600_000 },
    actuators: [{ type: 'rfc2136', required: true, options }],
    ...more,
  }
  return effectWarnings(group, plugins)
}

describe('a warning about effect', () => {
  it('is not given where the TTL is far below holddown and budget', () => {
    expect(warningsOf(30_000)).toEqual([])
  })

  it('names a TTL that is longer than the holddown', () => {
    expect(warningsOf(300_000)).toEqual([
      expect.stringMatching(
        /^\S+: rfc2136: a change is in effect everywhere only after 5m, and holddown is 2m: the next one may be made before the last is seen; shorten the TTL or lengthen holddown$/u,
      ),
    ])
  })

  it('names a TTL for which the budget is too generous', () => {
    expect(warningsOf(1_800_000, { holddownMs: 3_600_000 })).toEqual([
      expect.stringContaining(
        'the budget allows 3 changes in 1h, and each takes 30m to be in effect everywhere',
      ),
    ])
  })

  it('names an alias in a group that shares its traffic', () => {
    const sharing = { minServing: 1 }

    expect(warningsOf(30_000, { sharing })).toEqual([
      expect.stringContaining('gives everything to one path'),
    ])
  })
})
