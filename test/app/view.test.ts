import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/app/view.ts'
import type { WatchdogView } from '../../src/core/view.ts'
import { fail, pass } from './scripted-probe.ts'
import {
  cdn,
  sceneGroup,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from './watchdog-scene.ts'

function seen({ watchdog, clock, plugins }: WatchdogScene): WatchdogView {
  return viewOf({ watchdog, clock, plugins, version: '1.2.3' })
}

function groupOf(scene: WatchdogScene, name = cdn) {
  const group = seen(scene).groups.find((each) => each.name === name)
  if (group === undefined) throw new Error(`the view shows no ${name}`)
  return group
}

function pathOf(scene: WatchdogScene, name: string) {
  const path = groupOf(scene).paths.find((each) => each.name === name)
  if (path === undefined) throw new Error(`the view shows no ${name}`)
  return path
}

const startedAt = 1_700_000_000_000

describe('the view of a running watchdog', () => {
  it('says who is speaking, since when and whether it can see', async () => {
    const scene = await steadyScene()

    expect(seen(scene)).toMatchObject({
      version: '1.2.3',
      mode: 'armed',
      profile: 'default',
      wall: startedAt + 20_500,
      startedAt,
      vantage: { name: 'local', ok: true, says: 'no reference targets are configured' },
      store: { ok: true, says: 'writable' },
      incidents: [],
    })
  })

  it('shows no group before it was started', () => {
    expect(seen(watchdogScene()).groups).toEqual([])
  })

  it('shows a path that was not looked at yet as unknown, with everything that is known', async () => {
    const scene = watchdogScene()
    await scene.watchdog.start()

    const { weight, ...path } = pathOf(scene, 'cdn-a')

    expect(weight).toBe(0)
    expect(path).toEqual({
      name: 'cdn-a',
      type: 'sim',
      shows: 'sim://cdn-a',
      health: 'unknown',
      suspect: false,
      since: startedAt,
      says: expect.any(String),
      votes: [expect.objectContaining({ vantage: 'local', health: 'unknown' })],
      rules: [],
      pending: [],
      measurements: [],
      findings: [],
      everyMs: 1_000,
    })
  })

  it('shows what a group does, what serves, and what a change would cost', async () => {
    const scene = await steadyScene()

    expect(groupOf(scene)).toMatchObject({
      name: cdn,
      stream: 'channel-1',
      title: 'Channel One',
      state: 'STEADY',
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      active: 'cdn-a',
      preferred: 'cdn-a',
      leader: true,
      token: 1,
      holddownLeftMs: 0,
      budget: { left: 3, of: 3, perMs: 3_600_000 },
      guards: [],
      failback: { auto: true },
    })
    expect(groupOf(scene).says).not.toBe('')
    expect(groupOf(scene)).not.toHaveProperty('hold')
  })

  it('shows each actuator with what it says and when a write is in effect', async () => {
    const scene = await steadyScene()

    expect(groupOf(scene).actuators).toEqual([
      { type: 'serve', ok: true, says: 'answers from the applied allocation', settleMs: 5_000 },
      { type: 'balancer', ok: true, says: 'serves cdn-a', settleMs: 1_500 },
    ])
  })

  it('says in advise that pull actuators keep everything serving', async () => {
    const scene = await steadyScene(sceneSettings({ mode: 'advise' }))

    expect(groupOf(scene).actuators[0]?.says).toBe(
      'answers from the applied allocation; in advise, pull actuators keep everything serving',
    )
  })

  it('shows numbers as declared, with unit, and the times of the newest sample and since when', async () => {
    const scene = await steadyScene()
    await scene.clock.advance(300)

    expect(pathOf(scene, 'cdn-a')).toMatchObject({
      health: 'up',
      since: startedAt + 3_010,
      weight: 100,
      measurements: [
        {
          name: 'bitrate_bits_per_second',
          value: 5_000_000,
          unit: 'bits_per_second',
          help: 'Bitrate.',
        },
        { name: 'missing_ratio', value: 0, unit: 'ratio', help: 'Share of missing segments.' },
      ],
      seenAt: startedAt + 20_010,
      measuredAt: startedAt + 20_010,
    })
  })

  it('leaves out what was not measured, and what is no number', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-a', pass({ missing_ratio: Number.NaN, undeclared: 1 }))

    await scene.clock.advance(1_000)

    expect(pathOf(scene, 'cdn-a').measurements).toEqual([])
  })

  it('keeps the last numbers of a failing path, and says how old they are', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-b', fail('answered 502'))

    await scene.clock.advance(2_000)
    const suspect = pathOf(scene, 'cdn-b')
    await scene.clock.advance(4_000)
    const down = pathOf(scene, 'cdn-b')

    expect(suspect).toMatchObject({
      health: 'up',
      suspect: true,
      rules: [],
      pending: [expect.objectContaining({ rule: 'unreachable', says: 'answered 502' })],
      measuredAt: startedAt + 20_010,
      seenAt: startedAt + 22_010,
    })
    expect(suspect.measurements).toHaveLength(2)
    expect(down).toMatchObject({
      health: 'down',
      diagnosis: 'unreachable',
      remedy: expect.stringMatching(/^Check that the server runs/u),
      rules: [expect.objectContaining({ rule: 'unreachable' })],
      pending: [],
      weight: 0,
    })
  })

  it('tells times by the wall as it is now, when that has jumped', async () => {
    const scene = await steadyScene()

    scene.clock.jumpWall(3_600_000)

    expect(seen(scene).wall).toBe(startedAt + 3_600_000 + 20_500)
    expect(pathOf(scene, 'cdn-a').seenAt).toBe(startedAt + 3_600_000 + 20_010)
  })

  it('shows a change, its holddown, its budget and the incident', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-a', fail())

    await scene.clock.advance(30_000)
    const group = groupOf(scene)

    expect(group).toMatchObject({
      active: 'cdn-b',
      lastChange: { reason: 'failover', target: 'cdn-b', leaving: ['cdn-a'] },
      budget: { left: 2, of: 3 },
    })
    expect(group.holddownLeftMs).toBeGreaterThan(80_000)
    expect(group.holddownLeftMs).toBeLessThan(120_000)
    expect(seen(scene).incidents.map((incident) => incident.group)).toContain(cdn)
  })

  it('shows why a path that is down is not left', async () => {
    const scene = await steadyScene(sceneSettings({ mode: 'advise' }))
    scene.sights.set('cdn-a', fail())

    await scene.clock.advance(10_000)
    const group = groupOf(scene)

    expect(group.whyNot).toMatchObject({ guard: 'mode' })
    expect(group.guards.find((guard) => guard.guard === 'mode')).toMatchObject({ pass: false })
  })

  it('shows a hold with its owner and end', async () => {
    const scene = await steadyScene()

    const done = scene.watchdog.command({
      kind: 'hold',
      group: cdn,
      actor: 'ana',
      reason: 'match',
      forMs: 60_000,
    })
    await scene.clock.advance(1_000)
    await done

    expect(groupOf(scene)).toMatchObject({
      state: 'HELD',
      hold: { owner: 'ana', reason: 'match', until: expect.any(Number) },
    })
  })

  it('shows that the store cannot be written', async () => {
    const scene = await steadyScene()
    scene.store.available = false

    await scene.clock.advance(20_000)

    expect(seen(scene).store.ok).toBe(false)
    expect(groupOf(scene).leader).toBe(false)
    expect(groupOf(scene)).not.toHaveProperty('token')
  })

  it.each([
    [{ auto: false, stableForMs: 600_000, maxWaitMs: 7_200_000, window: [] }, 'manual'],
    [
      { auto: true, stableForMs: 600_000, maxWaitMs: 7_200_000, window: [] },
      'automatic after 10m up',
    ],
  ])('says how failback would come about: %j', async (failback, says) => {
    const scene = await steadyScene(
      sceneSettings({ groups: [sceneGroup(cdn, ['cdn-a', 'cdn-b'], { failback })] }),
    )

    expect(groupOf(scene).failback).toEqual({ auto: failback.auto, says })
  })

  it('shows no secret of options, whatever happens', async () => {
    const scene = await steadyScene()
    for (const path of ['cdn-a', 'cdn-b']) scene.sights.set(path, fail())
    await scene.clock.advance(30_000)

    expect(JSON.stringify(scene.settings)).toContain('hunter2')
    expect(JSON.stringify(seen(scene))).not.toContain('hunter2')
    expect(JSON.stringify(scene.store.disk.journal)).not.toContain('hunter2')
  })
})
