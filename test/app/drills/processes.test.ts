import { describe, expect, test } from 'vitest'
import { groupName, killProcess, startProcess } from '../../../src/simulation/world.ts'
import { onA, pages, steady } from '../group/scene.ts'
import { minute, newest, plan, rehearse, scene } from './drill-scene.ts'

describe('a drill of which two processes know', () => {
  test('is judged by the one that leads, once, however late the other one wakes up', async () => {
    const { world, process, options } = await scene(plan())
    await startProcess(world, options)
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(40_000)

    process.clock.pause(90_000)
    await world.clock.advance(4 * minute)

    const outcomes = world.disk.journal.filter(({ data }) => data?.['event'] === 'outcome')
    expect(outcomes.map(({ says }) => says)).toEqual([
      'drill weekly INTERRUPTED: the process that ran it ended before it could be judged',
    ])
    expect(world.target.allocation).toEqual(onA)
    // Nor does the one that slept keep a verdict of its own.
    expect(process.watchdog.drills.view().history).toMatchObject([{ outcome: 'INTERRUPTED' }])
  })

  test('is judged after all where the store took nothing at its end, and then once', async () => {
    const { world, process } = await scene(plan({ kind: 'observe' }))
    process.store.available = false
    await process.watchdog.drills.run('weekly', 'ana', 'test')
    await world.clock.advance(6_000)

    process.store.available = true
    await world.clock.advance(minute)

    const outcomes = world.disk.journal.filter(({ data }) => data?.['event'] === 'outcome')
    expect(outcomes).toHaveLength(1)
    expect(process.watchdog.drills.view().history).toHaveLength(1)
  })
})

describe('what one process rehearsed', () => {
  /** Asks for a pass every ten minutes; the first process leads. */
  async function two() {
    const { world, process, options } = await steady({
      group: { drillWithinMs: 10 * minute },
      settings: { drills: [plan()] },
    })
    const other = await startProcess(world, options)
    return { world, process, other }
  }

  test('is known to the other one', async () => {
    const { world, process, other } = await two()

    await rehearse(world, process)
    await world.clock.advance(10_000)

    expect(newest(process).outcome).toBe('PASSED')
    expect(other.watchdog.drills.view().history).toEqual(process.watchdog.drills.view().history)
  })

  test('is no reason for the other one to say that nothing was, not even once it leads', async () => {
    const { world, process } = await two()
    await world.clock.advance(6 * minute)
    await rehearse(world, process)

    await world.clock.advance(4 * minute)
    killProcess(process)
    await world.clock.advance(2 * minute)

    expect(pages(world, '#drill-overdue')).toBe(0)
  })

  test('was too long ago: whoever leads says so, and the other one only shows it', async () => {
    const { world, other } = await two()

    await world.clock.advance(12 * minute)

    const key = `${groupName}#drill-overdue`
    expect(pages(world, key)).toBe(1)
    expect(other.watchdog.alerting.view().map((each) => each.key)).toEqual([key])
  })
})
