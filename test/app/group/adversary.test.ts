import { describe, expect, test } from 'vitest'
import { groupName, killProcess, startProcess } from '../../../src/simulation/world.ts'
import {
  ask,
  isOpen,
  onA,
  onB,
  pages,
  phase,
  reload,
  says,
  show,
  stateOf,
  steady,
  until,
  targetOf,
} from './scene.ts'

describe('the store fails in the middle of a change', () => {
  test('a commit that was not recorded is made up for, and is no edit by somebody else', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => world.target.allocation['cdn-a'] === 0)

    process.store.available = false
    await world.clock.advance(5_000)
    process.store.available = true
    await world.clock.advance(60_000)

    expect(says(world, 'applied')).toEqual(['traffic moved from cdn-a to cdn-b'])
    expect(says(world, 'verified')).toHaveLength(1)
    expect(says(world, 'foreign-edit')).toEqual([])
    expect(stateOf(process)).toBe('STEADY')
  })

  test('a commit that was not recorded is made up for before anything is verified', async () => {
    const { world, process } = await steady({ paths: 3 })
    // What is verified fails, and takes its 30 s to do so.
    world.publicTrouble = () => 'bad'
    world.triggers.push({
      kind: 'step',
      run: () => {
        process.store.available = false
      },
    })
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => !process.store.available)
    await world.clock.advance(2_000)
    expect(world.target.allocation).toMatchObject({ 'cdn-a': 0 })
    expect(says(world, 'applied')).toEqual([])

    process.store.available = true
    await world.clock.advance(10_000)

    expect(says(world, 'applied')).toEqual(['traffic moved from cdn-a to cdn-b'])
    expect(phase(world)).toBe('applied')
  })

  test('an intent whose answer was lost is read back and judged, and not forgotten', async () => {
    const { world, process } = await steady()
    process.storeTrouble.lostAnswers = 1

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)

    expect(says(world, 'aborted')).toHaveLength(1)
    expect(world.target.allocation).toEqual(onB)
    const { memory } = process.watchdog.controller(groupName)?.snapshot().situation ?? {}
    expect(memory?.changes).toMatchObject([{ charge: 1 }])
  })

  test('a store that never answers does not stop the pages', async () => {
    const { world, process } = await steady()

    process.storeTrouble.hangUntil = Number.MAX_SAFE_INTEGER
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(90_000)

    expect(world.target.writes).toEqual([])
    expect(pages(world, 'cdn-a')).toBeGreaterThanOrEqual(1)
    expect(pages(world, '#store')).toBeGreaterThanOrEqual(1)
  })

  test('an evaluation that hangs in the store does not call a path well that is down by now', async () => {
    const { world, process } = await steady()
    const seen = () => process.watchdog.controller(groupName)?.snapshot()

    // What ana wants hangs in the store; cdn-a goes down meanwhile.
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(14_500)
    process.storeTrouble.hangUntil = world.clock.now() + 60_000
    void ask(world, process, { kind: 'hold', forMs: 60_000 })
    await until(world, () => seen()?.situation.paths.get('cdn-a')?.health === 'down')
    await world.clock.advance(1_200)

    expect(seen()?.decision.says).not.toContain('serves and is up')
  })

  test('pulled answers stay the last good ones while the row cannot be read', async () => {
    const { world, process } = await steady({ layout: ['pull'] })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    expect(process.watchdog.published(groupName)).toEqual({ allocation: onB, serveAll: false })

    process.store.available = false
    await ask(world, process, { kind: 'hold', forMs: 60_000 })
    await world.clock.advance(60_000)

    expect(process.watchdog.published(groupName)).toEqual({ allocation: onB, serveAll: false })
  })
})

test('a pre-check that is old by the time everything is ready moves nothing, and is made anew', async () => {
  const { world } = await steady({ group: { callTimeoutMs: 8_000, precheckTtlMs: 3_000 } })
  world.target.trouble.slowMs = 5_000

  show(world, { 'cdn-a': 'bad' })
  await world.clock.advance(60_000)
  expect(world.target.writes).toEqual([])
  expect(says(world, 'decision')).toContain('the pre-check of cdn-b took too long')

  world.target.trouble.slowMs = 0
  await world.clock.advance(30_000)
  expect(world.target.allocation).toEqual(onB)
})

describe('several actuators', () => {
  test('where one fails for good, the others are taken back and the intent is refunded', async () => {
    const { world, process } = await steady({ layout: ['push', 'push'] })
    targetOf(world, 1).trouble.refuseUntil = 100_000

    show(world, { 'cdn-a': 'bad' })
    await until(world, () => says(world, 'aborted').length > 0)

    expect(targetOf(world, 0).allocation).toEqual(onA)
    expect(targetOf(world, 1).allocation).toEqual(onA)
    const { memory } = process.watchdog.controller(groupName)?.snapshot().situation ?? {}
    expect(memory?.changes).toEqual([])
  })

  test('what a person wrote meanwhile is not overwritten by taking back', async () => {
    const { world, process } = await steady({ layout: ['push', 'push'], paths: 3 })
    const onC = { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 100 }
    targetOf(world, 1).trouble.failUntil = Number.MAX_SAFE_INTEGER

    show(world, { 'cdn-a': 'bad' })
    await until(world, () => targetOf(world, 0).allocation['cdn-a'] === 0)
    targetOf(world, 0).edit(onC)
    await world.clock.advance(60_000)

    expect(targetOf(world, 0).allocation).toEqual(onC)
    expect(stateOf(process)).toBe('FROZEN')
  })

  test('a write that lands after its caller gave up is waited for before anything is judged', async () => {
    const { world, process } = await steady({ group: { callTimeoutMs: 4_000 } })
    world.target.trouble.lateMs = 19_000
    world.target.trouble.failUntil = 200_000

    show(world, { 'cdn-a': 'bad' })
    await until(world, () => isOpen(world))
    await until(world, () => !isOpen(world))
    const end = world.clock.now()
    await world.clock.advance(20_000)

    const late = world.target.writes.filter((write) => write.at > end)
    expect(late).toEqual([])
    expect(stateOf(process)).not.toBe('HELD')
  })

  test('one that is not required and lags behind is told, and is no edit', async () => {
    const { world, process } = await steady({ layout: ['push', 'best-effort'] })
    targetOf(world, 1).trouble.refuseUntil = 150_000

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(targetOf(world, 0).allocation).toEqual(onB)
    expect(says(world, 'applied')).toEqual([
      'traffic moved from cdn-a to cdn-b; partial: sim-target did not follow',
    ])
    expect(says(world, 'foreign-edit')).toEqual([])
    expect(stateOf(process)).toBe('STEADY')
    expect(pages(world, '#actuator')).toBe(1)
  })

  test('the next change brings a lagging one along, and leaves alone what a person wrote there', async () => {
    const busy = { budget: { changes: 9, perMs: 3_600_000 }, holddownMs: 10_000 }
    const lagging = await steady({ layout: ['push', 'best-effort'], group: busy })
    const edited = await steady({ layout: ['push', 'best-effort'], group: busy, paths: 3 })
    for (const { world } of [lagging, edited]) {
      targetOf(world, 1).trouble.refuseUntil = 130_000
      show(world, { 'cdn-a': 'bad' })
      await world.clock.advance(70_000)
    }
    const theirs = { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 100 }
    targetOf(edited.world, 1).edit(theirs)

    for (const { world } of [lagging, edited]) {
      show(world, { 'cdn-b': 'bad', 'cdn-c': 'bad' })
      await world.clock.advance(120_000)
    }

    expect(lagging.world.target.allocation).toEqual(onA)
    expect(targetOf(lagging.world, 1).allocation).toEqual(onA)
    expect(edited.world.target.allocation).toMatchObject({ 'cdn-a': 100 })
    expect(targetOf(edited.world, 1).allocation).toEqual(theirs)
  })

  test('targets that disagree hold the group, and freeze it if nobody brings them in line', async () => {
    const { world, process } = await steady({ layout: ['push', 'push'] })

    targetOf(world, 1).edit(onB)
    await world.clock.advance(60_000)
    expect(stateOf(process)).toBe('HELD')
    expect(says(world, 'foreign-edit')).toHaveLength(1)

    await world.clock.advance(30 * 60_000)
    expect(stateOf(process)).toBe('FROZEN')
    expect(says(world, 'frozen')).toEqual([
      'the targets disagree, and nobody brought them in line: sim-target shows cdn-a, sim-target shows cdn-b',
    ])
    expect(world.writes.filter((write) => write.by === 'changeover')).toEqual([])
  })

  test('after a crash a partial change is committed, whatever the one that is not required shows', async () => {
    const { world, process, options } = await steady({ layout: ['push', 'best-effort'] })
    targetOf(world, 1).trouble.refuseUntil = Number.MAX_SAFE_INTEGER
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)

    expect(says(world, 'frozen')).toEqual([])
    expect(says(world, 'verified')).toHaveLength(1)
    expect(stateOf(successor)).toBe('STEADY')
  })

  test('a pulled group that crashed after publishing goes on from what it published', async () => {
    const { world, process, options } = await steady({ layout: ['pull'] })
    const write = world.disk.rows.set.bind(world.disk.rows)
    world.disk.rows.set = (name, row) => {
      // Intent and publication are durable, the rest is not.
      if (row.published?.['cdn-b'] === 100 && row.intent?.phase === 'open') killProcess(process)
      return write(name, row)
    }
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => process.dead)
    expect(phase(world)).toBe('open')
    world.disk.rows.set = write

    await startProcess(world, options)
    await world.clock.advance(120_000)

    expect(says(world, 'aborted')).toEqual([])
    expect(world.target.writes.map((write) => write.to)).toEqual([onB])
  })
})

describe('verification', () => {
  test('what cannot be seen is no reason to move on or back', async () => {
    const { world, process } = await steady({ paths: 3 })
    show(world, { 'cdn-a': 'bad' })
    world.publicTrouble = () => 'dark'
    await world.clock.advance(120_000)

    expect(says(world, 'verify-failed')).toEqual(['not verified: not good within 30s: no route'])
    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
    expect(stateOf(process)).toBe('STEADY')
    expect(pages(world, '#verify')).toBe(1)
  })

  test('without a public name one bad look is waited out', async () => {
    const { world } = await steady({ paths: 3, group: { verify: { forMs: 30_000 } } })
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    show(world, { 'cdn-a': 'bad', 'cdn-b': 'bad' })
    await world.clock.advance(3_000)
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(says(world, 'verify-failed')).toEqual([])
    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
  })

  test('a restart during it does not keep a compensation from being made', async () => {
    const { world, process, options } = await steady({ paths: 3 })
    world.publicTrouble = () => (world.target.allocation['cdn-b'] === 100 ? 'bad' : undefined)
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    killProcess(process)
    await startProcess(world, options)
    await world.clock.advance(180_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(says(world, 'frozen')).toEqual([])
  })

  test('a hold that comes meanwhile is in force at once: nothing is compensated', async () => {
    const { world, process } = await steady({ paths: 3 })
    world.publicTrouble = () => 'bad'
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    const answer = await ask(world, process, { kind: 'hold', forMs: 600_000 })
    await world.clock.advance(60_000)

    expect(answer).toMatchObject({ ok: true })
    expect(says(world, 'frozen')).toEqual([
      'cdn-b could not be verified, and ana holds the group: not good within 30s: connection refused',
    ])
    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
  })

  test('nothing is compensated in a mode that is not armed any more', async () => {
    const { world, process } = await steady({ paths: 3 })
    world.publicTrouble = () => 'bad'
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    await reload(world, process, { mode: 'advise' })
    await world.clock.advance(60_000)

    expect(says(world, 'frozen')[0]).toMatch(/^cdn-b could not be verified, and mode is advise/u)
    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
  })

  test('an edit by a person in place of it is theirs: held, not frozen', async () => {
    const { world, process } = await steady({ paths: 3 })
    const theirs = { 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 }
    world.publicTrouble = () => 'bad'
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    world.target.edit(theirs)
    await world.clock.advance(60_000)

    expect(world.target.allocation).toEqual(theirs)
    expect(stateOf(process)).toBe('HELD')
    expect(says(world, 'frozen')).toEqual([])
  })
})

describe('people', () => {
  test('a process that does not lead refuses at once, with a sentence', async () => {
    const { world, options } = await steady()
    const second = await startProcess(world, options)
    await world.clock.advance(5_000)

    const answer = await ask(world, second, {
      kind: 'steer',
      path: 'cdn-b',
      apply: false,
      bypass: [],
    })

    expect(answer).toEqual({
      ok: false,
      code: 'unavailable',
      says: 'another process leads channel-1/cdn',
      todo: 'Ask the process that leads, or try again in a moment.',
    })
  })

  test('the guards of a steer stand with its intent, and are asked again after the pre-check', async () => {
    const { world, process } = await steady()
    world.target.trouble.slowMs = 2_000
    const steer = { kind: 'steer', path: 'cdn-b', apply: false, bypass: [] } as const
    const refused = ask(world, process, steer, 0)
    await world.clock.advance(500)
    await ask(world, process, { kind: 'hold', forMs: 600_000 }, 5_000)
    await refused

    expect(world.target.writes).toEqual([])
    expect(says(world, 'decision').at(-1)).toMatch(/^hold: held by ana/u)

    const forced = ask(world, process, { ...steer, bypass: ['hold'] }, 60_000)
    await forced
    const intent = world.disk.journal.find((entry) => entry.kind === 'intent')
    expect(intent?.data?.['basis']).toMatchObject({
      guards: expect.arrayContaining([
        expect.objectContaining({ guard: 'hold', pass: true, bypassed: true }),
      ]) as unknown[],
    })
  })

  test('an implied hold never shortens the one that a person gave', async () => {
    const { world, process } = await steady()
    await ask(world, process, { kind: 'hold', forMs: 4 * 3_600_000 })

    world.target.edit(onB)
    await world.clock.advance(60_000)
    expect(says(world, 'foreign-edit')).toHaveLength(1)
    await world.clock.advance(3_600_000)

    expect(world.disk.rows.get(groupName)?.hold).toMatchObject({ owner: 'ana' })
    expect(stateOf(process)).toBe('HELD')
  })

  test('a steer to where the traffic is already changes nothing and costs nothing', async () => {
    const { world, process } = await steady()

    const answer = await ask(world, process, {
      kind: 'steer',
      path: 'cdn-a',
      apply: false,
      bypass: [],
    })

    expect(answer).toMatchObject({ ok: false, says: 'the traffic is on cdn-a already' })
    expect(says(world, 'intent')).toEqual([])
  })

  test('while an open intent waits for a target that cannot be read, people are paged and a hold is taken', async () => {
    const { world, process, options } = await steady()
    process.dieAt = 'after-call'
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => process.dead)
    world.target.trouble.readErrorUntil = Number.MAX_SAFE_INTEGER
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)

    expect(pages(world, 'cdn-a')).toBeGreaterThanOrEqual(1)
    expect(await ask(world, successor, { kind: 'hold', forMs: 60_000 }, 10_000)).toMatchObject({
      ok: true,
    })
    const steer = { kind: 'steer', path: 'cdn-b', apply: false, bypass: ['hold'] } as const
    expect(await ask(world, successor, steer, 10_000)).toMatchObject({
      ok: false,
      says: 'an earlier change waits to be judged, until its targets can be read',
    })
  })
})
