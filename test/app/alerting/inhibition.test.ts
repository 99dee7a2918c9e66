import { beforeEach, describe, expect, test } from 'vitest'
import type { Condition } from '../../../src/core/condition.ts'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const INGEST = 'channel-1/ingest'

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

function edge(path: string, change: Partial<Condition> = {}): Condition {
  return condition({ path, role: 'delivery', place: 'ingest', ...change })
}

function ingest(change: Partial<Condition> = {}): Condition {
  const title = 'main is down and carries the traffic'
  return condition({
    key: `${INGEST}/main`,
    group: INGEST,
    path: 'main',
    role: 'ingest',
    place: 'ingest',
    title,
    ...change,
  })
}

function allDown(group = GROUP, change: Partial<Condition> = {}): Condition {
  const { path: _, ...rest } = condition({ role: group === GROUP ? 'delivery' : 'ingest' })
  return { ...rest, key: `${group}#all-down`, group, title: 'every path is down', ...change }
}

describe('a dead ingest', () => {
  test('silences its edges: one page, and the others say why they are quiet', async () => {
    await scene.start()

    scene.alerting.conditions(INGEST, [ingest()])
    scene.evaluate(edge('cdn-a'), edge('cdn-b'))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${INGEST}/main`])
    expect(scene.alerting.view().map(({ key, quiet }) => [key, quiet?.says])).toEqual([
      [`${INGEST}/main`, undefined],
      [`${GROUP}/cdn-a`, `inhibited by ${INGEST}/main: main is down and carries the traffic`],
      [`${GROUP}/cdn-b`, `inhibited by ${INGEST}/main: main is down and carries the traffic`],
    ])
  })

  test('that is over does not hide edges that are still down', async () => {
    await scene.start()
    scene.alerting.conditions(INGEST, [ingest()])
    scene.evaluate(edge('cdn-a'))
    await settle()

    scene.alerting.conditions(INGEST, [])
    scene.evaluate(edge('cdn-a'))
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([
      `trigger ${INGEST}/main`,
      `trigger ${GROUP}/cdn-a`,
      `resolve ${INGEST}/main`,
    ])
  })

  test('that somebody looks after is not escalated by its edges, which nobody need look after apart', async () => {
    scene.pager.rules = { repeatMs: 120_000 }
    scene.hook.rules = { afterMs: 300_000 }
    await scene.start()
    scene.evaluate(edge('cdn-a'))
    await settle()
    scene.alerting.conditions(INGEST, [ingest()])
    await settle()

    scene.alerting.acknowledge(`${INGEST}/main`, 'alice')
    await scene.time.pass(900_000)
    const meanwhile = [...scene.hook.story]
    scene.alerting.conditions(INGEST, [])
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story.slice(0, 3)).toEqual([
      `trigger ${GROUP}/cdn-a`,
      `trigger ${INGEST}/main`,
      `acknowledge ${INGEST}/main`,
    ])
    expect(meanwhile).toEqual([])
    // The cause is over and its effect is not: now somebody must look after that.
    expect(scene.hook.story).toEqual([`trigger ${GROUP}/cdn-a`])
  })

  test.for<[string, Condition, Condition]>([
    ['an edge whose fault lies at the edge', ingest(), edge('cdn-a', { place: 'edge' })],
    ['an edge whose place is unconfirmed', ingest(), edge('cdn-a', { place: 'unconfirmed' })],
    ['an edge whose fault lies at the origin', ingest(), edge('cdn-a', { place: 'origin' })],
    ['what is worse than itself', ingest({ severity: 'warning' }), edge('cdn-a')],
    ['another stream', ingest({ key: 'other/ingest/main', group: 'other/ingest' }), edge('cdn-a')],
    ['that Changeover cannot act', ingest(), edge('cdn-a', { isOwn: true })],
  ])('does not silence %s', async ([, cause, effect]) => {
    await scene.start()

    scene.alerting.conditions(cause.group, [cause])
    scene.evaluate(effect)
    await settle()

    expect(scene.pager.story).toContain(`trigger ${GROUP}/cdn-a`)
  })

  test('that is silenced does not silence its edges: somebody must hear of it', async () => {
    await scene.start()
    const wall = scene.time.now + scene.time.wallAhead
    const times = { from: wall, until: wall + 3_600_000 }
    const match = { group: INGEST }
    scene.alerting.silence({ match, owner: 'ada', reason: 'new encoder', ...times })

    scene.alerting.conditions(INGEST, [ingest()])
    scene.evaluate(edge('cdn-a'))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}/cdn-a`])
  })

  test('does not silence its edges for a route that does not hear of it', async () => {
    scene.hook.rules = { only: { groups: ['*/cdn'] } }
    await scene.start()

    scene.alerting.conditions(INGEST, [ingest()])
    scene.evaluate(edge('cdn-a'))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${INGEST}/main`])
    expect(scene.hook.story).toEqual([`trigger ${GROUP}/cdn-a`])
  })

  test('takes nothing back: an edge that was told first hears of its own end', async () => {
    await scene.start()
    scene.evaluate(edge('cdn-a', { place: 'unconfirmed' }))
    await settle()
    scene.alerting.conditions(INGEST, [ingest()])
    scene.evaluate(edge('cdn-a'))
    await settle()

    scene.evaluate()
    await scene.time.pass(CLEAR_MS)

    expect(scene.pager.story).toEqual([
      `trigger ${GROUP}/cdn-a`,
      `trigger ${INGEST}/main`,
      `resolve ${GROUP}/cdn-a`,
    ])
  })
})

describe('a group of which every path is down', () => {
  test('is one page, not one for each path', async () => {
    await scene.start()

    scene.evaluate(edge('cdn-a'), edge('cdn-b'), allDown())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${GROUP}#all-down`])
  })

  test('is itself the consequence of an ingest of which every path is down', async () => {
    await scene.start()

    scene.alerting.conditions(INGEST, [ingest(), allDown(INGEST)])
    scene.evaluate(edge('cdn-a'), allDown(GROUP, { place: 'encoder' }))
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${INGEST}#all-down`])
  })
})
