import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { CLEAR_MS, condition, GROUP, Scene } from './scene.ts'

/** What happens, each with the milliseconds that pass afterwards. */
const event = fc.record({
  what: fc.constantFrom(
    'evaluate',
    'evaluate',
    'fail cdn-a',
    'heal cdn-a',
    'fail cdn-b',
    'heal cdn-b',
    'kill and start',
    'stop and start',
    'store down',
    'store up',
    'pager down',
    'pager up',
  ),
  ms: fc.nat({ max: 20_000 }),
})

test('whatever crashes when, everybody is told, and told of the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const scene = new Scene()
      const down = new Set<string>()
      const toldNever = new Set<string>()
      const evaluate = () => {
        const list = [...down].map((path) => condition({ path, severity: 'critical' }))
        scene.evaluate(...list)
      }
      await scene.start()

      for (const { what, ms } of events) {
        const [verb, object] = what.split(' ') as [string, string]
        if (verb === 'fail') down.add(object)
        if (verb === 'heal') down.delete(object)
        if (verb === 'store') scene.store.available = object === 'up'
        if (verb === 'pager') {
          scene.pager.answer = () =>
            object === 'up' ? { ok: true } : { ok: false, retry: true, says: 'down' }
        }
        if (verb === 'kill') scene.kill()
        if (verb === 'stop') {
          const stopping = scene.alerting.stop()
          await scene.time.pass(2_000)
          await stopping
          scene.kill()
        }
        if (verb === 'kill' || verb === 'stop') await scene.start()
        evaluate()
        await scene.time.pass(ms)
      }
      scene.store.available = true
      scene.pager.answer = () => ({ ok: true })
      evaluate()
      await scene.time.pass(70_000)
      for (const path of down) {
        const key = `${GROUP}/${path}`
        if (scene.pager.taken.findLast((notice) => notice.key === key)?.action !== 'trigger') {
          toldNever.add(path)
        }
      }
      scene.alerting.conditions(GROUP, [])
      await scene.time.pass(CLEAR_MS + 70_000)

      expect([...toldNever]).toEqual([])
      const last = new Map(scene.pager.taken.map(({ key, action }) => [key, action]))
      for (const [key, action] of last) expect(`${action} ${key}`).toBe(`resolve ${key}`)
      expect(scene.alerting.view()).toEqual([])
      expect(scene.disk.outbox.size).toBe(0)
    }),
    { numRuns: 150 },
  )
}, 60_000)
