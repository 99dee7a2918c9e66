import { describe, expect, test } from 'vitest'
import { allTo } from '../../../src/core/allocation.ts'
import type { JournalKind } from '../../../src/core/journal.ts'
import type { Health } from '../../../src/core/health.ts'
import { groupName, killProcess, startProcess } from '../../../src/simulation/world.ts'
import { onA, onB, pages, says, show, stateOf, steady } from './scene.ts'

const person = { group: groupName, actor: 'ana', reason: 'test' } as const

describe('situations, settled', () => {
  test('the active path fails: intent, write, verification, in this order, and one page', async () => {
    const { world, process } = await steady()

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)

    expect(world.target.allocation).toEqual(onB)
    const kinds = world.disk.journal.map((entry) => entry.kind)
    const order = ['intent', 'step', 'applied', 'verified'].map((kind) =>
      kinds.indexOf(kind as JournalKind),
    )
    expect(order.toSorted((a, b) => a - b)).toEqual(order)
    expect(stateOf(process)).toBe('STEADY')
    expect(pages(world, 'cdn-a')).toBe(1)
  })

  test('the active path fails during holddown: the one double-charged move, then it stays', async () => {
    const { world, process } = await steady({
      paths: 3,
      group: { budget: { changes: 9, perMs: 3_600_000 } },
    })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, { 'cdn-a': 'bad', 'cdn-b': 'bad' })
    await world.clock.advance(40_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(
      process.watchdog.controller(groupName)?.snapshot().situation.memory.changes,
    ).toMatchObject([
      { target: 'cdn-b', charge: 1 },
      { target: 'cdn-c', charge: 2 },
    ])
  })

  test('the target fails its pre-check: the next eligible one', async () => {
    const { world } = await steady({ paths: 3 })

    world.sight = (path, vantage) => {
      if (path === 'cdn-a') return 'bad'
      // Good by quorum, bad from where the pre-check looks.
      return path === 'cdn-b' && vantage === 'fra' ? 'bad' : 'good'
    }
    await world.clock.advance(90_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(says(world, 'decision')).toContain('cdn-b failed its pre-check: connection refused')
  })

  test('verification of a failover fails: another eligible target once', async () => {
    const { world } = await steady({ paths: 3 })
    show(world, { 'cdn-a': 'bad' })
    // What the public name serves from cdn-b is bad, though cdn-b itself looks good.
    world.publicTrouble = () => (world.target.allocation['cdn-b'] === 100 ? 'bad' : undefined)
    await world.clock.advance(150_000)

    expect(says(world, 'verify-failed')).toHaveLength(1)
    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(says(world, 'decision')).toContain('compensating once: on to cdn-c')
  })

  test('the process dies between two writes of one change: the successor freezes, whatever it guesses', async () => {
    const { world, process, options } = await steady()

    process.dieAt = 'after-call'
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    expect(process.dead).toBe(true)
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)

    // One step of two had landed: neither `from` nor `to`, so a person must look.
    expect(stateOf(successor)).toBe('FROZEN')
    expect(says(world, 'frozen').at(-1)).toMatch(
      /^unknown external state after an interrupted change/u,
    )
    expect(pages(world, '#frozen')).toBe(1)

    // It is our own half of a change, not somebody's edit: once a person looked, nothing is held.
    const acknowledged = successor.watchdog.command({ ...person, kind: 'ack' })
    await world.clock.advance(60_000)
    expect(await acknowledged).toMatchObject({ ok: true })
    expect(says(world, 'foreign-edit')).toEqual([])
    expect(world.target.allocation).toEqual(onB)
  })

  test('the process dies before the write: the successor aborts, refunds, and decides afresh', async () => {
    const { world, process, options } = await steady()

    process.dieAt = 'before-call'
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    const successor = await startProcess(world, options)
    await world.clock.advance(150_000)

    expect(says(world, 'aborted')).toEqual([
      'failover to cdn-b aborted: an earlier process ended before it wrote anything',
    ])
    expect(world.target.allocation).toEqual(onB)
    const { memory } = successor.watchdog.controller(groupName)?.snapshot().situation ?? {}
    expect(memory?.changes).toHaveLength(1)
  })

  test('the target is unreachable: the intent fails as a whole and traffic stays', async () => {
    const { world } = await steady()

    world.target.trouble.readErrorUntil = Number.MAX_SAFE_INTEGER
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)

    expect(world.target.allocation).toEqual(onA)
    expect(says(world, 'intent')).toEqual([])
    expect(pages(world, 'cdn-a')).toBe(1)
  })

  test('every path down: traffic stays, people are paged, and it goes on when one is eligible', async () => {
    const { world, process } = await steady()

    show(world, { 'cdn-a': 'bad', 'cdn-b': 'bad' })
    await world.clock.advance(120_000)
    expect(stateOf(process)).toBe('ALL-DOWN')
    expect(world.target.writes).toEqual([])
    expect(pages(world, '#all-down')).toBeGreaterThanOrEqual(1)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(120_000)
    expect(world.target.allocation).toEqual(onB)
  })

  test('vantages blind: traffic stays, people are paged', async () => {
    const { world, process } = await steady()

    show(world, { 'cdn-a': 'dark', 'cdn-b': 'dark' })
    await world.clock.advance(60_000)

    expect(stateOf(process)).toBe('BLIND')
    expect(world.target.writes).toEqual([])
    expect(pages(world, '#blind')).toBe(1)
  })

  test('a person edits the record: believed, held for 30 minutes, never overwritten', async () => {
    const { world, process } = await steady()

    world.target.edit(onB)
    await world.clock.advance(20_000)
    expect(stateOf(process)).toBe('HELD')
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(25 * 60_000)
    expect(world.target.allocation).toEqual(onB)
    expect(pages(world, 'cdn-b')).toBeGreaterThanOrEqual(1)

    await world.clock.advance(8 * 60_000)
    expect(world.target.allocation).toEqual(onA)
  })

  test('a person steers: guards are asked, the change is made, and the group is held', async () => {
    const { world, process } = await steady()

    const answer = process.watchdog.command({
      ...person,
      kind: 'steer',
      path: 'cdn-b',
      apply: false,
      bypass: [],
    })
    await world.clock.advance(60_000)

    expect(await answer).toEqual({ ok: true, says: 'traffic is on cdn-b, held for 30m' })
    expect(world.target.allocation).toEqual(onB)
    expect(stateOf(process)).toBe('HELD')
  })

  test('while a hold lasts nothing automatic is written; its end reads the world back first', async () => {
    const { world, process } = await steady()

    const held = process.watchdog.command({ ...person, kind: 'hold', forMs: 300_000 })
    await world.clock.advance(1_000)
    expect(await held).toMatchObject({ ok: true })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(240_000)
    expect(world.target.writes).toEqual([])
    expect(pages(world, 'cdn-a')).toBe(1)

    await world.clock.advance(120_000)
    expect(world.target.allocation).toEqual(onB)
    expect(says(world, 'release')).toEqual(['the hold of ana expired: test'])
  })

  test('the budget is spent: frozen, until a person acknowledges', async () => {
    const { world, process } = await steady({ group: { budget: { changes: 1, perMs: 3_600_000 } } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(300_000)
    expect(stateOf(process)).toBe('FROZEN')
    expect(world.target.allocation).toEqual(onB)
    expect(pages(world, '#frozen')).toBe(1)

    const acknowledged = process.watchdog.command({ ...person, kind: 'ack' })
    await world.clock.advance(60_000)
    expect(await acknowledged).toMatchObject({ ok: true })
    expect(world.target.allocation).toEqual(onA)
  })

  test('the store is unwritable while the active path fails: no change, and a page all the same', async () => {
    const { world, process } = await steady()

    process.store.available = false
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)
    expect(world.target.writes).toEqual([])
    expect(pages(world, '#store')).toBe(1)

    process.store.available = true
    await world.clock.advance(60_000)
    expect(world.target.allocation).toEqual(onB)
  })

  test('suspended longer than the lease, then resumed: the stale process writes nothing', async () => {
    const { world, process, options } = await steady()

    process.clock.pause(60_000)
    show(world, { 'cdn-a': 'bad' })
    const second = await startProcess(world, { ...options, seed: 9 })
    await world.clock.advance(180_000)

    const writers = new Set(world.target.writes.map((write) => write.process))
    expect([...writers]).toEqual([second.id])
    expect(world.target.allocation).toEqual(onB)
  })

  test('the wall clock jumps: no timer changes', async () => {
    const { world } = await steady()

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    expect(world.target.allocation).toEqual(onB)
    world.clock.jumpWall(7_200_000)
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(60_000)

    // Holddown still runs, and cdn-a was left as down within it.
    expect(world.target.allocation).toEqual(onB)
  })

  test('a restart after a change starts holddown in full', async () => {
    const { world, process, options } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(110_000)
    expect(world.target.allocation).toEqual(onB)

    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(20_000)
    const { situation } = successor.watchdog.controller(groupName)?.snapshot() ?? {}

    expect((situation?.memory.holddownUntil ?? 0) - (situation?.now ?? 0)).toBeGreaterThan(90_000)
  })

  test('the notifier is down: nothing else changes, and the page comes when it is back', async () => {
    const { world } = await steady()

    world.notifierDown = true
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)
    expect(world.target.allocation).toEqual(onB)
    expect(world.notices).toEqual([])

    world.notifierDown = false
    await world.clock.advance(120_000)
    expect(pages(world, 'cdn-a')).toBeGreaterThanOrEqual(1)
  })

  test('failback after the preferred path was up for long enough; a relapse blocks the next one', async () => {
    const { world } = await steady({ group: { budget: { changes: 9, perMs: 3_600_000 } } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, {})
    await world.clock.advance(9 * 60_000)
    expect(world.target.allocation).toEqual(onB)
    await world.clock.advance(5 * 60_000)
    expect(world.target.allocation).toEqual(onA)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(3 * 60_000)
    expect(world.target.allocation).toEqual(onB)
    show(world, {})
    await world.clock.advance(30 * 60_000)
    expect(world.target.allocation).toEqual(onB)
  })

  test('advise decides, journals and explains as if armed, and writes nothing', async () => {
    const { world, process } = await steady({ settings: { mode: 'advise' } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)

    expect(world.target.writes).toEqual([])
    expect(says(world, 'decision')).toEqual([
      'would failover from cdn-a to cdn-b: cdn-a is down; cdn-b is up; mode is advise: it decides and explains, and changes nothing',
    ])
    expect(process.watchdog.published(groupName)).toMatchObject({ serveAll: true })
  })

  test('in advise a person is refused, and only --apply really moves the traffic', async () => {
    const { world, process } = await steady({ settings: { mode: 'advise' } })
    const steer = { ...person, kind: 'steer', path: 'cdn-b', bypass: [] } as const

    const refused = process.watchdog.command({ ...steer, apply: false })
    await world.clock.advance(5_000)
    expect(await refused).toEqual({
      ok: false,
      code: 'refused',
      says: 'mode: mode is advise: it decides and explains, and changes nothing',
      todo: 'To do it all the same: --apply',
    })
    expect(world.target.writes).toEqual([])

    const moved = process.watchdog.command({ ...steer, apply: true })
    await world.clock.advance(60_000)
    expect(await moved).toMatchObject({ ok: true })
    expect(world.target.allocation).toEqual(onB)
  })

  test('one lying vantage of three moves nothing', async () => {
    const { world } = await steady()

    world.sight = (path, vantage) => (path === 'cdn-a' && vantage === 'lhr' ? 'bad' : 'good')
    await world.clock.advance(30 * 60_000)

    expect(world.target.writes).toEqual([])
  })

  test('a path that is 10 s bad and 10 s good is left by the ratio', async () => {
    const { world } = await steady()
    const began = world.clock.now()

    world.sight = (path) => {
      const isBad = Math.floor((world.clock.now() - began) / 10_000) % 2 === 0
      return path === 'cdn-a' && isBad ? 'bad' : 'good'
    }
    await world.clock.advance(90_000)

    expect(world.target.allocation).toEqual(onB)
  })
})

test('health as the group sees it is what the vantages say', async () => {
  const { world, process } = await steady()

  show(world, { 'cdn-b': 'bad' })
  await world.clock.advance(40_000)
  const paths = process.watchdog.controller(groupName)?.snapshot().situation.paths
  const healths: [string, Health | undefined][] = ['cdn-a', 'cdn-b'].map((name) => [
    name,
    paths?.get(name)?.health,
  ])

  expect(healths).toEqual([
    ['cdn-a', 'up'],
    ['cdn-b', 'down'],
  ])
  expect(world.target.allocation).toEqual(allTo('cdn-a', ['cdn-a', 'cdn-b']))
})
