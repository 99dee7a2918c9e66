import { beforeEach, describe, expect, test } from 'vitest'
import type { JournalDraft } from '../../../src/core/journal.ts'
import { condition, GROUP, Scene, settle } from './scene.ts'

let scene: Scene

beforeEach(() => {
  scene = new Scene()
  scene.pager.takesChanges = true
})

/** The journal's word of a change that was made. */
function applied(intent = 'i1', change: Partial<JournalDraft> = {}): JournalDraft {
  return {
    kind: 'applied',
    group: GROUP,
    path: 'cdn-b',
    says: 'traffic moved from cdn-a to cdn-b',
    data: {
      intent,
      reason: 'failover',
      token: 1,
      from: { 'cdn-a': 100, 'cdn-b': 0 },
      to: { 'cdn-a': 0, 'cdn-b': 100 },
    },
    ...change,
  }
}

/** As the watchdog does: notices go into the outbox with the entry, and are sent then. */
function tell(entry: JournalDraft, tags?: readonly string[]): void {
  const outbox = scene.alerting.changes(entry, tags)
  for (const item of outbox) scene.disk.outbox.set(item.id, item)
  scene.alerting.send(outbox)
}

describe('a change that was made', () => {
  test('is told to the routes that take changes, and to no other', async () => {
    await scene.start()

    tell(applied('i1', { actor: 'ada' }), ['sport'])
    await settle()

    expect(scene.pager.taken).toEqual([
      {
        id: 'n1',
        key: 'change:i1',
        action: 'change',
        severity: 'info',
        group: GROUP,
        path: 'cdn-b',
        title: 'channel-1/cdn: failover: traffic moved from cdn-a to cdn-b',
        did: 'traffic moved from cdn-a to cdn-b',
        todo: 'Nothing.',
        since: 1_800_000_000_000,
        wall: 1_800_000_000_000,
        tags: ['sport'],
        details: { intent: 'i1', reason: 'failover', from: 'cdn-a', to: 'cdn-b', actor: 'ada' },
      },
    ])
    expect(scene.hook.attempts).toEqual([])
    expect(scene.alerting.view()).toEqual([])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test.for([
    ['its stream', { streams: ['channel-*'] }, 1],
    ['another stream', { streams: ['sport-*'] }, 0],
    ['a tag of its stream', { tags: ['sport'] }, 1],
    ['another tag', { tags: ['news'] }, 0],
  ] as const)('reaches a route for %s: %s', async ([, only, count]) => {
    scene.pager.rules = { only }
    await scene.start()

    tell(applied(), ['sport'])
    await settle()

    expect(scene.pager.taken).toHaveLength(count)
  })

  test('is no other entry of the journal', async () => {
    await scene.start()

    for (const kind of ['intent', 'step', 'verified', 'incident', 'notice'] as const) {
      tell(applied('i1', { kind }))
    }
    await settle()

    expect(scene.pager.attempts).toEqual([])
  })

  test('keeps no page waiting, however many hang', async () => {
    await scene.start()
    scene.pager.answer = ({ action }) =>
      action === 'change' ? new Promise(() => {}) : { ok: true }
    for (let n = 0; n < 50; n += 1) tell(applied(`i${n}`))
    await settle()

    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-a`])
    expect(scene.pager.attempts).toHaveLength(2)
  })

  test('keeps no page waiting while the peer asks for a pause', async () => {
    await scene.start()
    scene.pager.answer = ({ action }) =>
      action === 'change'
        ? { ok: false, retry: true, retryAfterMs: 60_000, says: '429' }
        : { ok: true }
    tell(applied())
    await settle()

    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-a`])
  })

  test('that is refused makes no incident of the route, and the journal says so', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: false, says: 'answered 404' })

    tell(applied())
    await scene.time.pass(60_000)

    expect(scene.alerting.routes()).toContainEqual({ route: 'pager', ok: true })
    expect(scene.alerting.view()).toEqual([])
    expect(scene.disk.journal.map(({ says }) => says)).toEqual([
      'pager did not take the notice (change): answered 404: channel-1/cdn: failover: traffic moved from cdn-a to cdn-b',
    ])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('is tried again, also by the next process', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: '503' })
    tell(applied())
    await scene.time.pass(10_000)
    const tries = scene.pager.attempts.length
    scene.kill()
    scene.pager.answer = () => ({ ok: true })

    await scene.start()
    await settle()

    expect(tries).toBeGreaterThan(2)
    expect(scene.pager.story).toEqual(['change change:i1'])
    expect(scene.alerting.view()).toEqual([])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('that waits is dropped where the route no longer takes changes', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: '503' })
    tell(applied())
    await scene.time.pass(1_000)
    scene.kill()
    const tries = scene.pager.attempts.length
    scene.pager.takesChanges = undefined

    await scene.start()
    await scene.time.pass(120_000)

    expect(scene.pager.attempts).toHaveLength(tries)
    expect(scene.disk.outbox.size).toBe(0)
  })
})
