import { beforeEach, describe, expect, test } from 'vitest'
import type { Condition } from '../../../src/core/condition.ts'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`
const MINUTE = 60_000

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

/** Keeps conditions as they are for so long: alerting hears of them every second. */
async function pass(ms: number, ...list: readonly Condition[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    scene.evaluate(...list)
    await scene.time.pass(1_000)
  }
}

const refuse = () => ({ ok: false, retry: true, says: '503' }) as const

describe('a route for some incidents', () => {
  test.for([
    ['its stream', { streams: ['channel-*'] }, true],
    ['another stream', { streams: ['sport-*'] }, false],
    ['its group', { groups: ['*/cdn'] }, true],
    ['another group', { groups: ['channel-1/ingest'] }, false],
    ['a tag of its stream', { tags: ['news', 'sport'] }, true],
    ['a tag that its stream has not', { tags: ['news'] }, false],
    ['its stream, but a tag that it has not', { streams: ['channel-1'], tags: ['news'] }, false],
  ] as const)('by %s: told %s', async ([, only, isTold]) => {
    scene.hook.rules = { only }
    await scene.start()

    scene.evaluate(condition({ tags: ['sport'] }))
    await settle()

    expect(scene.hook.story).toEqual(isTold ? [`trigger ${key}`] : [])
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('hears all the same that Changeover cannot act, whatever it is for', async () => {
    scene.hook.rules = { only: { streams: ['sport-*'] } }
    await scene.start()

    scene.evaluate(condition({ key: `${GROUP}#store`, isOwn: true }))
    await settle()

    expect(scene.hook.story).toEqual([`trigger ${GROUP}#store`])
  })

  test('hears of an incident whose severity rises to its own, and of its end', async () => {
    await scene.start()
    scene.evaluate(condition({ severity: 'warning' }))
    await settle()
    expect(scene.pager.story).toEqual([])

    scene.evaluate(condition({ severity: 'critical' }))
    await settle()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })
})

describe('a route for some times', () => {
  // The clock of the scene starts on Friday, 15 January 2027, at 08:00 UTC.
  const nights = { repeats: 'weekly', days: ['fri'], timeZone: 'UTC' } as const

  test('is told when its window opens while the incident is still open', async () => {
    scene.hook.rules = { when: [{ ...nights, from: 8 * 60 + 5, to: 9 * 60 }] }
    await scene.start()

    await pass(4 * MINUTE, condition())
    expect(scene.hook.story).toEqual([])
    await pass(2 * MINUTE, condition())

    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })

  test('reads its window in the time zone of the window', async () => {
    // 08:00 UTC is 17:00 in Tokyo.
    scene.hook.rules = { when: [{ ...nights, timeZone: 'Asia/Tokyo', from: 17 * 60, to: 18 * 60 }] }
    await scene.start()

    scene.evaluate(condition())
    await settle()

    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })

  test('that was told in its window hears of the end outside it', async () => {
    scene.hook.rules = { when: [{ ...nights, from: 8 * 60, to: 8 * 60 + 1 }] }
    await scene.start()
    await pass(2 * MINUTE, condition())

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.hook.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })
})

describe('an escalation', () => {
  test('tells the next route when nobody acknowledged in time', async () => {
    scene.hook.rules = { afterMs: 10 * MINUTE }
    await scene.start()

    await pass(10 * MINUTE - 1_000, condition())
    expect(scene.hook.story).toEqual([])
    await pass(2_000, condition())

    expect(scene.hook.story).toEqual([`trigger ${key}`])
    expect(scene.disk.journal.map(({ says }) => says)).toContain(
      'incident told to hook: cdn-a is down: no new segment for 12.5s',
    )
  })

  test('comes by itself, also where nothing is evaluated any more', async () => {
    scene.hook.rules = { afterMs: 10 * MINUTE }
    await scene.start()
    scene.evaluate(condition())

    await scene.time.pass(10 * MINUTE)

    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })

  test('ends with an acknowledgement', async () => {
    scene.hook.rules = { afterMs: 10 * MINUTE }
    await scene.start()
    scene.evaluate(condition())
    await settle()

    scene.alerting.acknowledge(key, 'ada')
    await scene.time.pass(60 * MINUTE)

    expect(scene.hook.story).toEqual([])
    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
  })

  test('goes on over a restart from when the incident began', async () => {
    scene.hook.rules = { afterMs: 10 * MINUTE }
    await scene.start()
    const since = scene.time.wallAhead
    scene.evaluate(condition({ since }))
    await scene.time.pass(6 * MINUTE)
    scene.kill()

    await scene.start()
    scene.evaluate(condition({ since }))
    await scene.time.pass(4 * MINUTE)

    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })

  test('does not tell anybody of an incident of an earlier process that may be over', async () => {
    scene.hook.rules = { afterMs: 10 * MINUTE }
    await scene.start()
    scene.evaluate(condition({ since: scene.time.wallAhead }))
    await settle()
    scene.kill()

    await scene.start()
    await scene.time.pass(30 * MINUTE)

    expect(scene.hook.story).toEqual([])
  })

  test('repeats until somebody acknowledges', async () => {
    scene.pager.rules = { repeatMs: 5 * MINUTE }
    await scene.start()
    scene.evaluate(condition())

    await scene.time.pass(11 * MINUTE)
    const before = scene.pager.story.length
    scene.alerting.acknowledge(key, 'ada')
    await scene.time.pass(60 * MINUTE)

    expect(before).toBe(3)
    expect(scene.pager.story.slice(before)).toEqual([`acknowledge ${key}`])
    expect(new Set(scene.pager.taken.slice(0, 3).map(({ id }) => id)).size).toBe(3)
  })
})

describe('a second route', () => {
  beforeEach(() => {
    scene.hook.rules = { insteadOf: 'pager' }
  })

  test('stays quiet while the first one works', async () => {
    await scene.start()

    await pass(60_000, condition())

    expect(scene.hook.story).toEqual([])
  })

  test('is told what the first one does not take, within seconds, and of its end', async () => {
    await scene.start()
    scene.pager.answer = refuse
    scene.evaluate(condition())
    await scene.time.pass(10_000)
    expect(scene.hook.story).toContain(`trigger ${key}`)

    scene.evaluate()
    await scene.time.pass(CLEAR_MS + 1_000)

    expect(scene.hook.story).toContain(`resolve ${key}`)
  })

  test('is told what comes while the first one is broken', async () => {
    await scene.start()
    scene.pager.answer = refuse
    scene.evaluate(condition())
    await scene.time.pass(10_000)

    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await settle()

    expect(scene.hook.story).toContain(`trigger ${GROUP}/cdn-b`)
  })
})

describe('a route that takes several incidents in one notice', () => {
  beforeEach(() => {
    scene.hook.rules = { togetherMs: 30_000 }
  })

  test('is told of the first at once, and in one notice of what follows within the time', async () => {
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    expect(scene.hook.story).toEqual([`trigger ${key}`])

    const last = condition({ path: 'cdn-c', title: 'cdn-c is down' })
    const all = [condition(), condition({ path: 'cdn-b' }), last]
    scene.evaluate(...all)
    await scene.time.pass(10_000)
    expect(scene.hook.story).toEqual([`trigger ${key}`])
    await scene.time.pass(20_000)

    expect(scene.hook.story).toEqual([`trigger ${key}`, `trigger ${GROUP}/cdn-b`])
    expect(scene.hook.taken[1]?.also).toEqual([
      {
        key: `${GROUP}/cdn-c`,
        severity: 'critical',
        title: 'cdn-c is down',
      },
    ])
    expect(scene.pager.story).toHaveLength(3)
  })

  test('hears of the end of each', async () => {
    await scene.start()
    scene.evaluate(condition(), condition({ path: 'cdn-b', severity: 'warning' }))
    await settle()
    expect(scene.hook.story).toEqual([`trigger ${key}`])

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.hook.story.slice(1)).toEqual([`resolve ${key}`, `resolve ${GROUP}/cdn-b`])
  })

  test('does not wait for another stream', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()

    const other = { key: 'other/cdn/cdn-a', group: 'other/cdn' }
    scene.alerting.conditions('other/cdn', [condition(other)])
    await settle()

    expect(scene.hook.story).toEqual([`trigger ${key}`, 'trigger other/cdn/cdn-a'])
  })
})
