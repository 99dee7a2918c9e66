import { beforeEach, describe, expect, test } from 'vitest'
import type { SilenceMatch } from '../../../src/core/silence.ts'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`
const MINUTE = 60_000

let scene: Scene

beforeEach(async () => {
  scene = new Scene()
  await scene.start()
})

function silence(match: SilenceMatch, forMs = 60 * MINUTE, inMs = 0) {
  const wall = scene.time.now + scene.time.wallAhead
  const times = { from: wall + inMs, until: wall + inMs + forMs }
  return scene.alerting.silence({ match, owner: 'ada', reason: 'new encoder', ...times })
}

describe('a silence', () => {
  test.for<[SilenceMatch, boolean]>([
    [{ stream: 'channel-1' }, true],
    [{ stream: 'channel-2' }, false],
    [{ group: 'channel-1/*' }, true],
    [{ group: 'channel-1/ingest' }, false],
    [{ path: 'cdn-a' }, true],
    [{ path: 'cdn-?' }, true],
    [{ group: GROUP, path: 'cdn-b' }, false],
    [{ tag: 'sport' }, true],
    [{ tag: 'news' }, false],
    [{ key }, true],
    [{ key: `${GROUP}/cdn-*` }, false],
  ])('of %o spares people: %s', async ([match, isSpared]) => {
    silence(match)

    scene.evaluate(condition({ tags: ['sport'] }))
    await settle()

    expect(scene.pager.story).toEqual(isSpared ? [] : [`trigger ${key}`])
  })

  test('says in the view and in the journal who silenced what, until when and why', async () => {
    silence({ group: GROUP })

    scene.evaluate(condition())
    await settle()

    const says = 'silenced by ada until 2027-01-15 09:00:00 UTC: new encoder'
    expect(scene.alerting.view()).toMatchObject([
      { key, told: [], quiet: { kind: 'silenced', says } },
    ])
    expect(scene.disk.journal.map(({ says: said }) => said)).toEqual([
      `ada silences group ${GROUP} from 2027-01-15 08:00:00 to 2027-01-15 09:00:00 UTC: new encoder`,
      `incident opened (${says}): cdn-a is down: no new segment for 12.5s`,
    ])
  })

  test('ends by itself, and people are told of what is still wrong', async () => {
    silence({ group: GROUP }, 10 * MINUTE)
    scene.evaluate(condition())

    await scene.time.pass(10 * MINUTE)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
    expect(scene.alerting.silences()).toEqual([])
  })

  test('that a person ends tells people of what is still wrong at once', async () => {
    const made = silence({ group: GROUP })
    scene.evaluate(condition())
    await settle()

    scene.alerting.endSilence(made?.id ?? '', 'bob', 'done')
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`])
    expect(scene.alerting.endSilence(made?.id ?? '', 'bob', 'done')).toBeUndefined()
  })

  test('of something that began and ended meanwhile leaves people in peace', async () => {
    silence({ group: GROUP })
    scene.evaluate(condition())
    await scene.time.pass(MINUTE)
    scene.evaluate()
    await scene.time.pass(120 * MINUTE)

    expect(scene.pager.story).toEqual([])
    expect(scene.alerting.view()).toEqual([])
  })

  test('that comes after people were told keeps further wording from them, not the end', async () => {
    scene.evaluate(condition())
    await settle()
    silence({ group: GROUP })
    scene.evaluate(condition({ did: 'moved to cdn-c' }))
    await scene.time.pass(MINUTE)

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })

  test('planned for later, a maintenance window, spares people only then', async () => {
    silence({ path: 'cdn-b' }, 10 * MINUTE, 5 * MINUTE)
    scene.evaluate(condition({ path: 'cdn-b' }))
    await settle()
    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-b`])

    scene.evaluate()
    await scene.time.pass(6 * MINUTE)
    scene.evaluate(condition({ path: 'cdn-b' }))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-b`, `resolve ${GROUP}/cdn-b`])
  })

  test('survives a restart, and so does its early end', async () => {
    silence({ path: 'cdn-a' })
    const ended = silence({ path: 'cdn-b' })
    scene.alerting.endSilence(ended?.id ?? '', 'bob', 'done')
    await settle()
    scene.kill()

    await scene.start()
    scene.evaluate(condition(), condition({ path: 'cdn-b' }))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-b`])
  })

  test('holds in the process that made it while the store is down', async () => {
    scene.store.available = false
    silence({ path: 'cdn-a' })

    scene.evaluate(condition())
    await scene.time.pass(1_000)

    expect(scene.pager.story).toEqual([])
  })

  test('however wide does not hide that Changeover cannot act; one of that incident does', async () => {
    const own = condition({ key: `${GROUP}#store`, isOwn: true })
    silence({ stream: '*' })
    scene.evaluate(own)
    await settle()
    expect(scene.pager.story).toEqual([`trigger ${GROUP}#store`])

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)
    silence({ key: `${GROUP}#store` })
    scene.evaluate(own)
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}#store`, `resolve ${GROUP}#store`])
  })
})
