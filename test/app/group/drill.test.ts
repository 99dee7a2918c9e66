import { describe, expect, test } from 'vitest'
import type { Command } from '../../../src/core/command.ts'
import {
  groupName,
  killProcess,
  startProcess,
  type Process,
  type World,
} from '../../../src/simulation/world.ts'
import { ask, onA, onB, pages, reload, says, show, stateOf, steady } from './scene.ts'

const minute = 60_000

/** A drill that moves traffic to cdn-b for two minutes, and must be back after three. */
function drill(
  overrides: Partial<Extract<Command, { kind: 'drill' }>['drill']> = {},
): Pick<Command, 'kind'> & Partial<Command> {
  const plan = { id: 'd1', plan: 'weekly', kind: 'switch', stayMs: 2 * minute, maxMs: 3 * minute }
  return { kind: 'drill', actor: 'schedule', drill: { ...plan, ...overrides } } as Pick<
    Command,
    'kind'
  > &
    Partial<Command>
}

async function away(world: World, process: Process): Promise<void> {
  const answer = await ask(world, process, drill(), 25_000)
  expect(answer).toMatchObject({ ok: true })
  expect(world.target.allocation).toEqual(onB)
}

const row = (world: World) => world.disk.rows.get(groupName)

describe('a drill', () => {
  test('moves the traffic, says so, and returns it when its time is up', async () => {
    const { world, process } = await steady()

    await away(world, process)
    const during = process.watchdog.controller(groupName)?.snapshot().decision.says
    await world.clock.advance(2 * minute)

    expect(during).toBe('cdn-b serves for drill weekly; back to cdn-a in 1m36s')
    expect(world.target.allocation).toEqual(onA)
    expect(row(world)?.drill).toBeUndefined()
    expect(says(world, 'intent')).toEqual([
      'drill to cdn-b: drill weekly, asked for by schedule: away from cdn-a for 2m',
      'drill to cdn-a: drill weekly ends: its time is up',
    ])
    expect(says(world, 'drill').at(-1)).toBe(
      'drill weekly moves nothing any more: cdn-a serves again',
    )
    expect(says(world, 'verified')).toHaveLength(2)
    expect(pages(world, 'cdn')).toBe(0)
  })

  test('costs one slot of the budget out and nothing back, and starts no holddown', async () => {
    const { world, process } = await steady()

    await away(world, process)
    await world.clock.advance(2 * minute)
    const { memory, now } = process.watchdog.controller(groupName)!.snapshot().situation

    expect(memory.changes.map(({ charge }) => charge)).toEqual([1, 0])
    expect(memory.holddownUntil).toBeLessThanOrEqual(now)
  })

  test('keeps no failover of another group waiting for the blast radius', async () => {
    const { world, process } = await steady({ groups: 2 })

    await away(world, process)
    world.sight = (path, _, group) =>
      group === 'channel-2/cdn' && path === 'cdn-a' ? 'bad' : 'good'
    await world.clock.advance(40_000)

    expect(world.disk.rows.get('channel-2/cdn')?.allocation).toEqual(onB)
  })

  test('is ended by a failing path: the traffic returns at once (invariant 39)', async () => {
    const { world, process } = await steady()
    await away(world, process)

    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(30_000)

    expect(world.target.allocation).toEqual(onA)
    expect(says(world, 'intent').at(-1)).toMatch(
      /^drill to cdn-a: drill weekly ends: cdn-b is down \(.*\), which goes before a drill$/u,
    )
  })

  test('is ended by a failing path also where the old one failed: to a third one', async () => {
    const { world, process } = await steady({ paths: 3 })
    await ask(world, process, drill(), 25_000)

    show(world, { 'cdn-a': 'bad', 'cdn-b': 'bad' })
    await world.clock.advance(40_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(row(world)?.drill).toBeUndefined()
    expect(says(world, 'drill').at(-1)).toBe(
      'drill weekly moves nothing any more: cdn-c serves by failover',
    )
  })

  test('returns although a path that carried nothing is configured no longer', async () => {
    const { world, process } = await steady({ paths: 3 })
    await ask(world, process, drill(), 25_000)
    const [group] = world.settings.groups
    if (group === undefined) throw new Error('no group')

    const groups = [{ ...group, paths: group.paths.filter(({ name }) => name !== 'cdn-c') }]
    await reload(world, process, { groups })
    await world.clock.advance(3 * minute)

    expect(world.target.allocation).toMatchObject({ 'cdn-a': 100 })
    expect(row(world)?.drill).toBeUndefined()
  })

  test('makes no failover cost double that comes right after it', async () => {
    const { world, process } = await steady()
    await away(world, process)
    await ask(world, process, { kind: 'end-drill', drill: 'd1' }, 45_000)
    expect(world.target.allocation).toEqual(onA)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(40_000)

    expect(world.target.allocation).toEqual(onB)
    const { memory } = process.watchdog.controller(groupName)!.snapshot().situation
    expect(memory.changes.at(-1)).toMatchObject({ reason: 'failover', charge: 1 })
  })

  test('gives way to a person: a steer needs no bypass, and nothing returns behind their back', async () => {
    const { world, process } = await steady({ paths: 3 })
    await ask(world, process, drill(), 25_000)

    const answer = await ask(world, process, { kind: 'steer', path: 'cdn-c', bypass: [] }, 20_000)
    await world.clock.advance(5 * minute)

    expect(answer).toMatchObject({ ok: true })
    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(row(world)?.drill).toBeUndefined()
  })

  test('waits for a hold, pages past its maximum, and returns once the hold is over', async () => {
    const { world, process } = await steady()
    await away(world, process)

    await ask(world, process, { kind: 'hold', forMs: 10 * minute })
    await world.clock.advance(4 * minute)
    const held = world.target.allocation
    const paged = pages(world, 'drill-not-restored')
    await world.clock.advance(8 * minute)

    expect(held).toEqual(onB)
    expect(paged).toBe(1)
    expect(world.target.allocation).toEqual(onA)
    expect(
      world.notices.find(({ notice }) => notice.key.includes('drill-not-restored'))?.notice.title,
    ).toBe('channel-1/cdn: drill weekly is over its time, and the traffic is not back on cdn-a')
  })

  test('does not return to a path that is not well, pages, and goes on trying (invariant 40)', async () => {
    const { world, process } = await steady()
    await away(world, process)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(4 * minute)
    const why = process.watchdog.controller(groupName)?.snapshot().decision.says
    const kept = world.target.allocation
    show(world, {})
    await world.clock.advance(3 * minute)

    expect(why).toBe(
      'cdn-b serves for drill weekly; its time is up, and it cannot return to cdn-a: cdn-a is down',
    )
    expect(kept).toEqual(onB)
    expect(pages(world, 'drill-not-restored')).toBeGreaterThan(0)
    expect(world.target.allocation).toEqual(onA)
  })

  test('is returned by the successor of a process that was killed, whatever its time', async () => {
    const { world, process, options } = await steady()
    await away(world, process)

    killProcess(process)
    await startProcess(world, options)
    await world.clock.advance(100_000)

    expect(world.target.allocation).toEqual(onA)
    expect(says(world, 'intent').at(-1)).toBe(
      'drill to cdn-a: drill weekly ends: the process that ran it leads no longer',
    )
  })

  test('whose process dies before the first write leaves nothing behind', async () => {
    const { world, process, options } = await steady()

    process.dieAt = 'before-call'
    await ask(world, process, drill(), 25_000)
    expect(process.dead).toBe(true)
    const successor = await startProcess(world, options)
    await world.clock.advance(2 * minute)

    expect(world.target.allocation).toEqual(onA)
    expect(row(world)?.drill).toBeUndefined()
    expect(stateOf(successor)).toBe('STEADY')
  })

  test('is over when somebody edits the target, and their edit stands', async () => {
    const { world, process } = await steady({ paths: 3 })
    await ask(world, process, drill(), 25_000)

    const onC = { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 100 }
    world.target.edit(onC)
    await world.clock.advance(5 * minute)

    expect(world.target.allocation).toEqual(onC)
    expect(says(world, 'drill').at(-1)).toBe(
      'drill weekly moves nothing any more: cdn-c serves by now',
    )
  })

  test('that could not be verified goes back, and is over', async () => {
    const { world, process } = await steady()
    world.publicTrouble = () => (world.target.allocation['cdn-b'] === 100 ? 'bad' : undefined)

    await ask(world, process, drill(), 2 * minute)

    expect(world.target.allocation).toEqual(onA)
    expect(row(world)?.drill).toBeUndefined()
    expect(says(world, 'decision')).toContain('compensating once: back to cdn-a')
  })

  test('keeps failback off for as long as it lasts', async () => {
    const { world, process } = await steady()

    await ask(world, process, drill({ stayMs: 20 * minute, maxMs: 25 * minute }), 25_000)
    await world.clock.advance(19 * minute)

    expect(world.target.allocation).toEqual(onB)
    expect(says(world, 'intent').filter((each) => each.startsWith('failback'))).toEqual([])
  })
})

describe('a drill with a fault', () => {
  test('moves nothing itself: the watchdog finds the fault, and the traffic returns afterwards', async () => {
    const { world, process } = await steady()

    const answer = await ask(world, process, drill({ kind: 'fault' }))
    expect(answer).toEqual({ ok: true, says: 'cdn-a may break now' })
    expect(world.target.allocation).toEqual(onA)
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(40_000)
    expect(world.target.allocation).toEqual(onB)
    show(world, {})
    await world.clock.advance(3 * minute)

    expect(world.target.allocation).toEqual(onA)
    expect(says(world, 'intent').map((each) => each.split(':')[0])).toEqual([
      'failover to cdn-b',
      'drill to cdn-a',
    ])
  })

  test('that nobody finds is over when its time is up', async () => {
    const { world, process } = await steady()

    await ask(world, process, drill({ kind: 'fault' }))
    await world.clock.advance(3 * minute)

    expect(row(world)?.drill).toBeUndefined()
    expect(says(world, 'drill').at(-1)).toBe(
      'drill weekly moves nothing any more: its time is up, and nothing was moved',
    )
  })
})

describe('a drill does not start (invariant 41)', () => {
  const not = (why: string) => ({
    ok: false,
    code: 'refused',
    says: `channel-1/cdn is not ready for a drill: ${why}`,
  })

  test('on a group whose standby is not healthy', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(40_000)

    expect(await ask(world, process, drill())).toMatchObject(
      not('no standby is healthy: cdn-b is down'),
    )
  })

  test('while what serves is not up', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-a': 'blurry' })
    await world.clock.advance(40_000)

    expect(await ask(world, process, drill())).toMatchObject(not('cdn-a serves and is degraded'))
  })

  test('with an actuator that cannot be reached', async () => {
    const { world, process } = await steady()
    world.target.trouble.readErrorUntil = Number.POSITIVE_INFINITY
    await world.clock.advance(20_000)

    expect(await ask(world, process, drill())).toMatchObject(
      not('sim-target cannot be read: the target answers 503'),
    )
  })

  test('during a hold', async () => {
    const { world, process } = await steady()
    await ask(world, process, { kind: 'hold', forMs: 10 * minute, reason: 'the final' })

    expect(await ask(world, process, drill())).toMatchObject(
      not('held by ana for another 9m58s: the final'),
    )
  })

  test('where it would take the last slot of the budget', async () => {
    const { world, process } = await steady({
      group: { budget: { changes: 1, perMs: 60 * minute } },
    })

    expect(await ask(world, process, drill())).toMatchObject(
      not('the last of 1 changes per 1h is kept for a failure'),
    )
  })

  test('where the budget of drills is spent', async () => {
    const { world, process } = await steady({
      group: { drillBudget: { changes: 1, perMs: 24 * 60 * minute } },
    })
    await away(world, process)
    await world.clock.advance(3 * minute)

    expect(await ask(world, process, drill({ id: 'd2' }))).toMatchObject(
      not('1 of 1 drills per 1d used'),
    )
  })

  test('in a mode that changes nothing', async () => {
    const { world, process } = await steady({ settings: { mode: 'advise' } })

    expect(await ask(world, process, drill())).toMatchObject(
      not('mode is advise: it decides and explains, and changes nothing'),
    )
  })

  test('during another one', async () => {
    const { world, process } = await steady()
    await away(world, process)

    expect(await ask(world, process, drill({ id: 'd2' }))).toMatchObject(
      not('drill weekly is under way'),
    )
  })

  test('away from a path that carries nothing', async () => {
    const { world, process } = await steady()

    expect(await ask(world, process, drill({ away: 'cdn-b' }))).toMatchObject(
      not('cdn-b carries no traffic: cdn-a serves'),
    )
  })

  test('and a target that fails its pre-check is said', async () => {
    const { world, process } = await steady()
    world.sight = (path, vantage) => (path === 'cdn-b' && vantage === 'fra' ? 'bad' : 'good')

    expect(await ask(world, process, drill())).toMatchObject({
      ok: false,
      code: 'conflict',
      says: expect.stringContaining('cdn-b failed its pre-check: connection refused') as string,
    })
    expect(world.target.allocation).toEqual(onA)
  })
})
