import { describe, expect, test } from 'vitest'
import { groupName, killProcess, startProcess } from '../../../src/simulation/world.ts'
import { onA, says, show, steady } from './scene.ts'

const generous = { budget: { changes: 20, perMs: 3_600_000 } }

describe('a path that goes down again and again', () => {
  test('is the last choice: the steady standby is taken in its place', async () => {
    const { world } = await steady({ paths: 3, group: generous })
    for (let round = 0; round < 3; round += 1) {
      show(world, { 'cdn-b': 'bad' })
      await world.clock.advance(60_000)
      show(world, {})
      await world.clock.advance(90_000)
    }

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(says(world, 'decision').join()).toMatch(
      /cdn-b went down too often lately: it is the last choice, and no failback to it, for another 2\dm/u,
    )
  })

  test('is gone to all the same where nothing else is there (invariant 25)', async () => {
    const { world } = await steady({ group: generous })
    for (let round = 0; round < 3; round += 1) {
      show(world, { 'cdn-b': 'bad' })
      await world.clock.advance(60_000)
      show(world, {})
      await world.clock.advance(90_000)
    }

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
  })

  test('is not returned to before it is forgiven, also by a successor', async () => {
    const failback = { auto: true, stableForMs: 60_000, maxWaitMs: 60_000, window: [] }
    const { world, process, options } = await steady({ group: { ...generous, failback } })
    for (let round = 0; round < 3; round += 1) {
      show(world, { 'cdn-a': 'bad' })
      await world.clock.advance(60_000)
      show(world, {})
      await world.clock.advance(round === 2 ? 1_000 : 75_000)
    }
    expect(world.target.allocation).not.toEqual(onA)

    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(10 * 60_000)
    const early = world.target.allocation
    const why = successor.watchdog.controller(groupName)?.snapshot().decision.says
    await world.clock.advance(20 * 60_000)

    expect(early).not.toEqual(onA)
    expect(why).toMatch(/no failback for another 1\dm\d+s: cdn-a went down too often lately/u)
    expect(world.target.allocation).toEqual(onA)
  })
})
