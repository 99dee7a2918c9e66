import { describe, expect, test } from 'vitest'
import { viewOf } from '../../../src/app/view.ts'
import { changesIn } from '../../../src/engine/group/change-list.ts'
import {
  createWorld,
  killProcess,
  startProcess,
  type Process,
  type World,
} from '../../../src/simulation/world.ts'
import type { Behind } from '../../../src/plugin/actuator.ts'
import { onA, onB, pages, says, show, stateOf, until } from './scene.ts'

const deaf: Behind = { who: '192.0.2.54', kind: 'server', says: 'still answers A 192.0.2.1' }
const cache: Behind = { who: '9.9.9.9', kind: 'cache', says: 'still answers A 192.0.2.1' }

/** A world whose target is passed on by others, 60 virtual seconds after the start. */
async function begin(behind: readonly Behind[], settleMs = 0) {
  const options = { seed: 5, paths: 2, vantages: 1 }
  const world = createWorld(options)
  world.target.behind = behind
  world.target.settleMs = settleMs
  const process = await startProcess(world, options)
  await world.clock.advance(60_000)
  expect(stateOf(process)).toBe('STEADY')
  return { world, process, options }
}

/** The active path fails, and the change away from it is applied. */
async function failOver(world: World): Promise<void> {
  show(world, { 'cdn-a': 'bad' })
  await until(world, () => says(world, 'applied').length === 1)
}

/** The group as the API shows it. */
function seen({ clock, watchdog }: Process) {
  const plugins = { probes: [], actuators: [], notifiers: [] }
  const [group] = viewOf({ watchdog, clock, plugins, version: '1' }).groups
  if (group === undefined) throw new Error('the view shows no group')
  return group
}

/** How often people were told how badly of what is only partly in effect. */
function told(world: World): string[] {
  return world.notices
    .filter(({ notice }) => notice.key.includes('#partial'))
    .map(({ notice }) => `${notice.action} ${notice.severity}`)
}

describe('a change that others pass on', () => {
  test('is in effect when caches had their time: declared and effective are two entries', async () => {
    const { world } = await begin([], 20_000)

    await failOver(world)
    await world.clock.advance(19_000)
    const early = says(world, 'effective')
    await world.clock.advance(2_000)

    expect(early).toEqual([])
    expect(says(world, 'effective')).toEqual([
      'in effect 20s after it was applied: all 2 that were asked answer it, caches had their 20s',
    ])
    const entries = world.disk.journal.filter(({ kind }) => ['applied', 'effective'].includes(kind))
    expect(entries.map(({ kind }) => kind)).toEqual(['applied', 'effective'])
    expect(entries[1]?.data).toMatchObject({ intent: entries[0]?.data?.['intent'], ms: 20_000 })
    expect(told(world)).toEqual([])
  })

  test('counts the time of caches from the last server that followed, and names who was late', async () => {
    const { world } = await begin([deaf], 20_000)

    await failOver(world)
    await world.clock.advance(6_000)
    world.target.behind = []
    await world.clock.advance(18_000)
    const early = says(world, 'effective')
    await world.clock.advance(15_000)

    expect(early).toEqual([])
    expect(says(world, 'effective')).toHaveLength(1)
    expect(says(world, 'effective')[0]).toMatch(
      /^in effect 2[6-9]\S* .*; late were 192\.0\.2\.54$/u,
    )
    expect(told(world)).toEqual([])
  })

  test('that a server does not follow is told once it is verified, and a page after two minutes', async () => {
    const { world } = await begin([deaf])

    await failOver(world)
    await world.clock.advance(9_000)
    const soon = told(world)
    // The change is being verified: what is wrong is told with the next decision.
    await world.clock.advance(16_000)
    const warned = told(world)
    await world.clock.advance(110_000)
    const paged = pages(world, '#partial')
    world.target.behind = []
    await world.clock.advance(120_000)

    expect(soon).toEqual([])
    expect(warned).toEqual(['trigger warning'])
    const titles = world.notices.map(({ notice }) => notice.title)
    expect(
      titles.filter((title) => title.includes('#partial') || title.includes('not in effect'))[0],
    ).toMatch(
      /^channel-1\/cdn: applied 2\ds ago, and not in effect everywhere: 192\.0\.2\.54 still answers A 192\.0\.2\.1$/u,
    )
    expect(paged).toBeGreaterThanOrEqual(1)
    expect(told(world)).toContain('trigger critical')
    expect(told(world).at(-1)).toMatch(/^resolve /u)
    expect(says(world, 'effective')).toHaveLength(1)
  })

  test('holds no decision up: the next change is made, and the overtaken one is never said to be in effect', async () => {
    const { world, process } = await begin([deaf])

    await failOver(world)
    await world.clock.advance(60_000)
    show(world, { 'cdn-b': 'bad' })
    await until(world, () => says(world, 'applied').length === 2, 300_000)
    world.target.behind = []
    await world.clock.advance(30_000)

    expect(world.target.allocation).toEqual(onA)
    expect(stateOf(process)).toBe('STEADY')
    const effective = world.disk.journal.filter(({ kind }) => kind === 'effective')
    const applied = world.disk.journal.filter(({ kind }) => kind === 'applied')
    expect(effective.map(({ data }) => data?.['intent'])).toEqual([applied[1]?.data?.['intent']])
  })

  test('that a cache keeps longer than it may is told, and pages nobody', async () => {
    const { world } = await begin([cache], 20_000)

    await failOver(world)
    await world.clock.advance(24_000)
    const soon = told(world)
    await world.clock.advance(400_000)

    expect(soon).toEqual([])
    expect(told(world).every((each) => each === 'trigger warning')).toBe(true)
    expect(told(world)).not.toEqual([])
    expect(says(world, 'effective')).toEqual([])
  })

  test('is not followed any further once a person edits the target', async () => {
    const { world } = await begin([deaf])

    await failOver(world)
    expect(world.target.allocation).toEqual(onB)
    await world.clock.advance(30_000)
    world.target.edit({ 'cdn-a': 50, 'cdn-b': 50 })
    await world.clock.advance(60_000)
    world.target.behind = []
    await world.clock.advance(60_000)

    expect(says(world, 'foreign-edit')).toHaveLength(1)
    expect(says(world, 'effective')).toEqual([])
  })

  test('is watched on by the process that leads next: people hear of it, and of its end', async () => {
    const { world, process, options } = await begin([deaf])

    await failOver(world)
    await world.clock.advance(5_000)
    killProcess(process)
    await world.clock.advance(30_000)
    await startProcess(world, options)
    await world.clock.advance(60_000)
    const warned = told(world)
    await world.clock.advance(60_000)
    const paged = told(world)
    world.target.behind = []
    await world.clock.advance(120_000)

    // After a restart people hear twice rather than never.
    expect(new Set(warned)).toEqual(new Set(['trigger warning']))
    expect(paged).toContain('trigger critical')
    expect(told(world).at(-1)).toMatch(/^resolve /u)
    expect(says(world, 'effective')).toEqual([
      expect.stringMatching(/; late were 192\.0\.2\.54; watched anew from \d/u),
    ])
  })

  test('is watched on where the process ended while it verified', async () => {
    const { world, process, options } = await begin([], 20_000)

    await failOver(world)
    killProcess(process)
    expect(world.disk.rows.get(world.group.name)?.intent?.phase).toBe('applied')
    await startProcess(world, options)
    await world.clock.advance(180_000)

    expect(says(world, 'effective')).toEqual([
      expect.stringMatching(/^in effect at most \d.* after it was applied/u),
    ])
  })

  test('is not said to be in effect by the next process where a person edited the target meanwhile', async () => {
    const { world, process, options } = await begin([deaf])

    await failOver(world)
    await world.clock.advance(60_000)
    killProcess(process)
    world.target.edit({ 'cdn-a': 50, 'cdn-b': 50 })
    world.target.behind = []
    await startProcess(world, options)
    await world.clock.advance(120_000)

    expect(says(world, 'foreign-edit')).toHaveLength(1)
    expect(says(world, 'effective')).toEqual([])
  })

  test('is shown while it is on its way, with who does not follow, and listed with its times after', async () => {
    const { world, process } = await begin([deaf], 20_000)
    const before = seen(process).effect

    await failOver(world)
    await world.clock.advance(1_000)
    const partial = seen(process).effect
    world.target.behind = []
    await world.clock.advance(10_000)
    const kept = seen(process).effect
    await world.clock.advance(30_000)

    const [change, ...others] = changesIn(world.disk.journal)
    expect(before).toBeUndefined()
    expect(partial).toEqual({
      intent: change?.intent,
      appliedAt: change?.appliedAt,
      settleMs: 20_000,
      behind: [deaf],
    })
    expect(kept).toMatchObject({ settleMs: 20_000, behind: [] })
    expect(kept?.serversAt).toBeGreaterThan(kept?.appliedAt ?? Infinity)
    expect(seen(process).effect).toBeUndefined()
    expect(others).toEqual([])
    expect(change).toMatchObject({
      reason: 'failover',
      from: onA,
      to: onB,
      verified: { ok: true },
      effective: { asked: 2, late: ['192.0.2.54'] },
    })
    const { appliedAt = 0, effective } = change ?? {}
    expect(effective?.at).toBeGreaterThanOrEqual(appliedAt + 21_000)
    expect(effective?.ms).toBe((effective?.at ?? 0) - appliedAt)
  })
})
