import { beforeEach, describe, expect, test } from 'vitest'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

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

  test('that is said again and again has nobody look through all the others each time', async () => {
    await scene.start()
    const groups = Array.from({ length: 50 }, (_, index) => `channel-${index}/cdn`)
    const say = () => {
      for (const group of groups) {
        const key = `${group}/cdn-a`
        scene.alerting.conditions(group, [condition({ group, key })])
      }
    }
    say()
    await settle()
    const before = scene.time.wallReads

    for (let second = 0; second < 10; second += 1) say()

    // Every look at who is to be told asks for the time.
    expect(scene.time.wallReads - before).toBe(0)
    expect(scene.alerting.view()).toHaveLength(50)
  })

  test('comes with the address of a picture of its path, where there is one', async () => {
    await scene.start()
    const picture = 'https://wall.example/api/v1/groups/channel-1/cdn/paths/cdn-a/picture'
    scene.pictures.set(key, picture)

    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await settle()

    expect(scene.pager.taken[0]).toMatchObject({ path: 'cdn-a', picture })
    expect(scene.pager.taken[1]).toMatchObject({ path: 'cdn-b' })
    expect(scene.pager.taken[1]).not.toHaveProperty('picture')
  })

  test('comes with the trend of its path as it is then, until it is over', async () => {
    await scene.start()
    scene.trends.set(key, 'missing_ratio 0 ▁▁█ 0.9 within 20s')
    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await settle()

    scene.trends.set(key, 'missing_ratio 0 ▁█▁ 0 within 20s')
    await scene.time.pass(1_000)
    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.taken.map(({ action, path, trend }) => [action, path, trend])).toEqual([
      ['trigger', 'cdn-a', 'missing_ratio 0 ▁▁█ 0.9 within 20s'],
      ['trigger', 'cdn-b', undefined],
      ['resolve', 'cdn-a', undefined],
      ['resolve', 'cdn-b', undefined],
    ])
    expect(JSON.stringify(scene.disk.journal)).not.toContain('▁')
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
        todo: 'Check the encoder.',
        group: GROUP,
        path: 'cdn-a',
        since: 1_800_000_000_000,
        told: ['pager', 'hook'],
      },
      expect.objectContaining({ key: `${GROUP}/cdn-b` }),
    ])
  })

  test('keeps why somebody looks after it, until somebody else does', async () => {
    await scene.start()
    scene.evaluate(condition())

    scene.alerting.acknowledge(key, 'alice', 'calling the CDN')
    const first = scene.alerting.view()[0]
    scene.alerting.acknowledge(key, 'bob')
    await settle()

    expect(first).toMatchObject({ acknowledgedBy: 'alice', acknowledgedFor: 'calling the CDN' })
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedFor')
    const entries = scene.disk.journal.filter(({ kind }) => kind === 'incident')
    expect(entries.map(({ says }) => says).slice(1)).toEqual([
      'incident acknowledged by alice (calling the CDN): cdn-a is down: no new segment for 12.5s',
      'incident acknowledged by bob: cdn-a is down: no new segment for 12.5s',
    ])
  })

  test('may be acknowledged: recorded, shown, and told to its routes', async () => {
    await scene.start()
    scene.evaluate(condition())

    const known = scene.alerting.acknowledge(key, 'alice')
    const unknown = scene.alerting.acknowledge('nothing', 'alice')
    await settle()

    expect([known, unknown]).toEqual(['done', 'unknown'])
    expect(scene.alerting.view()[0]?.acknowledgedBy).toBe('alice')
    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
    const entries = scene.disk.journal.filter(({ kind }) => kind === 'incident')
    expect(entries.map(({ says, actor }) => [says, actor])).toEqual([
      ['incident opened: cdn-a is down: no new segment for 12.5s', undefined],
      ['incident acknowledged by alice: cdn-a is down: no new segment for 12.5s', 'alice'],
    ])
  })
})
