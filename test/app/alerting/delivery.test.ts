import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

describe('delivery', () => {
  test('is tried again with growing waits until the peer takes it', async () => {
    await scene.start()
    let failures = 6
    scene.pager.answer = () =>
      (failures -= 1) >= 0 ? { ok: false, retry: true, says: '500 from peer' } : { ok: true }

    scene.evaluate(condition())
    await scene.time.pass(120_000)

    const times = scene.pager.attempts.map(({ at }) => at)
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(waits).toHaveLength(6)
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** index)
      expect(wait).toBeLessThanOrEqual(1_000 * 2 ** index)
    }
    expect(new Set(scene.pager.attempts.map(({ notice }) => notice.id)).size).toBe(1)
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('waits at most a minute between attempts, however long the peer fails', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: '500 from peer' })

    scene.evaluate(condition())
    await scene.time.pass(3_600_000)

    expect(scene.pager.attempts.length).toBeGreaterThan(60)
  })

  test('honours how long the peer asks to wait, for the whole route', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, retryAfterMs: 40_000, says: '429' })
    scene.evaluate(condition())
    await settle()
    scene.pager.answer = () => ({ ok: true })

    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await scene.time.pass(39_999)
    const early = scene.pager.taken.length
    await scene.time.pass(2)

    expect(early).toBe(0)
    expect(scene.pager.taken).toHaveLength(2)
  })

  test('never waits longer than five minutes for a peer', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, retryAfterMs: 1e9, says: '429' })
    scene.evaluate(condition())
    await settle()
    scene.pager.answer = () => ({ ok: true })

    await scene.time.pass(300_001)

    expect(scene.pager.taken).toHaveLength(1)
  })

  test('stops at a refusal, records it and tells the other routes, until it works again', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: false, says: '400: invalid routing key' })

    scene.evaluate(condition())
    await scene.time.pass(60_000)

    expect(scene.pager.attempts).toHaveLength(1)
    expect(scene.disk.outbox.size).toBe(0)
    expect(scene.hook.story).toEqual([`trigger ${key}`, 'trigger notifications#pager'])
    expect(scene.hook.taken[1]?.title).toBe('notices do not reach pager: 400: invalid routing key')
    const given = scene.disk.journal.find(({ data }) => data?.['end'] === 'given-up')
    expect(given?.says).toBe(
      'pager did not take the notice (trigger): 400: invalid routing key: cdn-a is down: no new segment for 12.5s',
    )

    scene.pager.answer = () => ({ ok: true })
    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await scene.time.pass(CLEAR_MS + 1_000)

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-b`])
    expect(scene.hook.story.at(-1)).toBe('resolve notifications#pager')
  })

  test('that fails three times in a row is told to the other routes', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'connection refused' })

    scene.evaluate(condition())
    await scene.time.pass(1_000)
    const early = [...scene.hook.story]
    await scene.time.pass(5_000)

    expect(early).toEqual([`trigger ${key}`])
    expect(scene.hook.story).toEqual([`trigger ${key}`, 'trigger notifications#pager'])
  })

  test('of a route that hangs delays no other route and no other incident', async () => {
    await scene.start()
    scene.pager.answer = (notice) => (notice.key === key ? new Promise(() => {}) : { ok: true })

    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await settle()

    expect(scene.hook.story).toEqual([`trigger ${key}`, `trigger ${GROUP}/cdn-b`])
    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-b`])
  })

  test('counts no answer within 20 s as a failure and tries again', async () => {
    await scene.start()
    scene.pager.answer = () => new Promise(() => {})
    scene.evaluate(condition())
    await scene.time.pass(19_000)
    scene.pager.answer = () => ({ ok: true })

    await scene.time.pass(3_000)

    expect(scene.pager.attempts).toHaveLength(2)
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('never lets a resolve overtake its trigger', async () => {
    await scene.start()
    scene.pager.answer = ({ action }) =>
      action === 'trigger' && scene.time.now < 90_000
        ? { ok: false, retry: true, says: 'too early' }
        : { ok: true }

    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.evaluate()
    await scene.time.pass(200_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('sends of several waiting triggers of one incident only the newest', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())
    await scene.time.pass(16_000)
    scene.evaluate(condition({ did: 'now held by alice' }))
    await scene.time.pass(1)

    scene.pager.answer = () => ({ ok: true })
    await scene.time.pass(60_000)

    expect(scene.pager.taken.map(({ did }) => did)).toEqual(['now held by alice'])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('gives up what is a day old', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())

    await scene.time.pass(25 * 3_600_000)
    const attempts = scene.pager.attempts.length
    await scene.time.pass(3_600_000)

    expect(scene.pager.attempts.filter(({ notice }) => notice.key === key).length).toBe(attempts)
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('puts no secret of an error into journal, view or other notices', async () => {
    await scene.start()
    scene.pager.answer = () => {
      throw new Error('POST https://user:hunter2@hook.example/x?key=hunter2 failed')
    }

    scene.evaluate(condition())
    await scene.time.pass(10_000)

    const seen = [scene.disk.journal, scene.alerting.view(), scene.hook.taken]
    expect(scene.hook.story).toContain('trigger notifications#pager')
    expect(JSON.stringify(seen)).not.toContain('hunter2')
  })
})
