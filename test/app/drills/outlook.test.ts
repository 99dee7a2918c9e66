import { describe, expect, test } from 'vitest'
import type { DrillPlan } from '../../../src/core/drill-plan.ts'
import { groupName } from '../../../src/simulation/world.ts'
import { ask, onA, show, steady } from '../group/scene.ts'
import { minute, plan as drillPlan } from './drill-scene.ts'

/** A drill with an objective, and with every condition that ends it. */
function plan(overrides: Partial<DrillPlan> = {}): DrillPlan {
  return drillPlan({
    objectives: { apply: 10_000 },
    abortIf: { standby: ['degraded'], gapMs: 10_000 },
    ...overrides,
  })
}

async function scene(...drills: DrillPlan[]) {
  const made = await steady({ settings: { drills } })
  return { ...made, drills: made.process.watchdog.drills }
}

describe('what a drill would do now', () => {
  test('is told with the traffic that it moves, through what, for how long, and what ends it', async () => {
    const { drills, world } = await scene(plan())
    const writes = world.writes.length

    const outlook = drills.outlook('weekly', 'ana')

    expect(outlook).toEqual({
      ready: true,
      steps: [
        'moves the traffic of viewers from cdn-a to cdn-b, through sim-target',
        'keeps it there for 2m, and then moves it back',
        'people are paged if the traffic is not back after 4m',
        'ends before that, and returns the traffic, when the standby is down or unknown or degraded, when the public name shows nothing good for 10s, or when a person or an incident comes first',
      ],
    })
    expect(world.writes).toHaveLength(writes)
    expect(world.target.allocation).toEqual(onA)
  })

  test.each<[string, Partial<DrillPlan>, RegExp]>([
    ['observe', { kind: 'observe' }, /^looks afresh at every path of channel-1\/cdn/u],
    ['advise', { kind: 'advise' }, /with the path that serves failing/u],
    [
      'load',
      { kind: 'load', load: { viewers: 5, bitsPerSecond: 20_000_000 } },
      /^at most 5 virtual viewers pull the standby for 2m, never more than 20000 kbit\/s together$/u,
    ],
    [
      'fault',
      {
        kind: 'fault',
        away: 'cdn-a',
        fault: {
          by: 'webhook',
          begin: 'https://hook.example/b?sig=secret',
          end: 'https://hook.example/e',
        },
      },
      /^breaks cdn-a through its webhook$/u,
    ],
  ])('is told of %s, without addresses', async (_, overrides, first) => {
    const { drills } = await scene(plan(overrides))

    const outlook = drills.outlook('weekly', 'ana')

    expect(outlook?.ready).toBe(true)
    expect(outlook?.steps[0]).toMatch(first)
    expect(JSON.stringify(outlook)).not.toContain('secret')
  })

  test('is nothing of a drill that is not configured', async () => {
    const { drills } = await scene(plan())

    expect(drills.outlook('other', 'ana')).toBeUndefined()
  })
})

describe('what would keep a drill from beginning', () => {
  test('is said before it is tried: a standby that is down', async () => {
    const { drills, world } = await scene(plan({ blockedBy: 'critical' }))

    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(minute)

    expect(drills.outlook('weekly', 'ana')).toMatchObject({
      ready: false,
      says: expect.stringMatching(/^no standby is healthy: cdn-b is down/u),
    })
  })

  test('a hold', async () => {
    const { drills, process, world } = await scene(plan())

    await ask(world, process, { kind: 'hold', forMs: 20 * minute })

    expect(drills.outlook('weekly', 'ana')).toMatchObject({
      ready: false,
      says: expect.stringMatching(/held by ana/u),
    })
  })

  test('an open incident, for a drill that moves nothing too', async () => {
    const { drills, world } = await scene(plan({ kind: 'observe' }))

    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(minute)

    expect(drills.outlook('weekly', 'ana')).toMatchObject({
      ready: false,
      says: expect.stringMatching(/^an incident is open: /u),
    })
  })

  test('another drill, of which the steps are shown while it runs', async () => {
    const { drills, world } = await scene(plan(), plan({ name: 'other', kind: 'observe' }))

    await drills.run('weekly', 'ana', 'before the final')
    await world.clock.advance(40_000)
    const { running } = drills.view()

    expect(drills.outlook('other', 'ana')).toMatchObject({
      ready: false,
      says: 'drill weekly is under way',
    })
    expect(running?.says).toMatch(/^cdn-b serves, back in /u)
    expect(running?.steps.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['intent', 'applied', 'verified']),
    )
  })
})

test('the running drill is ended by its id, and no other in its place', async () => {
  const { drills, world } = await scene(plan())
  const { id = '' } = await drills.run('weekly', 'ana', 'before the final')
  await world.clock.advance(40_000)

  const other = drills.abort('ana', 'the match begins', 'p0-0')
  const own = drills.abort('ana', 'the match begins', id)
  await world.clock.advance(2 * minute)

  expect(other).toMatchObject({ ok: false, code: 'conflict' })
  expect(own).toMatchObject({ ok: true })
  expect(drills.view().history[0]).toMatchObject({
    id,
    outcome: 'ABORTED',
    says: expect.stringContaining('ended by ana: the match begins'),
    objectives: { apply: 10_000 },
  })
  expect(world.target.allocation).toEqual(onA)
})

test('the drills of one group are its own', async () => {
  const { drills, world } = await scene(plan({ kind: 'advise' }))
  await drills.run('weekly', 'ana', 'test')
  await world.clock.advance(minute)

  expect(drills.view({ group: groupName })).toMatchObject({
    plans: [{ name: 'weekly' }],
    history: [{ plan: 'weekly' }],
  })
  expect(drills.view({ group: 'channel-9/cdn' })).toEqual({ plans: [], history: [] })
  expect(drills.view({ limit: 0 }).history).toEqual([])
})
