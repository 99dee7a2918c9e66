import { describe, expect, test } from 'vitest'
import type { DrillPlan } from '../../../src/core/drill-plan.ts'
import {
  groupName,
  killProcess,
  startProcess,
  type Process,
  type World,
} from '../../../src/simulation/world.ts'
import { ask, onA, onB, pages, show, steady } from '../group/scene.ts'
import { minute, newest, plan, rehearse, scene } from './drill-scene.ts'

describe('a drill that switches', () => {
  test('passes when the traffic went there and back, verified both ways, and measures each part', async () => {
    const { world, process } = await scene(
      plan({ objectives: { decide: 10_000, apply: 10_000, gap: 10_000, return: 10_000 } }),
    )

    const { outcome, says, times } = await rehearse(world, process)

    expect(says).toBe('the traffic went to cdn-b and back, verified both ways')
    expect(outcome).toBe('PASSED')
    expect(world.target.allocation).toEqual(onA)
    expect(Object.keys(times)).toEqual(['decide', 'apply', 'verify', 'effective', 'gap', 'return'])
    expect(times.gap).toBe(0)
    expect(times.return).toBeLessThan(5_000)
  })

  test('fails when an objective is missed, and says by how much', async () => {
    const { world, process } = await scene(plan({ objectives: { verify: 1_000 } }))

    const { outcome, says } = await rehearse(world, process)

    expect(outcome).toBe('FAILED')
    expect(says).toMatch(/; objectives missed: verify took \d+s.*, at most 1s wanted$/u)
  })

  test('fails when the standby cannot be verified, and the traffic is back', async () => {
    const { world, process } = await scene(plan())
    world.publicTrouble = () => (world.target.allocation['cdn-b'] === 100 ? 'bad' : undefined)

    const { outcome, says } = await rehearse(world, process)

    expect(outcome).toBe('FAILED')
    expect(says).toMatch(/^not verified: /u)
    expect(world.target.allocation).toEqual(onA)
  })

  test('is interrupted by a failing standby', async () => {
    const { world, process } = await scene(plan())
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(2 * minute)

    expect(newest(process)).toMatchObject({ outcome: 'INTERRUPTED' })
    expect(world.target.allocation).toEqual(onA)
  })

  test('is interrupted by a person who steers', async () => {
    const { world, process } = await steady({ paths: 3, settings: { drills: [plan()] } })
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    await ask(world, process, { kind: 'steer', path: 'cdn-c', bypass: [] }, 30_000)

    expect(newest(process)).toMatchObject({
      outcome: 'INTERRUPTED',
      says: 'ana steers to cdn-c: test',
    })
    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
  })

  test('is aborted by a hold, and says that the traffic is not back', async () => {
    const { world, process } = await scene(plan())
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    await ask(world, process, { kind: 'hold', forMs: 20 * minute })
    await world.clock.advance(5 * minute)

    expect(newest(process)).toMatchObject({
      outcome: 'ABORTED',
      says: 'ana holds the group for 20m: test; the traffic is not back yet',
    })
  })

  test('is aborted when the standby is blurry, and returns at once', async () => {
    const { world, process } = await scene(plan({ stayMs: 10 * minute, maxMs: 15 * minute }))
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    show(world, { 'cdn-b': 'blurry' })
    await world.clock.advance(2 * minute)

    expect(newest(process).outcome).toBe('ABORTED')
    expect(world.target.allocation).toEqual(onA)
  })

  test('is aborted by a person, and returns', async () => {
    const { world, process } = await scene(plan())
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    process.watchdog.drills.abort('bob', 'the match begins early')
    await world.clock.advance(minute)

    expect(newest(process)).toMatchObject({
      outcome: 'ABORTED',
      says: 'ended by bob: the match begins early',
    })
    expect(world.target.allocation).toEqual(onA)
  })

  test('whose process is killed is called INTERRUPTED by its successor, once', async () => {
    const { world, process, options } = await scene(plan())
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)
    expect(world.target.allocation).toEqual(onB)

    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(3 * minute)

    expect(world.target.allocation).toEqual(onA)
    expect(successor.watchdog.drills.view().history).toMatchObject([
      {
        outcome: 'INTERRUPTED',
        says: 'the process that ran it ended before it could be judged',
      },
    ])
  })

  test('is not judged once more by whoever leads after that', async () => {
    const { world, process, options } = await scene(plan())
    await rehearse(world, process)

    killProcess(process)
    await startProcess(world, options)
    await world.clock.advance(3 * minute)

    const outcomes = world.disk.journal.filter(({ data }) => data?.['event'] === 'outcome')
    expect(outcomes.map(({ data }) => data?.['outcome'])).toEqual(['PASSED'])
  })
})

test('a verdict that the store took without saying so is not written twice', async () => {
  const { world, process } = await scene(plan({ kind: 'observe' }))
  const commit = process.store.commit.bind(process.store)
  let isHeard = false
  process.store.commit = async (each) => {
    const result = await commit(each)
    const isVerdict = each.entries.some(({ data }) => data?.['event'] === 'outcome')
    if (!isVerdict || isHeard) return result
    isHeard = true
    return { ok: false, cause: 'unavailable', says: 'no answer' }
  }

  await rehearse(world, process, 20_000)

  const outcomes = world.disk.journal.filter(({ data }) => data?.['event'] === 'outcome')
  expect(isHeard).toBe(true)
  expect(outcomes).toHaveLength(1)
})

describe('a drill does not start, and says why', () => {
  test.each([
    [
      'the standby is down',
      { 'cdn-b': 'bad' } as const,
      'an incident is open: channel-1/cdn: cdn-b is down',
    ],
    ['what serves is blurry', { 'cdn-a': 'blurry' } as const, 'cdn-a serves and is degraded'],
  ])('%s', async (_, sights, says) => {
    const { world, process } = await scene(plan())
    show(world, sights)
    await world.clock.advance(50_000)

    const ended = await rehearse(world, process, 2_000)

    expect(ended.outcome).toBe('SKIPPED')
    expect(ended.says).toContain(says)
    expect(world.target.allocation).toEqual(onA)
  })

  test('during a hold', async () => {
    const { world, process } = await scene(plan())
    await ask(world, process, { kind: 'hold', forMs: 10 * minute, reason: 'the final' })

    expect(await rehearse(world, process, 2_000)).toMatchObject({
      outcome: 'SKIPPED',
      says: 'held by ana for another 9m58s: the final',
    })
  })

  test('outside its windows', async () => {
    const window = [{ repeats: 'weekly', days: ['sun'], from: 0, to: 1, timeZone: 'UTC' }] as const
    const { world, process } = await scene(plan({ window }))

    const { outcome, says } = await rehearse(world, process, 2_000)

    expect(outcome).toBe('SKIPPED')
    expect(says).toMatch(/^outside its windows: its window opens /u)
  })

  test('while another one runs', async () => {
    const { world, process } = await scene(plan())
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(1_000)

    expect(await process.watchdog.drills.run('weekly', 'bob', 'test')).toEqual({
      ok: false,
      code: 'refused',
      says: 'drill weekly is under way',
      todo: 'One drill at a time: wait for its end.',
    })
  })

  test('of a name that is not configured', async () => {
    const { process } = await scene(plan())

    expect(await process.watchdog.drills.run('monthly', 'ana', 'test')).toMatchObject({
      code: 'not-found',
      says: 'there is no drill monthly',
      todo: 'Drills: weekly.',
    })
  })
})

describe('a drill that only observes', () => {
  test('passes where everything is ready', async () => {
    const { world, process } = await scene(plan({ kind: 'observe' }))

    expect(await rehearse(world, process, 30_000)).toMatchObject({
      outcome: 'PASSED',
      says: 'everything is ready for a failover',
    })
    expect(world.writes).toEqual([])
  })

  test('fails where the standby is not, and names it', async () => {
    const { world, process } = await scene(plan({ kind: 'observe', blockedBy: 'critical' }))
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(50_000)

    const { outcome, says } = await rehearse(world, process, 30_000)

    expect(outcome).toBe('FAILED')
    expect(says).toContain('standby cdn-b: cdn-b is down')
  })
})

describe('a drill that asks the engine', () => {
  test('passes where every injected evidence is decided rightly, and moves nothing', async () => {
    const { world, process } = await scene(plan({ kind: 'advise' }))

    expect(await rehearse(world, process, 5_000)).toMatchObject({
      outcome: 'PASSED',
      says: 'every piece of injected evidence was decided rightly',
    })
    expect(world.writes).toEqual([])
  })

  test('fails where a failing path could not be left, with the reason', async () => {
    const { world, process } = await scene(plan({ kind: 'advise', blockedBy: 'critical' }))
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(50_000)

    const { outcome, says } = await rehearse(world, process, 5_000)

    expect(outcome).toBe('FAILED')
    expect(says).toContain('cdn-a is down: every path is down')
  })
})

describe('a drill of a change that others pass on', () => {
  const ns1 = { who: '192.0.2.53', kind: 'server' } as const
  const ns2 = { who: '192.0.2.54', kind: 'server' } as const
  const resolver = { who: '9.9.9.9', kind: 'cache' } as const
  const old = 'still answers A 192.0.2.1'

  /** The first server follows at once, the second after 8 s, the resolver after 20 s. */
  async function rehearsed(objectives: DrillPlan['objectives'] = {}, stayMs = 2 * minute) {
    const { world, process } = await scene(plan({ objectives, stayMs }))
    world.target.settleMs = 20_000
    let appliedAt = Infinity
    world.triggers.push({ kind: 'applied', run: () => (appliedAt = world.clock.now()) })
    const isBehind = (ms: number) => world.clock.now() - appliedAt < ms
    Object.defineProperty(world.target, 'behind', {
      get: () => [
        ...(isBehind(8_000) ? [{ ...ns2, says: old }] : []),
        ...(isBehind(20_000) ? [{ ...resolver, says: old }] : []),
      ],
    })
    Object.defineProperty(world.target, 'follow', {
      get: () => [ns1, ...(isBehind(8_000) ? [] : [ns2]), ...(isBehind(20_000) ? [] : [resolver])],
    })
    await killAndStart(world, process)
    return { world, process: world.processes.at(-1) ?? process }
  }

  /** Whether others pass a target on is asked when a process starts. */
  async function killAndStart(world: World, process: Process): Promise<void> {
    killProcess(process)
    await startProcess(world, { seed: 5 })
    await world.clock.advance(2 * minute)
  }

  test('tells of every server and resolver when it was first seen to follow', async () => {
    const { world, process } = await rehearsed()

    const { times } = await rehearse(world, process)

    const [report] = world.reports
    const out = report?.reach?.filter(({ move }) => move === 'out')
    expect(out?.map(({ who, kind }) => `${kind} ${who}`)).toEqual([
      'server 192.0.2.53',
      'server 192.0.2.54',
      'cache 9.9.9.9',
    ])
    const [first = -1, second = -1, third = -1] = out?.map(({ ms }) => ms ?? NaN) ?? []
    expect(first).toBeLessThan(1_000)
    expect(second).toBeGreaterThanOrEqual(8_000)
    expect(second).toBeLessThan(14_000)
    expect(third).toBeGreaterThanOrEqual(20_000)
    expect(third).toBeLessThan(26_000)
    // Servers had followed after 8 s at the earliest, and caches had their 20 s from then on.
    expect(times.effective).toBeGreaterThanOrEqual(28_000)
    expect(report?.times.find(({ measure }) => measure === 'effective')?.says).toBe(
      'apply, and until everybody who was asked said it and caches had their time',
    )
  })

  test('names who did not follow before the way back', async () => {
    const { world, process } = await rehearsed({}, 12_000)

    await rehearse(world, process)

    const reach = world.reports[0]?.reach?.filter(({ move }) => move === 'out')
    expect(reach?.find(({ who }) => who === '9.9.9.9')).toEqual({
      move: 'out',
      ...resolver,
      says: 'not in effect before the way back: still answers A 192.0.2.1',
    })
    expect(world.reports[0]?.times.find(({ measure }) => measure === 'effective')?.says).toContain(
      'declared, not measured',
    )
  })

  test('fails where it took longer than its objective', async () => {
    const { world, process } = await rehearsed({ effective: 25_000 })

    expect(await rehearse(world, process)).toMatchObject({
      outcome: 'FAILED',
      says: expect.stringContaining('effective took') as string,
    })
  })
})

test('a report carries what was checked, measured, seen and written', async () => {
  const { world, process } = await scene(plan())
  await rehearse(world, process)

  const [report] = world.reports
  expect(report).toMatchObject({ away: 'cdn-a', standby: 'cdn-b', mode: 'armed' })
  expect(report?.checks.map(({ name }) => name)).toContain('never-empty')
  expect(report?.timeline.map(({ what }) => what)).toEqual([
    'intent',
    'applied',
    'verified',
    'intent',
    'applied',
    'over',
    'verified',
  ])
  expect(report?.looks).toEqual([{ atMs: expect.any(Number) as number, ok: true, says: 'good' }])
  expect(report?.journal.length).toBeGreaterThan(5)
})

test('a group that had no drill that passed for longer than it asks for is told of, until one passes', async () => {
  const { world, process } = await steady({
    group: { drillWithinMs: 10 * minute },
    settings: { drills: [plan()] },
  })

  await world.clock.advance(8 * minute)
  const early = pages(world, '#drill-overdue')
  await world.clock.advance(2 * minute)
  const late = pages(world, '#drill-overdue')
  await rehearse(world, process)
  await world.clock.advance(2 * minute)

  expect([early, late]).toEqual([0, 1])
  expect(newest(process).outcome).toBe('PASSED')
  expect(process.watchdog.drills.ofGroup(groupName)?.passedAt).toBe(newest(process).endedAt)
  expect(process.watchdog.alerting.view().map(({ key }) => key)).not.toContain(
    `${groupName}#drill-overdue`,
  )
})
