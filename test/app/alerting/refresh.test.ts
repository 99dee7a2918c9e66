import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
  scene.hook.refreshEveryMs = 60_000
})

describe('a service that forgets what it does not hear of', () => {
  test('is told of an open incident again and again, and others are not', async () => {
    await scene.start()
    scene.evaluate(condition())

    await scene.time.pass(150_000)

    expect(scene.hook.story).toEqual([`trigger ${key}`, `trigger ${key}`, `trigger ${key}`])
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('hears who looks after it, and nothing after its end', async () => {
    await scene.start()
    scene.evaluate(condition())
    scene.alerting.acknowledge(key, 'ada')
    await scene.time.pass(61_000)

    scene.evaluate()
    await scene.time.pass(CLEAR_MS + 300_000)

    expect(scene.hook.story).toEqual([
      `trigger ${key}`,
      `acknowledge ${key}`,
      `acknowledge ${key}`,
      `resolve ${key}`,
    ])
    expect(scene.hook.taken[2]?.acknowledgedBy).toBe('ada')
  })

  test('goes on hearing of it after a restart, although the new process told nobody of it', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.kill()

    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(61_000)

    expect(scene.hook.story).toEqual([`trigger ${key}`, `trigger ${key}`])
  })

  test('that is down when a refresh is due gets one message when it is back, not one for each', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.hook.answer = () => ({ ok: false, retry: true, says: '503' })
    await scene.time.pass(600_000)

    scene.hook.answer = () => ({ ok: true })
    const before = scene.hook.taken.length
    await scene.time.pass(60_000)

    expect(scene.hook.taken.slice(before).map(({ key: told }) => told)).toContain(key)
    expect(scene.hook.taken.slice(before).length).toBeLessThanOrEqual(3)
  })

  test('leaves no trace of refreshes in the journal and the outbox', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    const before = scene.disk.journal.length

    await scene.time.pass(600_000)

    expect(scene.disk.journal.length).toBe(before)
    expect(await scene.store.due(Number.MAX_SAFE_INTEGER, 100)).toEqual([])
  })

  test('is told which severities an incident had', async () => {
    await scene.start()
    scene.evaluate(condition({ severity: 'warning' }))

    scene.evaluate(condition({ severity: 'critical' }))
    await settle()

    expect(scene.hook.taken.map(({ severity, formerly }) => [severity, formerly])).toEqual([
      ['warning', undefined],
      ['critical', ['warning']],
    ])
  })
})
