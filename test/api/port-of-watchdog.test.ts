import { describe, expect, it } from 'vitest'
import { portOf, type PortParts } from '../../src/api/port-of-watchdog.ts'
import type { DemoPort } from '../../src/api/watchdog-port.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { fail } from '../app/scripted-probe.ts'
import {
  cdn,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from '../app/watchdog-scene.ts'

function ported(scene: WatchdogScene, more: Partial<PortParts> = {}) {
  const journalListeners = new Set<(entry: JournalEntry) => void>()
  const port = portOf({
    watchdog: scene.watchdog,
    store: scene.store,
    clock: scene.clock,
    ids: { next: () => 'session' },
    plugins: scene.plugins,
    version: '1.2.3',
    metrics: async () => ({ contentType: 'text/plain', body: 'up 1' }),
    lagMs: () => 0,
    journalListeners,
    ...more,
  })
  return { port, journalListeners }
}

describe('what the API sees of a watchdog', () => {
  it('is its view, and in the demo the links of the lab', async () => {
    const scene = await steadyScene()
    const links = { lab: 'http://127.0.0.1:1/', viewer: 'http://127.0.0.1:2/' }

    expect(ported(scene).port.view()).not.toHaveProperty('demo')
    expect(ported(scene, { links }).port.view()).toMatchObject({ version: '1.2.3', demo: links })
  })

  it('offers the faults of the demo there alone', async () => {
    const scene = await steadyScene()
    const demo: DemoPort = {
      faults: () => ({ offers: [], active: [] }),
      inject: async () => ({ ok: true, says: 'broken' }),
      heal: async () => ({ ok: true, says: 'healed' }),
    }

    expect(ported(scene).port.demo).toBeUndefined()
    expect(ported(scene, { demo }).port.demo).toBe(demo)
  })

  it('is its journal, and new entries as they come, until one stops listening', async () => {
    const scene = await steadyScene()
    const { port, journalListeners } = ported(scene)
    const heard: number[] = []
    const [entry] = await port.journal({ limit: 1 })
    if (entry === undefined) throw new Error('the journal is empty')

    const stop = port.onJournal((each) => heard.push(each.seq))
    for (const listener of journalListeners) listener(entry)
    stop()

    expect(entry).toMatchObject({ seq: 1, kind: 'boot' })
    expect(heard).toEqual([1])
    expect(journalListeners.size).toBe(0)
  })

  it('is its metrics', async () => {
    const scene = await steadyScene()

    expect(await ported(scene).port.metrics()).toEqual({ contentType: 'text/plain', body: 'up 1' })
  })

  it('is the health of a path by quorum, and nothing of what is not configured', async () => {
    const { port } = ported(await steadyScene())

    expect(port.health(cdn, 'cdn-a')).toMatchObject({ health: 'up' })
    expect(port.health(cdn, 'cdn-x')).toBeUndefined()
    expect(port.health('channel-9/cdn', 'cdn-a')).toBeUndefined()
  })
})

describe('commands through the port', () => {
  it('go to their group', async () => {
    const scene = await steadyScene()

    const answer = ported(scene).port.command({
      kind: 'release',
      group: cdn,
      actor: 'ana',
      reason: 'done',
    })
    await scene.clock.advance(1_000)

    expect(await answer).toEqual({ ok: true, says: 'there was no hold' })
  })

  it('take an incident over where it is open', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(20_000)
    const { port } = ported(scene)
    const key = port.view().incidents[0]?.key ?? ''

    const answer = await port.command({ kind: 'ack-incident', key, actor: 'ana' })

    expect(answer).toEqual({ ok: true, says: `ana looks after ${key}` })
    expect(port.view().incidents[0]?.acknowledgedBy).toBe('ana')
  })

  it('take no incident over that another process judges, which would go on escalating', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(20_000)
    const { port } = ported(scene)
    const { key = '', group = '' } = port.view().incidents[0] ?? {}

    scene.watchdog.alerting.aside(group)
    const answer = await port.command({ kind: 'ack-incident', key, actor: 'ana' })

    expect(answer).toEqual({
      ok: false,
      code: 'unavailable',
      says: `another process judges ${key}, and would not hear of it here`,
      todo: 'Acknowledge it at the process that leads its group.',
    })
    expect(port.view().incidents[0]).not.toHaveProperty('acknowledgedBy')
  })

  it('silence people for a while and let them hear again', async () => {
    const scene = await steadyScene()
    const { port } = ported(scene)
    const order = { match: { group: 'channel-1/*' }, actor: 'ana', reason: 'new encoder' }

    const made = await port.command({ kind: 'silence', ...order, inMs: 0, forMs: 3_600_000 })
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(20_000)
    const [silence] = port.view().silences
    const spared = port.view().incidents[0]?.quiet
    const end = {
      kind: 'end-silence',
      id: silence?.id ?? '',
      actor: 'ana',
      reason: 'done',
    } as const
    const ended = await port.command(end)
    const again = await port.command(end)

    expect(made).toMatchObject({
      ok: true,
      says: expect.stringMatching(
        /^nobody is told of group channel-1\/\* until .* UTC; decisions go on/u,
      ),
    })
    expect(silence).toMatchObject({ owner: 'ana', reason: 'new encoder' })
    expect(spared?.kind).toBe('silenced')
    expect(ended).toEqual({ ok: true, says: 'the silence of group channel-1/* is over' })
    expect(again).toMatchObject({ ok: false, code: 'not-found' })
    expect(port.view().incidents[0]?.quiet).toBeUndefined()
  })

  it('say where to look when no such incident is open', async () => {
    const { port } = ported(await steadyScene())

    const answer = await port.command({ kind: 'ack-incident', key: 'gone', actor: 'ana' })

    expect(answer).toEqual({
      ok: false,
      code: 'not-found',
      says: 'no incident gone is open',
      todo: 'Open incidents: changeover status.',
    })
  })
})

describe('pulled answers', () => {
  it('follow the applied allocation', async () => {
    const { port } = ported(await steadyScene())

    const answers = ['cdn-a', 'cdn-b'].map((path) => port.pull('serve', cdn, path, {})?.status)

    expect(answers).toEqual([200, 503])
  })

  it('keep everything serving in advise', async () => {
    const { port } = ported(await steadyScene(sceneSettings({ mode: 'advise' })))

    const answers = ['cdn-a', 'cdn-b'].map((path) => port.pull('serve', cdn, path, {})?.status)

    expect(answers).toEqual([200, 200])
  })

  it.each([
    ['another route', 'evict', cdn, 'cdn-a'],
    ['an unknown group', 'serve', 'channel-9/cdn', 'cdn-a'],
    ['an unknown path', 'serve', cdn, 'cdn-x'],
    ['a path named like a method', 'serve', cdn, 'constructor'],
  ])('are none for %s', async (_, route, group, path) => {
    const { port } = ported(await steadyScene())

    expect(port.pull(route, group, path, {})).toBeUndefined()
  })
})

describe('readiness', () => {
  it('comes when every group that this process leads has read its world back', async () => {
    const scene = watchdogScene()
    const { port } = ported(scene)
    const before = port.ready()
    await scene.watchdog.start()
    await scene.clock.advance(1_000)

    expect(before).toEqual({ ok: false, says: 'channel-1/cdn has not started' })
    expect(port.ready()).toEqual({ ok: true, says: 'watching' })
  })

  it('does not come while the store was never readable', async () => {
    const scene = watchdogScene()
    scene.store.available = false
    await scene.watchdog.start()
    await scene.clock.advance(5_000)

    expect(ported(scene).port.ready()).toMatchObject({ ok: false })
  })

  it('stays when the store goes down later: pulled answers are the last good ones', async () => {
    const scene = await steadyScene()
    scene.store.available = false
    await scene.clock.advance(60_000)
    const { port } = ported(scene)

    expect(port.ready().ok).toBe(true)
    expect(port.pull('serve', cdn, 'cdn-b', {})?.status).toBe(503)
  })

  it('is there in a process that stands by', async () => {
    const scene = watchdogScene()
    await scene.store.lease(cdn, 'somebody else', 600_000)
    await scene.watchdog.start()
    await scene.clock.advance(5_000)

    expect(ported(scene).port.ready()).toEqual({ ok: true, says: 'watching' })
  })
})

describe('being alive', () => {
  it('is while every group is evaluated', async () => {
    const scene = await steadyScene()
    await scene.clock.advance(60_000)

    expect(ported(scene).port.alive()).toEqual({ ok: true, says: 'every group is evaluated' })
  })

  it.each([
    ['nothing', undefined, 30_000, true],
    ['nothing', undefined, 30_001, false],
    // Three attempts of 30 s verification and 8 calls of 4 s each, beyond the 30 s.
    ['a change', 'moving to cdn-b', 216_000, true],
    ['a change', 'moving to cdn-b', 216_001, false],
  ])('of a group busy with %s (%s) is, after %d ms: %s', async (_, busy, afterMs, wanted) => {
    const scene = await steadyScene()
    const snapshot = scene.watchdog.controller(cdn)?.snapshot()
    const stuck = {
      settings: scene.settings,
      subscribe: () => () => {},
      controller: () => ({ snapshot: () => ({ ...snapshot, busy, lastTurn: 20_000 }) }),
    } as unknown as PortParts['watchdog']
    await scene.clock.runUntil(20_000 + afterMs)

    const alive = ported({ ...scene, watchdog: stuck }).port.alive()

    expect(alive.ok).toBe(wanted)
    if (!wanted) expect(alive.says).toBe(`${cdn} is not evaluated any more`)
  })

  it('ends when the event loop is late by seconds', async () => {
    const { port } = ported(await steadyScene(), { lagMs: () => 7_321.4 })

    expect(port.alive()).toEqual({ ok: false, says: 'the event loop is 7321 ms late' })
  })
})
