import { describe, expect, it } from 'vitest'
import type { Scenario } from '../../src/app/scenarios/scenario-file.ts'
import { scenarioGroup } from '../../src/app/scenarios/scenario-group.ts'
import type { Health, PathHealth } from '../../src/core/health.ts'
import { pathHealth } from '../fakes/group-settings.ts'
import { timing } from '../engine/rules/rule-fixtures.ts'

const vantages = [{ name: 'fra', domain: 'hetzner' }]

function scenario(paths: readonly string[] = ['cdn-a', 'cdn-b']): Scenario {
  return {
    name: 'a scenario',
    place: 'rules/own.test.yaml:2:5',
    timing,
    changes: {},
    quorum: { atLeast: 2, fraction: 0.5, domains: 2, minFresh: 2 },
    vantages,
    rows: paths.map((path) => ({
      path,
      witness: undefined,
      vantage: 'fra',
      probe: { type: 'hls', measures: [] },
      outcome: undefined,
      reason: undefined,
      series: {},
    })),
    steps: 1,
    expectations: [],
  }
}

/** Health of paths by name, since a time. */
function seen(health: Readonly<Record<string, Health>>, since = 0): Map<string, PathHealth> {
  const votes = (each: Health) => [
    {
      vantage: 'fra',
      domain: 'hetzner',
      health: each === 'contested' ? ('unknown' as const) : each,
      says: `it is ${each}`,
    },
  ]
  return new Map(
    Object.entries(health).map(([path, each]) => [
      path,
      { ...pathHealth(each, since), votes: votes(each) },
    ]),
  )
}

describe('a group as a rule scenario sees it', () => {
  it('serves from its first path, and has decided nothing at first', () => {
    const group = scenarioGroup('channel-1/cdn', scenario())

    expect(group.answer()).toEqual({
      state: 'OBSERVE',
      writes: 0,
      active: 'cdn-a',
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      says: 'not evaluated yet',
    })
  })

  it('stays where all is well', async () => {
    const group = scenarioGroup('channel-1/cdn', scenario())

    await group.advance(60_000, seen({ 'cdn-a': 'up', 'cdn-b': 'up' }))

    expect(group.answer()).toMatchObject({ state: 'STEADY', writes: 0, active: 'cdn-a' })
  })

  it('leaves a path that is down, once', async () => {
    const group = scenarioGroup('channel-1/cdn', scenario())

    for (const now of [60_000, 61_000, 62_000]) {
      await group.advance(now, seen({ 'cdn-a': 'down', 'cdn-b': 'up' }))
    }

    expect(group.answer()).toMatchObject({ state: 'STEADY', writes: 1, active: 'cdn-b' })
  })

  it.each<[Health, string]>([
    ['contested', 'STEADY'],
    ['degraded', 'STEADY'],
    ['unknown', 'BLIND'],
  ])('does not leave a path that is %s', async (health, state) => {
    const group = scenarioGroup('channel-1/cdn', scenario())

    await group.advance(600_000, seen({ 'cdn-a': health, 'cdn-b': 'up' }))

    expect(group.answer()).toMatchObject({ state, writes: 0, active: 'cdn-a' })
  })

  it('keeps where it is when every path is down', async () => {
    const group = scenarioGroup('channel-1/cdn', scenario())

    await group.advance(60_000, seen({ 'cdn-a': 'down', 'cdn-b': 'down' }))

    expect(group.answer()).toMatchObject({ state: 'ALL-DOWN', writes: 0, active: 'cdn-a' })
  })

  it('leaves again during holddown for a path that was not left, and then no more', async () => {
    const group = scenarioGroup('channel-1/cdn', scenario(['cdn-a', 'cdn-b', 'cdn-c']))

    await group.advance(60_000, seen({ 'cdn-a': 'down', 'cdn-b': 'up', 'cdn-c': 'up' }))
    await group.advance(70_000, seen({ 'cdn-a': 'up', 'cdn-b': 'down', 'cdn-c': 'up' }))
    const second = group.answer()
    await group.advance(80_000, seen({ 'cdn-a': 'up', 'cdn-b': 'up', 'cdn-c': 'down' }))

    expect(second).toMatchObject({ writes: 2, active: 'cdn-c' })
    expect(group.answer()).toMatchObject({ writes: 2, active: 'cdn-c' })
  })

  it('goes back to its first path when that has been up for long enough', async () => {
    const group = scenarioGroup('channel-1/cdn', scenario())
    await group.advance(60_000, seen({ 'cdn-a': 'down', 'cdn-b': 'up' }))

    await group.advance(600_000, seen({ 'cdn-a': 'up', 'cdn-b': 'up' }, 100_000))
    const early = group.answer().active
    await group.advance(701_000, seen({ 'cdn-a': 'up', 'cdn-b': 'up' }, 100_000))

    expect([early, group.answer().active]).toEqual(['cdn-b', 'cdn-a'])
  })

  it('refuses a name that no group can have', () => {
    expect(() => scenarioGroup('channel 1/…', scenario())).toThrow(
      'channel 1/… cannot be the name of a group',
    )
  })
})
