import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

describe('a restart in a mass outage', () => {
  test('keeps no page waiting behind the many that another route does not take', async () => {
    const paths = Array.from({ length: 520 }, (_, index) => `cdn-${index}`)
    const down = () => ({ ok: false, retry: true, says: 'down' }) as const
    scene.hook.answer = down
    scene.pager.answer = down
    await scene.start()
    scene.evaluate(...paths.map((path) => condition({ path })))
    await scene.time.pass(1_000)
    scene.kill()

    scene.pager.answer = () => ({ ok: true })
    await scene.start()
    await scene.time.pass(5_000)

    const told = new Set(scene.pager.taken.map((notice) => notice.path))
    expect(paths.filter((path) => !told.has(path))).toEqual([])
  })
})

describe('a mass outage while the store is down', () => {
  test('is in the journal afterwards, so that nobody is paged twice for it by the next process', async () => {
    const paths = Array.from({ length: 200 }, (_, index) => `cdn-${index}`)
    const all = paths.map((path) => condition({ path }))
    // Every repeat is an entry of its own, and there is room for a thousand.
    scene.pager.rules = { repeatMs: 60_000 }
    await scene.start()
    scene.store.available = false
    scene.evaluate(...all)
    await scene.time.pass(590_000)
    scene.store.available = true
    await scene.time.pass(5_000)
    const told = scene.pager.taken.length
    scene.kill()

    await scene.start()
    scene.evaluate(...all)
    await scene.time.pass(20_000)

    expect([told, scene.pager.taken.length]).toEqual([2_000, 2_000])
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

  test('goes on retrying, resolves when the store is back, and writes the journal', async () => {
    await scene.start((store) => {
      store.available = false
    })
    let failures = 2
    scene.pager.answer = () =>
      (failures -= 1) >= 0 ? { ok: false, retry: true, says: 'down' } : { ok: true }

    scene.evaluate(condition())
    await scene.time.pass(10_000)
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 3)
    const meanwhile = [...scene.pager.story]
    scene.store.available = true
    await scene.time.pass(10_000)

    expect(meanwhile).toEqual([`trigger ${key}`])
    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
    const events = scene.disk.journal.map(({ data }) => data?.['event'])
    expect(events.filter((event) => event !== undefined)).toEqual(['opened', 'resolved'])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('never takes an incident for open after people were told of its end', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)
    scene.kill()

    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(10_000)

    // Not told of the end, people need not be told again; told of it, they must be.
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('takes the end of an incident back while it could not be written down', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    scene.evaluate(condition())
    scene.store.available = true
    await scene.time.pass(CLEAR_MS)
    scene.kill()
    await scene.start()
    scene.evaluate(condition())
    await scene.time.pass(10_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
    expect(scene.disk.outbox.size).toBe(0)
  })

  test('tells a worse severity at once, though the end was about to be written down', async () => {
    await scene.start()
    scene.evaluate(condition({ severity: 'error' }))
    await settle()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    scene.evaluate(condition({ severity: 'critical' }))
    await settle()

    expect(scene.pager.taken.map(({ severity }) => severity)).toEqual(['error', 'critical'])
  })

  test('keeps the end the newest entry, though somebody acknowledges meanwhile', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    scene.alerting.acknowledge(key, 'alice')
    scene.store.available = true
    await scene.time.pass(30_000)

    const events = scene.disk.journal.map(({ data }) => data?.['event'])
    expect(events.filter((event) => event !== undefined)).toEqual([
      'opened',
      'acknowledged',
      'resolved',
    ])
    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`, `resolve ${key}`])
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

  test('knows an incident that only a waiting notice tells of', async () => {
    await scene.start()
    scene.death = { at: 'commit', when: 'before' }
    scene.pager.answer = () => ({ ok: false, retry: true, says: 'down' })
    scene.evaluate(condition())
    await settle()

    scene.pager.answer = () => ({ ok: true })
    await scene.start()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
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
    scene.alerting.acknowledge(key, 'alice', 'calling the CDN')
    await scene.time.pass(1_000)
    await scene.alerting.stop()

    await scene.start()
    await scene.time.pass(CLEAR_MS * 2)
    const unheard = scene.alerting.view()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(unheard).toMatchObject([
      { key, acknowledgedBy: 'alice', acknowledgedFor: 'calling the CDN' },
    ])
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
        if (query.kinds?.includes('incident') !== true) return found
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

  test('ends incidents of groups that are configured no longer', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.kill()

    scene.groups = ['channel-2/cdn']
    await scene.start()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
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
})
