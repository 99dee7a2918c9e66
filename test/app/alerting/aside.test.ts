import { beforeEach, describe, expect, test } from 'vitest'
import { incidentDraft } from '../../../src/app/alerting/incident.ts'
import { CLEAR_MS, condition, GROUP, Scene, settle } from './scene.ts'

const key = `${GROUP}/cdn-a`

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

describe('a group that another process judges meanwhile', () => {
  test('its incidents are not called over by the one that leads no longer', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    // Its last word was that nothing is wrong; then it lost the lease.
    scene.evaluate()

    scene.alerting.aside(GROUP)
    await scene.time.pass(CLEAR_MS * 3)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('it is not acknowledged here, where the one that escalates would not hear of it', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()

    scene.alerting.aside(GROUP)
    const came = scene.alerting.acknowledge(key, 'alice')

    expect(came).toBe('elsewhere')
    expect(scene.alerting.view()[0]).not.toHaveProperty('acknowledgedBy')
  })

  test('an end that waits for the store is taken back', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.store.available = false
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    scene.alerting.aside(GROUP)
    scene.store.available = true
    await scene.time.pass(CLEAR_MS * 2)

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('what the other process opened is taken over with the lease, and ended', async () => {
    await scene.start()
    scene.alerting.aside(GROUP)
    const record = { condition: condition(), routes: ['pager'] }
    await scene.store.commit({ entries: [incidentDraft('opened', record, record.condition.since)] })

    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    expect(scene.pager.story).toEqual([`resolve ${key}`])
  })

  test('what the other process ended and what comes back then is told anew', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.alerting.aside(GROUP)
    const record = { condition: condition(), routes: ['pager'] }
    await scene.store.commit({ entries: [incidentDraft('resolved', record, 0)] })

    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`, `trigger ${key}`])
  })

  test('what somebody acknowledged at the other process is not escalated once it is taken over', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.alerting.aside(GROUP)
    const record = { condition: condition(), routes: ['pager'], acknowledgedBy: 'alice' }
    await scene.store.commit({ entries: [incidentDraft('acknowledged', record, 0)] })

    scene.evaluate(condition())
    await settle()

    expect(scene.alerting.view()).toMatchObject([{ key, acknowledgedBy: 'alice' }])
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('what becomes of its incidents there is seen here within half a minute', async () => {
    await scene.start()
    scene.evaluate(condition())
    await settle()
    scene.alerting.aside(GROUP)
    const record = { condition: condition(), routes: ['pager'] }
    await scene.store.commit({ entries: [incidentDraft('resolved', record, 0)] })

    await scene.time.pass(30_000)

    expect(scene.alerting.view()).toEqual([])
    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })

  test('a service that forgets is kept up to date by the process that judges the group alone', async () => {
    scene.hook.refreshEveryMs = 60_000
    await scene.start()
    scene.evaluate(condition())
    await settle()

    scene.alerting.aside(GROUP)
    await scene.time.pass(300_000)

    expect(scene.alerting.view()).toMatchObject([{ key }])
    expect(scene.hook.story).toEqual([`trigger ${key}`])
  })

  test('reading what became of them brings nothing back that this process ends meanwhile', async () => {
    await scene.start()
    scene.alerting.aside('channel-2/cdn')
    scene.evaluate(condition())
    await scene.time.pass(31_000)
    scene.evaluate()
    const read = scene.store.entries.bind(scene.store)
    const held = Promise.withResolvers<void>()
    scene.store.entries = async (query) => {
      const entries = await read(query)
      if (query.kinds?.includes('incident') === true) await held.promise
      return entries
    }

    // It is read at 60 s, over at 61 s, and known to have been open at 62 s.
    await scene.time.pass(31_000)
    held.resolve()
    await settle()
    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })

  test('what this process told of while it could not write goes on, and is ended by it', async () => {
    await scene.start()
    scene.store.available = false
    scene.evaluate(condition())
    await settle()
    scene.alerting.aside(GROUP)
    await scene.time.pass(60_000)
    scene.store.available = true

    scene.evaluate()
    await scene.time.pass(CLEAR_MS * 2)

    expect(scene.pager.story).toEqual([`trigger ${key}`, `resolve ${key}`])
  })

  test('conditions that are handed over while the journal is read back are not lost', async () => {
    await scene.start()
    scene.alerting.aside(GROUP)

    scene.evaluate()
    scene.evaluate(condition())
    await settle()

    expect(scene.pager.story).toEqual([`trigger ${key}`])
  })
})
