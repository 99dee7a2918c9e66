import { describe, expect, it } from 'vitest'
import type { Command, CommandResult } from '../../../src/core/command.ts'
import { fail } from '../scripted-probe.ts'
import {
  cdn,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from '../watchdog-scene.ts'

const by = { group: cdn, actor: 'ana', reason: 'match' } as const
const steerToB: Command = { kind: 'steer', ...by, path: 'cdn-b', apply: false, bypass: [] }
const hold: Command = { kind: 'hold', ...by, forMs: 60_000 }

async function told(scene: WatchdogScene, command: Command, ms = 3_000): Promise<CommandResult> {
  const answer = scene.watchdog.command(command)
  await scene.clock.advance(ms)
  return await answer
}

function serves(scene: WatchdogScene): string | undefined {
  return scene.watchdog.serving(cdn)[0]
}

function stateOf(scene: WatchdogScene): string | undefined {
  return scene.watchdog.controller(cdn)?.snapshot().state
}

function entries(scene: WatchdogScene, kind: string) {
  return scene.store.disk.journal.filter((entry) => entry.kind === kind)
}

describe('steer', () => {
  it('moves the traffic and holds the group for a while, with who and why in the journal', async () => {
    const scene = await steadyScene()

    const answer = await told(scene, steerToB)

    expect(answer).toEqual({ ok: true, says: 'traffic is on cdn-b, held for 30m' })
    expect(serves(scene)).toBe('cdn-b')
    expect(entries(scene, 'steer')).toMatchObject([
      { actor: 'ana', path: 'cdn-b', says: 'ana steers to cdn-b: match', data: { bypassed: [] } },
    ])
    expect(stateOf(scene)).toBe('HELD')
  })

  it('names the paths that there are where it is asked for another one', async () => {
    const scene = await steadyScene()

    const answer = await told(scene, { ...steerToB, path: 'cdn-x' })

    expect(answer).toEqual({
      ok: false,
      code: 'not-found',
      says: 'channel-1/cdn has no path cdn-x',
      todo: 'Paths: cdn-a, cdn-b.',
    })
  })

  it('names the guards that can be bypassed where it is asked to bypass another one', async () => {
    const scene = await steadyScene()

    const answer = await told(scene, { ...steerToB, bypass: ['never-empty'] })

    expect(answer).toMatchObject({ ok: false, code: 'invalid' })
    expect(answer.says).toBe('never-empty is no guard that can be bypassed')
    expect(answer.ok ? '' : answer.todo).toMatch(/^Guards that can: .*precheck\.$/u)
    expect(serves(scene)).toBe('cdn-a')
  })

  it('is refused in advise, and says how to do it all the same', async () => {
    const scene = await steadyScene(sceneSettings({ mode: 'advise' }))

    const refused = await told(scene, steerToB)
    const applied = await told(scene, { ...steerToB, apply: true })

    expect(refused).toMatchObject({
      ok: false,
      code: 'refused',
      todo: 'To do it all the same: --apply',
    })
    expect(applied).toMatchObject({ ok: true })
    expect(scene.targets.get(cdn)?.allocation).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
  })

  it('is refused by holddown, and the journal names the guard where it is bypassed', async () => {
    const scene = await steadyScene()
    await told(scene, steerToB)
    await told(scene, { kind: 'release', ...by })
    const back: Command = { ...steerToB, path: 'cdn-a' }

    const refused = await told(scene, back)
    const done = await told(scene, { ...back, bypass: ['holddown'] })

    expect(refused).toMatchObject({
      code: 'refused',
      todo: 'To do it all the same: --bypass holddown',
    })
    expect(done).toMatchObject({ ok: true })
    expect(entries(scene, 'steer').at(-1)?.says).toBe(
      'ana steers to cdn-a: match (bypasses holddown)',
    )
  })

  it('to a path that fails its pre-check is not made, unless that is bypassed', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-b', fail('answered 502'))

    const refused = await told(scene, steerToB)

    expect(refused).toMatchObject({ ok: false })
    expect(serves(scene)).toBe('cdn-a')
  })

  it('is refused before anybody knows what serves', async () => {
    const scene = watchdogScene()
    scene.store.available = false
    await scene.watchdog.start()
    await scene.clock.advance(1_000)

    const answer = scene.watchdog.command(steerToB)
    scene.store.available = true
    await scene.clock.advance(10_000)

    expect((await answer).says).not.toBe('')
  })
})

describe('hold and release', () => {
  it.each([999, 30 * 24 * 3_600_000 + 1])('is no hold for %d ms', async (forMs) => {
    const scene = await steadyScene()

    const answer = await told(scene, { ...hold, forMs })

    expect(answer).toMatchObject({ ok: false, code: 'invalid' })
    expect(stateOf(scene)).toBe('STEADY')
  })

  it('keeps everything automatic away until it is released', async () => {
    const scene = await steadyScene()
    const held = await told(scene, { ...hold, forMs: 3_600_000 })
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(30_000)
    const during = serves(scene)

    const released = await told(scene, { kind: 'release', ...by }, 10_000)

    expect(held).toEqual({
      ok: true,
      says: 'held for 1h; nothing automatic is written until then',
    })
    expect(released).toMatchObject({ ok: true })
    expect([during, serves(scene)]).toEqual(['cdn-a', 'cdn-b'])
    expect(entries(scene, 'release')).toMatchObject([
      { actor: 'ana', says: 'ana releases the hold of ana: match' },
    ])
  })

  it('ends by itself, and the journal says so', async () => {
    const scene = await steadyScene()
    await told(scene, hold)

    await scene.clock.advance(65_000)

    expect(stateOf(scene)).toBe('STEADY')
    expect(entries(scene, 'release')).toMatchObject([
      { actor: 'expiry', says: 'the hold of ana expired: match' },
    ])
  })

  it('is unavailable where it cannot be written down', async () => {
    const scene = await steadyScene()
    scene.store.available = false

    const answer = await told(scene, hold)

    expect(answer).toMatchObject({ ok: false, code: 'unavailable' })
    expect(answer.ok ? '' : answer.todo).not.toBe('')
  })

  it('is no trouble to release what is not held', async () => {
    const scene = await steadyScene()

    expect(await told(scene, { kind: 'release', ...by })).toEqual({
      ok: true,
      says: 'there was no hold',
    })
  })
})

describe('ack and adopt', () => {
  it.each([
    ['ack', 'the group was not frozen'],
    ['adopt', 'there is nothing to adopt'],
  ] as const)('%s where there is nothing to do says so', async (kind, says) => {
    const scene = await steadyScene()

    expect(await told(scene, { kind, ...by })).toEqual({ ok: true, says })
  })

  it('ack ends the freeze of a spent budget, forgives it and reads the world back', async () => {
    const scene = await steadyScene()
    const row = scene.store.disk.rows.get(cdn)
    await scene.watchdog.stop()
    const frozen = { since: scene.clock.wall(), says: 'a test says so' }
    if (row !== undefined) scene.store.disk.rows.set(cdn, { ...row, frozen })
    const next = watchdogScene(scene.settings)
    for (const [name, each] of scene.store.disk.rows) next.store.disk.rows.set(name, each)
    await next.watchdog.start()
    await next.clock.advance(20_000)
    const before = stateOf(next)

    const answer = await told(next, { kind: 'ack', ...by }, 10_000)

    expect(before).toBe('FROZEN')
    expect(answer).toMatchObject({ ok: true })
    expect(stateOf(next)).toBe('STEADY')
    expect(entries(next, 'ack')).toMatchObject([
      { actor: 'ana', says: 'ana acknowledges: match (was frozen: a test says so)' },
    ])
  })
})
