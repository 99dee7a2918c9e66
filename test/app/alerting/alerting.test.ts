import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, FakeRoute, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

describe('an incident', () => {
  test('is told once to every route whose severity it reaches', async () => {
    await scene.start()

    scene.evaluate(condition(), condition({ path: 'cdn-b', severity: 'warning' }))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`])
    expect(scene.hook.story).toEqual([`trigger ${key}`, `trigger ${GROUP}/cdn-b`])
    expect(scene.hook.taken[0]).toMatchObject({
      id: 'n1',
      action: 'trigger',
      severity: 'critical',
      title: 'cdn-a is down: no new segment for 12.5s',
      wall: 1_800_000_000_000,
    })
    expect(scene.delivered).toEqual(['pager true', 'hook true', 'hook true'])
  })

  test('is not told again while only the numbers in its sentences count up', async () => {
    await scene.start()

    for (let second = 1; second <= 120; second += 1) {
      scene.evaluate(
        condition({
          title: `cdn-a is down: no new segment for ${second}.5s`,
          did: `stays: holddown, ${120 - second} s left`,
          details: { second },
        }),
      )
      await scene.time.pass(1_000)
    }

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('that gets worse is told at once, also to routes that had not heard of it', async () => {
    await scene.start()
    scene.evaluate(condition({ severity: 'warning' }))
    await scene.time.pass(1_000)

    scene.evaluate(condition({ severity: 'critical' }))
    await settle()

    expect(scene.pager.taken.map(({ severity }) => severity)).toEqual(['critical'])
    expect(scene.hook.taken.map(({ severity }) => severity)).toEqual(['warning', 'critical'])
  })

  test('whose wording changes is told again under the same key, less and less often', async () => {
    await scene.start()

    for (let second = 0; second < 600; second += 1) {
      scene.evaluate(condition({ did: second % 2 === 0 ? 'waits for quorum' : 'moves to cdn-b' }))
      await scene.time.pass(1_000)
    }

    const times = scene.pager.attempts.map(({ at }) => Math.round(at / 1_000))
    expect(times.length).toBeLessThan(8)
    expect(times.slice(0, 2)).toEqual([0, 15])
    expect(new Set(scene.pager.story)).toEqual(new Set([`trigger ${key}`]))
  })

  test('is over only when its condition was gone for the whole time, without another evaluation', async () => {
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)

    scene.evaluate()
    await scene.time.pass(CLEAR_MS - 1)
    const before = [...scene.pager.story]
    await scene.time.pass(1)

    expect(before).toEqual([`trigger ${key}`])
    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
    expect(scene.pager.taken[1]?.did).toBe('It has been all clear for 30s.')
    expect(scene.alerting.view()).toEqual([])
  })

  test('that comes back before it is over is the same one, and nobody is told', async () => {
    await scene.start()
    scene.evaluate(condition())
    for (let times = 0; times < 10; times += 1) {
      scene.evaluate()
      await scene.time.pass(CLEAR_MS - 1)
      scene.evaluate(condition())
      await scene.time.pass(1_000)
    }

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('of one group does not end because another group is well', async () => {
    await scene.start()
    scene.evaluate(condition())

    scene.alerting.conditions('channel-2/cdn', [])
    await scene.time.pass(CLEAR_MS * 2)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('is followed to its end on each route that was told, though it became milder', async () => {
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.evaluate(condition({ severity: 'info' }))
    await scene.time.pass(20_000)

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.taken.map(({ action, severity }) => `${action} ${severity}`)).toEqual([
      'trigger critical',
      'trigger info',
      'resolve info',
    ])
  })

  test('shows in the view with its first beginning, worst first', async () => {
    await scene.start()
    scene.evaluate(condition({ path: 'cdn-b', severity: 'warning' }), condition())
    await scene.time.pass(20_000)

    scene.evaluate(
      condition({ path: 'cdn-b', severity: 'warning' }),
      condition({ since: 1_900_000_000_000, title: 'cdn-a is down: connection refused' }),
    )

    expect(scene.alerting.view()).toEqual([
      {
        key,
        severity: 'critical',
        title: 'cdn-a is down: connection refused',
        did: 'moved to cdn-b',
        group: GROUP,
        path: 'cdn-a',
        since: 1_800_000_000_000,
      },
      expect.objectContaining({ key: `${GROUP}/cdn-b` }),
    ])
  })

  test('may be acknowledged: recorded, shown, and told to its routes', async () => {
    await scene.start()
    scene.evaluate(condition())

    const known = scene.alerting.acknowledge(key, 'alice')
    const unknown = scene.alerting.acknowledge('nothing', 'alice')
    await settle()

    expect([known, unknown]).toEqual([true, false])
    expect(scene.alerting.view()[0]?.acknowledgedBy).toBe('alice')
    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
    const entries = scene.disk.journal.filter(({ kind }) => kind === 'incident')
    expect(entries.map(({ says, actor }) => [says, actor])).toEqual([
      ['incident opened: cdn-a is down: no new segment for 12.5s', undefined],
      ['incident acknowledged by alice: cdn-a is down: no new segment for 12.5s', 'alice'],
    ])
  })
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

describe('alerting without its store', () => {
  test('sends from memory at once while the store is down', async () => {
    await scene.start((store) => {
      store.available = false
    })

    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('sends from memory at once while the store hangs', async () => {
    await scene.start()
    await scene.store.commit({ entries: [] })
    scene.store.crash = { at: 2, when: 'before', end: 'silence' }
    void scene.store.commit({ entries: [] })
    await settle()

    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('goes on retrying and resolving, and writes the journal when the store is back', async () => {
    await scene.start((store) => {
      store.available = false
    })
    let failures = 2
    scene.pager.answer = () =>
      (failures -= 1) >= 0 ? { ok: false, retry: true, says: 'down' } : { ok: true }

    scene.evaluate(condition())
    await scene.time.pass(10_000)
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)
    scene.store.available = true
    await scene.time.pass(10_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
    const events = scene.disk.journal.map(({ data }) => data?.['event'])
    expect(events.filter((event) => event !== undefined)).toEqual(['opened', 'resolved'])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('started while it is down, takes over older incidents as soon as it is back', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.kill()

    await scene.start((store) => {
      store.available = false
    })
    scene.evaluate()
    await scene.time.pass(10_000)
    scene.store.available = true
    await scene.time.pass(10_000)
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })
})

describe('a restart', () => {
  test('delivers what waited, under the same identity', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())
    await scene.time.pass(5_000)
    scene.kill()

    scene.pager.answer = () => ({ ok: true })
    await scene.start()

    expect(scene.pager.taken.map(({ id }) => id)).toEqual([scene.pager.attempts[0]?.notice.id])
    await scene.time.pass(1_000)
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('keeps trigger before resolve, though the trigger was put off longer', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.evaluate()
    await scene.time.pass(CLEAR_MS + 1_000)
    scene.kill()

    scene.pager.answer = () => ({ ok: true })
    await scene.start()

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })

  test('does not page again for a condition that is still there', async () => {
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.kill()

    await scene.start()
    scene.evaluate(condition({ since: 1_900_000_000_000 }))
    await scene.time.pass(60_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
    expect(scene.alerting.view()[0]?.since).toBe(1_800_000_000_000)
  })

  test('does not page again when the condition is handed over before the journal is read', async () => {
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.kill()

    const starting = scene.start()
    scene.evaluate(condition())
    await starting
    await scene.time.pass(1_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('does not forget to resolve, and not before the group was heard', async () => {
    await scene.start()
    scene.evaluate(condition())
    scene.alerting.acknowledge(key, 'alice')
    await scene.time.pass(1_000)
    await scene.alerting.stop()

    await scene.start()
    await scene.time.pass(CLEAR_MS * 2)
    const unheard = scene.alerting.view()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(unheard).toMatchObject([{ key, acknowledgedBy: 'alice' }])
    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`, `resolve ${key}`])
  })

  test('after an incident ended opens a new one for the same trouble', async () => {
    await scene.start()
    scene.evaluate(condition())
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)
    scene.kill()

    await scene.start()
    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`, `trigger ${key}`])
  })

  test('resolves the incident about a route that works again', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: false, says: '400' })
    scene.evaluate(condition())
    await scene.time.pass(1_000)
    scene.kill()

    scene.pager.answer = () => ({ ok: true })
    await scene.start()
    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await scene.time.pass(CLEAR_MS)

    expect(scene.hook.story).toContain('resolve notifications#pager')
  })

  test('reads back only to the newest snapshot of open incidents', async () => {
    await scene.start()
    scene.evaluate(condition())
    for (let times = 0; times < 150; times += 1) {
      scene.evaluate(condition(), condition({ path: 'cdn-b' }))
      scene.evaluate(condition())
      await scene.time.pass(CLEAR_MS)
    }
    scene.kill()
    await scene.start()
    await scene.time.pass(1_000)
    scene.kill()
    let oldestRead = Infinity
    await scene.start((store) => {
      const entries = store.entries.bind(store)
      store.entries = async (query) => {
        const found = await entries(query)
        const last = found.findIndex(({ data }) => data?.['event'] === 'snapshot')
        oldestRead = Math.min(oldestRead, last)
        return found
      }
    })

    expect(oldestRead).toBe(0)
    expect(scene.alerting.view().map((incident) => incident.key)).toEqual([key])
    const snapshot = scene.disk.journal.find(({ data }) => data?.['event'] === 'snapshot')
    expect(snapshot?.says).toBe('1 incident is open')
  })

  test('passes over journal entries that somebody edited into nonsense', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    const nonsense = [
      { event: 'opened', key: 'x', condition: 7, routes: null },
      { event: 'snapshot' },
    ]
    for (const data of nonsense) {
      await scene.store.commit({ entries: [{ kind: 'incident', says: 'x', data }] })
    }
    scene.kill()

    await scene.start()

    expect(scene.alerting.view().map((incident) => incident.key)).toEqual([key])
  })

  test('drops waiting notices of a route that is configured no longer', async () => {
    await scene.start()
    const [notice] = [{ ...condition(), id: 'old', action: 'trigger', wall: 0 } as const]
    await scene.store.put([{ id: 'old@gone', route: 'gone', notice, attempts: 1, dueAt: 0 }])
    scene.kill()

    await scene.start()
    await scene.time.pass(1_000)

    expect(scene.disk.outbox.size).toBe(0)
  })
})

describe('stop', () => {
  test('ends all timers and leaves undelivered notices for the next start', async () => {
    await scene.start()
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())
    await scene.time.pass(1_000)

    await scene.alerting.stop()
    const attempts = scene.pager.attempts.length
    scene.evaluate(condition({ path: 'cdn-b' }))
    await scene.time.pass(600_000)

    expect(scene.pager.attempts).toHaveLength(attempts)
    expect([...scene.disk.outbox.keys()]).toEqual(['n1@pager'])
  })

  test('waits for an attempt that is under way, but not for long', async () => {
    await scene.start()
    let answer = (): void => {}
    scene.pager.answer = () =>
      new Promise((resolve) => {
        answer = () => resolve({ ok: true })
      })
    scene.evaluate(condition())
    await settle()

    const stopping = scene.alerting.stop()
    await scene.time.pass(500)
    answer()
    await stopping

    expect(scene.time.now).toBe(500)
    expect(scene.disk.outbox.size).toBe(0)
  })
})

test('a process takes up notices that another process left, but not about its own incidents', async () => {
  await scene.start()
  const orphan = { ...condition({ path: 'cdn-b' }), id: 'o1', action: 'trigger', wall: 1 } as const
  const stale = { ...condition(), id: 'o2', action: 'resolve', wall: 1 } as const
  scene.evaluate(condition())
  const dueAt = scene.time.now + scene.time.wallAhead + 60_000
  await scene.store.put([
    { id: 'o1@pager', route: 'pager', notice: orphan, attempts: 1, dueAt },
    { id: 'o2@pager', route: 'pager', notice: stale, attempts: 1, dueAt },
  ])

  await scene.time.pass(59_000)
  const early = [...scene.pager.story]
  await scene.time.pass(32_000)

  expect(early).toEqual([`trigger ${key}`])
  expect(scene.pager.story).toEqual([`trigger ${key}`, `trigger ${GROUP}/cdn-b`])
  expect(scene.disk.outbox.size).toBe(0)
  expect(scene.pager).toBeInstanceOf(FakeRoute)
})
