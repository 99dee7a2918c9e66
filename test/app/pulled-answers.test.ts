import { describe, expect, it } from 'vitest'
import { PulledAnswers } from '../../src/app/pulled-answers.ts'
import type { Settings } from '../../src/core/settings.ts'
import type { ActuatorPlugin, GroupPublished } from '../../src/plugin/actuator.ts'
import { z } from 'zod'
import { fail, pass } from './scripted-probe.ts'
import {
  cdn,
  sceneGroup,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from './watchdog-scene.ts'

const request = { method: 'GET', query: {}, contentType: '', body: '' } as const

/** A group of which one asks for all of it. */
function askedSettings(overrides: Partial<Settings> = {}): Settings {
  const { actuators } = sceneGroup()
  const asked = { type: 'asked', options: {}, required: true }
  return sceneSettings({
    groups: [sceneGroup(cdn, ['cdn-a', 'cdn-b'], { actuators: [...actuators, asked] })],
    ...overrides,
  })
}

/** What a pull actuator of the group is given, each time that it is asked. */
function pulled(scene: WatchdogScene) {
  const given: GroupPublished[] = []
  const opened: unknown[] = []
  const asked: ActuatorPlugin = {
    type: 'asked',
    summary: 'Keeps what it is given.',
    options: z.strictObject({}),
    mode: 'pull',
    asks: 'group',
    route: 'asked',
    capabilities: () => {
      throw new Error('not asked for here')
    },
    open: (_, { group, paths }) => {
      opened.push({ group, paths })
      return (published) => {
        given.push(published)
        return { status: 200, body: '' }
      }
    },
  }
  const plugins = { ...scene.plugins, actuators: [...scene.plugins.actuators, asked] }
  const { watchdog, clock } = scene
  const answers = new PulledAnswers({ watchdog, clock, plugins, ids: { next: () => 'id' } })
  return {
    answers,
    opened,
    ask: () => {
      answers.answer('asked', cdn, request)
      return given.at(-1)
    },
  }
}

/** As the scene binds actuators itself, only the answers know of the one that is asked. */
async function scene(overrides: Partial<Settings> = {}) {
  const steady = await steadyScene(sceneSettings(overrides))
  const settings = askedSettings(overrides)
  Object.defineProperty(steady.watchdog, 'settings', { get: () => settings })
  return steady
}

describe('what a group is answered from', () => {
  it('is the applied allocation with the health of its paths', async () => {
    const { ask, opened } = pulled(await scene())

    expect(ask()).toEqual({
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      serveAll: false,
      health: { 'cdn-a': 'up', 'cdn-b': 'up' },
      isSuspect: false,
    })
    expect(opened).toEqual([{ group: cdn, paths: ['cdn-a', 'cdn-b'] }])
  })

  it('is what carries the traffic in advise, too: nobody is moved', async () => {
    const { ask } = pulled(await scene({ mode: 'advise' }))

    expect(ask()).toMatchObject({ allocation: { 'cdn-a': 100, 'cdn-b': 0 }, serveAll: true })
  })

  it('is the same object until something changes, and asks the plug-in to open once', async () => {
    const world = await scene()
    const { ask, opened } = pulled(world)

    const before = ask()
    await world.clock.advance(30_000)
    const calm = ask()
    world.sights.set('cdn-a', fail())
    await world.clock.advance(2_000)
    const later = ask()

    expect(calm).toBe(before)
    expect(later).not.toBe(before)
    expect(opened).toHaveLength(1)
  })

  it('says while the path that carries the traffic is suspect, and that it no more is', async () => {
    const world = await scene()
    const { ask } = pulled(world)

    world.sights.set('cdn-a', fail())
    await world.clock.advance(1_500)
    const suspect = ask()?.isSuspect
    world.sights.set('cdn-a', pass({ bitrate_bits_per_second: 5_000_000, missing_ratio: 0 }))
    await world.clock.advance(30_000)

    expect(suspect).toBe(true)
    expect(ask()?.isSuspect).toBe(false)
  })

  it('is calm while a path that stands by is down', async () => {
    const world = await scene()
    const { ask } = pulled(world)

    world.sights.set('cdn-b', fail())
    await world.clock.advance(20_000)

    expect(ask()).toMatchObject({ health: { 'cdn-b': 'down' }, isSuspect: false })
  })

  it('follows a failover, and is calm again once that is over', async () => {
    const world = await scene()
    const { ask } = pulled(world)

    world.sights.set('cdn-a', fail())
    await world.clock.advance(20_000)
    const moved = ask()
    await world.clock.advance(120_000)

    expect(moved?.allocation).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
    expect(ask()?.isSuspect).toBe(false)
  })

  it('stays the last good one while the store is down and the active path fails', async () => {
    const world = await scene()
    const { ask } = pulled(world)
    ask()

    world.store.available = false
    world.sights.set('cdn-a', fail())
    await world.clock.advance(120_000)

    expect(ask()).toMatchObject({ allocation: { 'cdn-a': 100, 'cdn-b': 0 }, isSuspect: true })
  })

  it('stays the last good one when what was known is forgotten', async () => {
    const world = await scene()
    const { ask } = pulled(world)
    ask()

    Object.defineProperty(world.watchdog, 'published', {
      value: () => ({ allocation: {}, serveAll: true }),
    })
    await world.clock.advance(1_000)

    expect(ask()?.allocation).toEqual({ 'cdn-a': 100, 'cdn-b': 0 })
  })

  it('is nothing at all before anything was ever seen', async () => {
    const world = watchdogScene(sceneSettings())
    world.store.available = false
    await world.watchdog.start()
    await world.clock.advance(5_000)
    const settings = askedSettings()
    Object.defineProperty(world.watchdog, 'settings', { get: () => settings })

    expect(pulled(world).ask()).toMatchObject({ allocation: {}, isSuspect: true })
  })
})

it.each([
  ['another route', 'serve', cdn],
  ['an unknown group', 'asked', 'channel-9/cdn'],
])('nothing answers for %s', async (_, route, group) => {
  const { answers } = pulled(await scene())

  expect(answers.answer(route, group, request)).toBeUndefined()
})
