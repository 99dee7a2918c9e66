import { describe, expect, it } from 'vitest'
import { defaultSettings } from '../../../src/app/scenarios/default-settings.ts'
import { PureGroup, type PureChange } from '../../../src/app/scenarios/pure-group.ts'
import type { Health, PathHealth } from '../../../src/core/health.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

const minute = 60_000
const settings = groupSettings({ budget: { changes: 10, perMs: 60 * minute } }, ['a', 'b', 'c'])

function healths(...each: readonly (readonly [Health, number?])[]): Map<string, PathHealth> {
  return new Map(
    each.map(([health, since = 0], index) => [
      settings.paths[index]?.name ?? '',
      pathHealth(health, since),
    ]),
  )
}

function groupOf(more: Partial<ConstructorParameters<typeof PureGroup>[0]> = {}) {
  const changes: PureChange[] = []
  const group = new PureGroup({ settings, onChange: (change) => changes.push(change), ...more })
  const moves = () =>
    changes.map(({ at, reason, to }) => `${at / minute}: ${reason} to ${serving(to)}`)
  return { group, moves }
}

function serving(to: PureChange['to']): string {
  return Object.keys(to).find((name) => (to[name] ?? 0) > 0) ?? ''
}

describe('a group without the world', () => {
  it('makes every change at once, and counts holddown and budget from it', () => {
    const { group, moves } = groupOf()

    group.evaluate(0, healths(['down'], ['up'], ['up']))
    group.evaluate(minute, healths(['down'], ['down'], ['up']))
    group.evaluate(1.5 * minute, healths(['up'], ['down'], ['down']))

    // One exception within the holddown, and no return to what was left.
    expect(moves()).toEqual(['0: failover to b', '1: failover to c'])
    expect(group.decision).toMatchObject({ kind: 'stay', state: 'ALL-DOWN' })
    expect(group.changes).toBe(2)
  })

  it('goes on to the next target where one fails its pre-check, and forgets that after a while', () => {
    let isBad = true
    const { group, moves } = groupOf({
      precheck: (target) => (target === 'b' || isBad ? `${target} answers 404` : undefined),
    })

    group.evaluate(0, healths(['down'], ['up'], ['up']))
    const refused = group.decision.says
    isBad = false
    group.evaluate(5_000, healths(['down'], ['up'], ['up']))
    group.evaluate(11_000, healths(['down'], ['up'], ['up']))

    expect(refused).toContain('b failed its pre-check: b answers 404')
    expect(refused).toContain('c failed its pre-check: c answers 404')
    expect(moves()).toEqual([`${11 / 60}: failover to c`])
  })

  it('blocks a second failback after a relapse, and waits twice as long then', () => {
    const { group, moves } = groupOf()

    group.evaluate(0, healths(['down'], ['up'], ['up']))
    group.evaluate(12 * minute, healths(['up', minute], ['up'], ['up']))
    group.evaluate(20 * minute, healths(['down', 20 * minute], ['up'], ['up']))
    group.evaluate(75 * minute, healths(['up', 21 * minute], ['up'], ['up']))
    group.evaluate(81 * minute, healths(['up', 62 * minute], ['up'], ['up']))
    group.evaluate(82 * minute, healths(['up', 62 * minute], ['up'], ['up']))

    expect(moves()).toEqual([
      '0: failover to b',
      '12: failback to a',
      '20: failover to b',
      '82: failback to a',
    ])
  })

  it('starts its holddown in full where another process takes over, and only if it ever changed anything', () => {
    const fresh = groupOf()
    const changed = groupOf()
    changed.group.evaluate(0, healths(['down'], ['up'], ['up']))

    fresh.group.restart(settings, 60 * minute)
    changed.group.restart(settings, 60 * minute)
    const later = 61 * minute
    fresh.group.evaluate(later, healths(['down'], ['up'], ['up']))
    changed.group.evaluate(later, healths(['up', later - 20 * minute], ['up'], ['up']))

    expect(fresh.moves()).toEqual(['61: failover to b'])
    expect(changed.moves()).toEqual(['0: failover to b'])
    expect(changed.group.decision.says).toContain('holddown for another 1m')
  })

  it('asks the blast radius, and charges what it did', () => {
    const charged: string[] = []
    let pass = false
    const { group, moves } = groupOf({
      installation: {
        ask: () => ({ pass, says: 'others change now' }),
        charge: (_, name) => charged.push(name),
      },
    })

    group.evaluate(0, healths(['down'], ['up'], ['up']))
    const refused = group.decision.says
    pass = true
    group.evaluate(minute, healths(['down'], ['up'], ['up']))

    expect(refused).toContain('others change now')
    expect(moves()).toEqual(['1: failover to b'])
    expect(charged).toEqual(['channel-1/cdn'])
  })
})

describe('default settings over paths without options', () => {
  it('keep the order of paths whose names are numbers: the first is preferred', () => {
    const loaded = defaultSettings({
      place: 'test',
      groups: [
        { name: '7/2', paths: [{ name: '20' }, { name: '3', everyMs: 1_500, domain: 'x' }] },
      ],
    })

    expect(loaded).toMatchObject({
      ok: true,
      settings: {
        groups: [
          {
            name: '7/2',
            paths: [
              { name: '20', everyMs: 5_000 },
              { name: '3', everyMs: 1_500, domain: 'x' },
            ],
          },
        ],
      },
    })
  })

  it('are an error where a name cannot be one', () => {
    const loaded = defaultSettings({
      place: 'test',
      groups: [{ name: 'A/b', paths: [{ name: 'c' }] }],
    })

    expect(loaded.ok).toBe(false)
  })
})
