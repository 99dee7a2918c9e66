import { describe, expect, test } from 'vitest'
import type { VantageReport } from '../../../src/core/health.ts'
import { deliverNow, groupName } from '../../../src/simulation/world.ts'
import { ask, onA, onB, pages, says, show, stateOf, steady, until } from './scene.ts'

const minute = 60_000
const quick = { auto: true, stableForMs: 60_000, maxWaitMs: 600_000, window: [] }

describe('verification of a failback fails', () => {
  const begin = async () => {
    const budget = { changes: 9, perMs: 60 * minute }
    const scene = await steady({ group: { failback: quick, budget, holddownMs: 30_000 } })
    const { world } = scene
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => says(world, 'verified').length === 1)
    // The path itself looks well again, and viewers who are sent there see nothing.
    world.publicTrouble = () => (world.target.allocation['cdn-a'] === 100 ? 'bad' : undefined)
    show(world, {})
    await until(world, () => world.target.allocation['cdn-a'] === 100, 10 * minute)
    return scene
  }

  test('back to what carried the traffic, with a warning, and no second failback in that window', async () => {
    const { world, process } = await begin()

    await world.clock.advance(2 * minute)
    expect(world.target.allocation).toEqual(onB)
    await world.clock.advance(40 * minute)

    expect(world.target.allocation).toEqual(onB)
    expect(stateOf(process)).toBe('STEADY')
    const told = world.notices.filter(({ notice }) => notice.key === `${groupName}#verify`)
    expect(told[0]?.notice.severity).toBe('warning')
  })

  test('failover stays armed', async () => {
    const { world } = await begin()
    await world.clock.advance(2 * minute)
    world.publicTrouble = () => undefined

    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(minute)

    expect(world.target.allocation).toEqual(onA)
  })
})

test('roll-back of a step fails too: frozen, with what each target shows, and a page', async () => {
  const { world, process } = await steady({ layout: ['push', 'push'] })
  const [first, second] = [...world.targets.values()]
  if (first === undefined || second === undefined) throw new Error('no targets')
  second.trouble.refuseUntil = Number.MAX_SAFE_INTEGER
  world.triggers.push({
    kind: 'step',
    run: () => (first.trouble.refuseUntil = Number.MAX_SAFE_INTEGER),
  })

  show(world, { 'cdn-a': 'bad' })
  await world.clock.advance(2 * minute)

  expect(stateOf(process)).toBe('FROZEN')
  expect([first.allocation, second.allocation]).toEqual([onB, onA])
  expect(pages(world, '#frozen')).toBe(1)
  expect(says(world, 'frozen')[0]).toContain('sim-target')
})

test('a person steers during an incident: the open change ends first, then the person has the traffic', async () => {
  const { world, process } = await steady({ paths: 3 })
  show(world, { 'cdn-a': 'bad' })
  await until(world, () => says(world, 'applied').length === 1)

  const early = ask(world, process, { kind: 'steer', path: 'cdn-c', bypass: ['holddown'] }, 90_000)
  const answer = await early

  expect(answer).toMatchObject({ ok: true })
  const story = world.disk.journal.map(({ kind }) => kind).filter((kind) => kind !== 'health')
  expect(story.indexOf('steer')).toBeGreaterThan(story.indexOf('verified'))
  expect(world.target.allocation).toEqual({ 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 100 })
  expect(stateOf(process)).toBe('HELD')
})

describe('nothing of the other vantages arrives', () => {
  test('the own one alone moves nothing, and people hear that nothing is seen', async () => {
    const { world, process } = await steady()
    world.deliver = () => {}

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(3 * minute)

    expect(world.writes).toEqual([])
    expect(stateOf(process)).toBe('BLIND')
    expect(pages(world, '#blind')).toBe(1)
  })

  test('what arrives late is no evidence for now', async () => {
    const { world, process } = await steady()
    const late: (readonly [string, VantageReport])[] = []
    world.deliver = (group, report) => void late.push([group, report])
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(minute)
    show(world, {})
    await world.clock.advance(3 * minute)

    const bad = late.filter(([, report]) => report.health === 'down')
    for (const [group, report] of bad) deliverNow(world, group, report)
    await world.clock.advance(5_000)

    expect(bad.length).toBeGreaterThan(0)
    expect(world.writes).toEqual([])
    expect(stateOf(process)).toBe('BLIND')
  })
})
