import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
  let thread = 0
  scene.pager.answer = ({ action }) => {
    if (action !== 'trigger' || scene.pager.handed.at(-1) !== undefined) return { ok: true }
    return { ok: true, receipt: `thread-${(thread += 1)}` }
  }
})

async function openIncident(): Promise<void> {
  scene.evaluate(condition())
  await scene.time.pass(1_000)
}

describe('what a service calls an incident', () => {
  test('is handed back to its route with each later notice, and to no other', async () => {
    await scene.start()
    await openIncident()

    scene.alerting.acknowledge(key, 'alice')
    await settle()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS + 1_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`, `resolve ${key}`])
    expect(scene.pager.handed).toEqual([undefined, 'thread-1', 'thread-1'])
    expect(scene.hook.handed).toEqual([undefined, undefined, undefined])
  })

  test('outlives the process', async () => {
    await scene.start()
    await openIncident()
    scene.kill()

    await scene.start()
    scene.evaluate(condition({ severity: 'critical', title: 'cdn-a is worse' }))
    await scene.time.pass(60_000)

    expect(scene.pager.handed).toEqual([undefined, 'thread-1'])
    const says = scene.disk.journal.map((entry) => entry.says)
    expect(says).toContain(
      'what is told of the incident has its place at pager: cdn-a is down: no new segment for 12.5s',
    )
  })

  test('is kept in memory while the store is down, and written down afterwards', async () => {
    await scene.start()
    scene.store.available = false
    await openIncident()
    scene.alerting.acknowledge(key, 'alice')
    await scene.time.pass(1_000)
    scene.store.available = true
    await scene.time.pass(30_000)
    scene.kill()
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)

    scene.alerting.acknowledge(key, 'bob')
    await settle()

    expect(scene.pager.handed).toEqual([undefined, 'thread-1', 'thread-1'])
  })

  test('is forgotten with its end: the next incident of this key begins anew', async () => {
    await scene.start()
    await openIncident()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS + 1_000)

    await openIncident()
    scene.kill()
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.alerting.acknowledge(key, 'alice')
    await settle()

    expect(scene.pager.handed).toEqual([undefined, 'thread-1', undefined, 'thread-2'])
  })

  test('stays out of the journal while its end is written down: the end is the newest entry', async () => {
    await scene.start()
    let answer: (() => void) | undefined
    scene.pager.answer = () =>
      new Promise((resolve) => {
        answer = () => resolve({ ok: true, receipt: 'late' })
      })
    await openIncident()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS - 12_000)
    await scene.time.pass(12_500)

    answer?.()
    await settle()
    scene.store.available = true
    scene.pager.answer = () => ({ ok: true })
    await scene.time.pass(60_000)

    const events = scene.disk.journal.map(({ data }) => data?.['event'])
    expect(events.filter((event) => event !== undefined).at(-1)).toBe('resolved')
  })

  test('is that of all incidents that were told together', async () => {
    scene.pager.rules = { togetherMs: 60_000 }
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    const both = [condition({ path: 'cdn-b' }), condition({ path: 'cdn-c' })]
    scene.evaluate(condition(), ...both)
    await scene.time.pass(70_000)

    scene.alerting.acknowledge(`${GROUP}/cdn-b`, 'alice')
    scene.alerting.acknowledge(`${GROUP}/cdn-c`, 'alice')
    await settle()

    expect(scene.pager.taken.map(({ also }) => also?.length)).toEqual([
      undefined,
      1,
      undefined,
      undefined,
    ])
    expect(scene.pager.handed).toEqual([undefined, undefined, 'thread-2', 'thread-2'])
  })
})
