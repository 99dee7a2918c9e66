import { describe, expect, test } from 'vitest'
import { groupName, type World } from '../../../src/simulation/world.ts'
import { ask, onA, onB, pages, says, show, stateOf, steady, until } from './scene.ts'

const irreversible = { irreversible: ['medialive'], leaveAfterMs: 15_000 }
const failback = { auto: true, stableForMs: 30_000, maxWaitMs: 600_000, window: [] }

/** From now on a path shows something else than the others. */
function differ(world: World, odd: string, oddity: ReturnType<World['oddity']> = 'ladder'): void {
  world.oddity = (path) => (path === odd ? oddity : undefined)
}

describe('a stream that would not go on', () => {
  test('is left on a failing path only where that cannot be taken back, with a page that says how to move', async () => {
    const { world, process } = await steady({ group: irreversible })
    differ(world, 'cdn-b')
    await world.clock.advance(10_000)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(stateOf(process)).toBe('EVALUATE')
    expect(world.target.allocation).toEqual(onA)
    expect(pages(world, '#refused')).toBe(1)
    const page = world.notices.find(({ notice }) => notice.key.endsWith('#refused'))?.notice
    expect(page?.todo).toBe(
      `Look at cdn-b; to move there all the same: changeover steer ${groupName} cdn-b --bypass continuity`,
    )
  })

  test('is moved by the person who names the guard', async () => {
    const { world, process } = await steady({ group: irreversible })
    differ(world, 'cdn-b')
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    const steer = { kind: 'steer', path: 'cdn-b', apply: false } as const
    const refused = await ask(world, process, { ...steer, bypass: [] })
    const moved = await ask(world, process, { ...steer, bypass: ['continuity'] }, 40_000)

    expect(refused).toMatchObject({ ok: false, guard: 'continuity' })
    expect(moved).toMatchObject({ ok: true })
    expect(world.target.allocation).toEqual(onB)
  })

  test('goes where it goes when the change can be taken back', async () => {
    const { world } = await steady()
    differ(world, 'cdn-b')
    await world.clock.advance(10_000)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(world.target.allocation).toEqual(onB)
    expect(says(world, 'intent')[0]).toContain('though cdn-b offers no 1080p (5 Mbit/s) rendition')
  })

  test('goes to the standby that continues it, though another stands before it', async () => {
    const { world } = await steady({ paths: 3 })
    differ(world, 'cdn-b', 'slate')
    await world.clock.advance(10_000)

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
  })
})

describe('a failback', () => {
  test('waits until the preferred path continues the stream', async () => {
    const { world, process } = await steady({ group: { failback, holddownMs: 10_000 } })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, {})
    differ(world, 'cdn-a', 'behind')
    await world.clock.advance(300_000)

    expect(stateOf(process)).toBe('STEADY')
    expect(world.target.allocation).toEqual(onB)
    expect(process.watchdog.controller(groupName)?.snapshot().decision).toMatchObject({
      whyNot: { guard: 'continuity' },
    })

    differ(world, '')
    await world.clock.advance(30_000)

    expect(world.target.allocation).toEqual(onA)
  })

  test('is decided once more on what the pre-check saw', async () => {
    const { world } = await steady({ group: { failback, holddownMs: 10_000 } })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, {})
    // Only the look right before the change sees the slate.
    world.looks.splice(0)
    world.oddity = (path, _, purpose) =>
      path === 'cdn-a' && purpose === 'precheck' ? 'slate' : undefined
    await world.clock.advance(300_000)

    expect(world.looks.some(({ purpose }) => purpose === 'precheck')).toBe(true)
    expect(world.target.allocation).toEqual(onB)
  })
})

describe('a drill', () => {
  test('is refused on a standby that would not continue the stream, and made once it would', async () => {
    const { world, process } = await steady()
    differ(world, 'cdn-b', 'key')
    await world.clock.advance(60_000)
    const plan = {
      id: 'd1',
      plan: 'weekly',
      kind: 'switch',
      stayMs: 60_000,
      maxMs: 120_000,
    } as const
    const drill = { kind: 'drill', actor: 'schedule', drill: plan } as const

    const refused = await ask(world, process, drill)
    differ(world, '')
    await world.clock.advance(10_000)
    const made = await ask(world, process, { ...drill, drill: { ...plan, id: 'd2' } }, 25_000)

    expect(refused).toMatchObject({
      ok: false,
      says: `${groupName} is not ready for a drill: cdn-b would not continue the stream of cdn-a: cdn-b is encrypted with another key than cdn-a`,
    })
    expect(made).toMatchObject({ ok: true })
  })
})

describe('a group whose changes cannot be taken back', () => {
  test('waits longer, anew after a recovery, and says for how long', async () => {
    const { world, process } = await steady({ group: irreversible })
    const decision = () => process.watchdog.controller(groupName)?.snapshot().decision

    show(world, { 'cdn-a': 'bad' })
    await until(world, () => stateOf(process) === 'EVALUATE')
    await world.clock.advance(10_000)
    show(world, {})
    await world.clock.advance(90_000)
    expect(world.writes).toEqual([])
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => stateOf(process) === 'EVALUATE')
    const downAt = world.clock.now()
    expect(decision()).toMatchObject({ whyNot: { guard: 'leave-after' } })
    await until(world, () => world.writes.length > 0)

    expect(world.clock.now() - downAt).toBeGreaterThanOrEqual(15_000)
    expect(world.clock.now() - downAt).toBeLessThan(18_000)
    expect(pages(world, '#refused')).toBe(0)
  })

  test('goes on waiting over a reload', async () => {
    const { world, process } = await steady({ group: irreversible })
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => stateOf(process) === 'EVALUATE')
    const downAt = world.clock.now()
    await world.clock.advance(8_000)

    const [first] = world.settings.groups
    const groups = first === undefined ? [] : [{ ...first, priority: 501 }]
    void process.watchdog.reload({ ...world.settings, groups }, world.rules.set)
    await until(world, () => world.writes.length > 0)

    expect(world.clock.now() - downAt).toBeLessThan(20_000)
  })

  test('keeps no person waiting', async () => {
    const { world, process } = await steady({ group: irreversible })
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => stateOf(process) === 'EVALUATE')

    const steer = { kind: 'steer', path: 'cdn-b', apply: false, bypass: [] } as const
    void ask(world, process, steer)
    await until(world, () => world.writes.length > 0, 5_000)

    expect(world.target.allocation['cdn-b']).toBe(100)
  })
})
