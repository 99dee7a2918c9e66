import { describe, expect, test } from 'vitest'
import { weekdays, type CalendarEntry } from '../../../src/core/calendar.ts'
import { groupName } from '../../../src/simulation/world.ts'
import type { World } from '../../../src/simulation/world.ts'
import { ask, onA, onB, pages, says, show, steady } from './scene.ts'

const minute = 60_000

/** A freeze of every day from so many minutes after the start of the world on, for an hour. */
function frozenAfter(minutes: number, more: Partial<CalendarEntry> = {}): CalendarEntry {
  const from = minutesOfDay() + minutes
  return {
    name: 'final',
    kind: 'freeze',
    stops: 'all',
    period: {
      repeats: 'weekly',
      days: weekdays,
      from: from % 1_440,
      to: (from + 60) % 1_440 || 1_440,
      timeZone: 'UTC',
    },
    ...more,
  }
}

/** The simulated wall clock begins at a fixed instant. */
function minutesOfDay(): number {
  return Math.floor((startWall % 86_400_000) / minute)
}

const { world: probe } = await steady()
const startWall = probe.clock.wall() - probe.clock.now()

function whyOf(world: World): string | undefined {
  const decision = world.processes[0]?.watchdog.controller(groupName)?.snapshot().decision
  return decision?.kind === 'stay' ? decision.whyNot?.guard : undefined
}

describe('a freeze in the calendar', () => {
  test('keeps traffic on a failing path, pages, and lets go when it ends', async () => {
    const { world } = await steady({ group: { calendar: [frozenAfter(0)] } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(30 * minute)
    expect(world.target.allocation).toEqual(onA)
    expect(whyOf(world)).toBe('calendar')
    expect(says(world, 'decision').at(-1)).toMatch(
      /^cdn-a is down; cdn-b is up; not moved: freeze final until /u,
    )
    expect(pages(world, 'cdn-a')).toBe(1)

    await world.clock.advance(31 * minute)
    expect(world.target.allocation).toEqual(onB)
  })

  test('of failback only lets a failing path be left, and failback wait', async () => {
    const calendar = [frozenAfter(0, { stops: 'failback-only' })]
    const { world } = await steady({ group: { calendar } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(minute)
    expect(world.target.allocation).toEqual(onB)
    show(world, {})
    await world.clock.advance(40 * minute)
    expect(world.target.allocation).toEqual(onB)

    await world.clock.advance(20 * minute)
    expect(world.target.allocation).toEqual(onA)
  })

  test('goes by the wall clock: a jump into it and out of it counts at once', async () => {
    const { world } = await steady({ group: { calendar: [frozenAfter(180)] } })

    world.clock.jumpWall(200 * minute)
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(5 * minute)
    expect(world.target.allocation).toEqual(onA)

    world.clock.jumpWall(-100 * minute)
    await world.clock.advance(minute)
    expect(world.target.allocation).toEqual(onB)
  })

  test('stops a person too, who may name it and go on', async () => {
    const { world, process } = await steady({ group: { calendar: [frozenAfter(0)] } })
    const steer = { kind: 'steer', path: 'cdn-b', apply: false } as const

    const refused = await ask(world, process, { ...steer, bypass: ['holddown'] })
    const moved = await ask(world, process, { ...steer, bypass: ['calendar'] }, 60_000)

    expect(refused).toMatchObject({ ok: false, code: 'refused', todo: /--bypass calendar/u })
    expect(moved).toMatchObject({ ok: true })
    expect(says(world, 'steer')).toEqual(['ana steers to cdn-b: test (bypasses calendar)'])
  })

  test('that begins while a change is verified lets the way back be taken', async () => {
    const { world } = await steady({ paths: 3, group: { calendar: [frozenAfter(2)] } })
    show(world, { 'cdn-a': 'bad' })
    // What the public name serves from cdn-b is bad, though cdn-b itself looks good.
    world.publicTrouble = () => (world.target.allocation['cdn-b'] === 100 ? 'bad' : undefined)
    await world.clock.advance(30_000)
    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })

    await world.clock.advance(3 * minute)

    expect(says(world, 'decision').join()).toContain('compensating once: on to cdn-c')
  })
})

test('failback waits for its window, and says when that opens', async () => {
  const opens = frozenAfter(60).period
  const { world, process } = await steady({
    group: { failback: { auto: true, stableForMs: 60_000, maxWaitMs: 60_000, window: [opens] } },
  })
  show(world, { 'cdn-a': 'bad' })
  await world.clock.advance(minute)
  show(world, {})

  await world.clock.advance(40 * minute)
  const early = world.target.allocation
  const why = process.watchdog.controller(groupName)?.snapshot().decision.says
  await world.clock.advance(30 * minute)

  expect(early).toEqual(onB)
  expect(why).toContain('no failback to cdn-a now: its window opens')
  expect(world.target.allocation).toEqual(onA)
})
