import { beforeEach, describe, expect, test } from 'vitest'
import type { Reaction } from '../../../src/plugin/reaction.ts'
import { condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`
const request = { headers: {}, body: Buffer.from('{}') }

let scene: Scene
/** What the service of the pager tells next. */
let told: readonly Reaction[] = []

beforeEach(() => {
  scene = new Scene()
  scene.pager.read = () => ({ ok: true, reactions: told })
  told = []
})

function reaction(change: Partial<Reaction> = {}): Reaction {
  return {
    id: `e${scene.time.now}`,
    kind: 'acknowledged',
    isAbout: (each) => each === key,
    actor: 'Nina',
    at: scene.time.now + scene.time.wallAhead,
    ...change,
  }
}

function receive(change: Partial<Reaction> = {}) {
  told = [reaction(change)]
  return scene.alerting.receive('pager', request)
}

async function openIncident(): Promise<void> {
  scene.evaluate(condition())
  await scene.time.pass(60_000)
}

function sentences(): string[] {
  return scene.disk.journal.filter(({ kind }) => kind === 'incident').map(({ says }) => says)
}

describe('an incident that is acknowledged in the service of a route', () => {
  test('is acknowledged for all routes, by the name of the person and of the route', async () => {
    await scene.start()
    await openIncident()

    const received = receive()
    await settle()

    expect(received).toEqual({ ok: true, says: `Nina (pager) looks after ${key}` })
    expect(scene.alerting.view()).toMatchObject([{ acknowledgedBy: 'Nina (pager)' }])
    expect(scene.hook.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
    expect(sentences().at(-1)).toBe(
      'incident acknowledged by Nina (pager): cdn-a is down: no new segment for 12.5s',
    )
  })

  test('is repeated no more, and the next in line is not told', async () => {
    scene.pager.rules = { repeatMs: 120_000 }
    scene.hook.rules = { afterMs: 300_000 }
    await scene.start()
    await openIncident()

    receive()
    await scene.time.pass(3_600_000)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
    expect(scene.hook.story).toEqual([])
  })

  test('and resolved there stays open here, and the journal says so', async () => {
    await scene.start()
    await openIncident()

    receive({ reason: 'resolved in PagerDuty, which is no all clear: it stays open here' })
    await scene.time.pass(3_600_000)

    expect(scene.alerting.view()).toHaveLength(1)
    expect(sentences().at(-1)).toContain(
      'incident acknowledged by Nina (pager) (resolved in PagerDuty, which is no all clear: it stays open here)',
    )
  })

  test('is told of once, however often the service tells of it', async () => {
    await scene.start()
    await openIncident()

    const again = { id: 'same', at: scene.time.now + scene.time.wallAhead }
    const received = [receive(again), receive(again), receive({ ...again, id: 'another one' })]
    await settle()

    expect(received.map((each) => each?.ok === true && each.says)).toEqual([
      `Nina (pager) looks after ${key}`,
      `${key}: it is known already`,
      `${key}: Nina (pager) looks after it already`,
    ])
    expect(scene.hook.story).toEqual([`trigger ${key}`, `acknowledge ${key}`])
  })

  test('passes to whoever acknowledges it later', async () => {
    await scene.start()
    await openIncident()
    scene.alerting.acknowledge(key, 'alice')

    receive()

    expect(scene.alerting.view()).toMatchObject([{ acknowledgedBy: 'Nina (pager)' }])
  })
})

describe('an acknowledgement that ends in the service', () => {
  test('lets the incident be repeated again, and tells the next in line', async () => {
    scene.pager.rules = { repeatMs: 120_000 }
    scene.hook.rules = { afterMs: 300_000 }
    await scene.start()
    await openIncident()
    receive()
    await scene.time.pass(600_000)

    const received = receive({
      kind: 'unacknowledged',
      actor: 'PagerDuty',
      reason: 'ended the acknowledgement in PagerDuty',
    })
    await scene.time.pass(130_000)

    expect(received).toMatchObject({ says: `${key}: nobody looks after it any more` })
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedBy')
    expect(scene.hook.story).toEqual([`trigger ${key}`])
    expect(scene.pager.story).toEqual([
      `trigger ${key}`,
      `acknowledge ${key}`,
      `trigger ${key}`,
      `trigger ${key}`,
    ])
    expect(sentences()).toContain(
      'nobody looks after the incident any more: PagerDuty (pager) ended the acknowledgement in PagerDuty: cdn-a is down: no new segment for 12.5s',
    )
  })

  test('is not brought back by an older request that somebody sends again, also after a restart', async () => {
    await scene.start()
    await openIncident()
    const first = reaction()
    receive(first)
    await scene.time.pass(60_000)
    receive({ kind: 'unacknowledged' })
    await scene.time.pass(1_000)

    const replayed = [receive(first)]
    scene.kill()
    await scene.start()
    await settle()
    scene.evaluate(condition())
    replayed.push(receive(first))

    expect(replayed.map((each) => each?.ok === true && each.says)).toEqual([
      `${key}: it is known already`,
      `${key}: it is known already`,
    ])
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedBy')
  })

  test('changes nothing where nobody looked after it', async () => {
    await scene.start()
    await openIncident()

    receive({ kind: 'unacknowledged' })
    await settle()

    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })
})

describe('what a service tells', () => {
  test('of an incident that is over changes nothing, nor does it acknowledge the next of this key', async () => {
    await scene.start()
    await openIncident()
    const first = reaction()
    receive(first)
    scene.evaluate()
    await scene.time.pass(120_000)
    const afterwards = receive(first)
    scene.evaluate(condition({ since: scene.time.now + scene.time.wallAhead }))
    await scene.time.pass(60_000)

    const replayed = receive(first)

    expect(afterwards).toEqual({ ok: true, says: 'nothing to do' })
    expect(replayed).toEqual({ ok: true, says: `${key}: it is older than the incident` })
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedBy')
  })

  test('is to be sent again while it is not known which incidents are open', async () => {
    await scene.start()
    await openIncident()
    scene.kill()
    await scene.start((store) => {
      store.available = false
    })
    await settle()

    const meanwhile = receive()
    scene.store.available = true
    await scene.time.pass(10_000)
    scene.evaluate(condition())
    const later = receive()

    expect(meanwhile).toEqual({ ok: false, cause: 'unavailable' })
    expect(later).toMatchObject({ ok: true, says: `Nina (pager) looks after ${key}` })
  })

  test('is to be sent again while another process judges the group: that one may hear it', async () => {
    await scene.start()
    await openIncident()
    scene.alerting.aside(GROUP)

    const aside = receive()
    scene.evaluate(condition())
    await settle()
    const taken = receive()

    expect(aside).toEqual({ ok: false, cause: 'unavailable' })
    expect(taken).toMatchObject({ ok: true, says: `Nina (pager) looks after ${key}` })
  })

  test('forges no line of the journal by a name', async () => {
    await scene.start()
    await openIncident()

    receive({ actor: `eve\n2027 incident over\u2028\u202e${'x'.repeat(200)}` })

    const { acknowledgedBy = '' } = scene.alerting.view()[0] ?? {}
    expect(acknowledgedBy).toMatch(/^eve 2027 incident over x+… \(pager\)$/u)
    expect(acknowledgedBy.length).toBeLessThan(100)
  })

  test.for([
    ['a route that listens to nothing', 'hook', undefined],
    ['a route that there is not', 'nobody', undefined],
  ] as const)('to %s is told to nobody', async ([, route, expected]) => {
    await scene.start()

    expect(scene.alerting.receive(route, request)).toBe(expected)
  })

  test.for(['unsigned', 'malformed'] as const)('and is %s is handed back', async (cause) => {
    scene.pager.read = () => ({ ok: false, cause, says: 'no' })
    await scene.start()
    await openIncident()

    expect(scene.alerting.receive('pager', request)).toMatchObject({ ok: false, cause })
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedBy')
  })
})
