import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import type { Reaction } from '../../../src/plugin/reaction.ts'
import { CLEAR_MS, condition, GROUP, Scene, type Death } from './scene.ts'

const numRuns = Number(process.env['CRASH_RUNS'] ?? 150)

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
    'service acknowledged',
    'service unacknowledged',
    'die before-commit',
    'die after-commit',
    'die before-put',
    'die after-put',
    'die before-settle',
    'die after-settle',
    'die before-send',
    'die after-send',
  ),
  ms: fc.nat({ max: 20_000 }),
})

/** A service that has a place for what it is told. */
const taken = () => ({ ok: true, receipt: 'thread' }) as const

/** One life of an installation, whose processes end in every way. */
class Life {
  readonly scene = new Scene()
  readonly down = new Set<string>()
  /** What the service of the pager tells next. */
  told: readonly Reaction[] = []
  /**
   * Keys told by a process that ended before the store knew anything of them: people are told of the
   * end only if the same trouble comes again.
   */
  readonly unknowable = new Set<string>()

  evaluate(): void {
    this.scene.evaluate(...[...this.down].map((path) => condition({ path })))
  }

  async live(what: string): Promise<void> {
    const { scene, down } = this
    const [verb, object] = what.split(' ') as [string, string]
    if (verb === 'fail') down.add(object)
    if (verb === 'heal') down.delete(object)
    if (verb === 'store') scene.store.available = object === 'up'
    if (verb === 'pager') {
      const isUp = object === 'up'
      scene.pager.answer = isUp ? taken : () => ({ ok: false, retry: true, says: 'down' })
    }
    if (verb === 'service') {
      const kind = object === 'acknowledged' ? object : 'unacknowledged'
      const { now, wallAhead } = scene.time
      const about = { isAbout: (key: string) => key === `${GROUP}/cdn-a`, at: now + wallAhead }
      this.told = [{ id: `${now}`, kind, actor: 'Nina', ...about }]
      scene.alerting.receive('pager', { headers: {}, body: Buffer.from('') })
    }
    if (verb === 'die') {
      const [when, at] = object.split('-') as [Death['when'], Death['at']]
      scene.death = { when, at }
    }
    if (verb === 'stop') {
      void scene.alerting.stop()
      await scene.time.pass(2_000)
    }
    if (verb === 'kill' || verb === 'stop') await this.restart()
  }

  async restart(): Promise<void> {
    const { journal, outbox } = this.scene.disk
    const waiting = [...outbox.values()].map(({ notice }) => notice.key)
    for (const { key } of this.scene.alerting.view()) {
      const newest = journal.findLast(
        ({ kind, data }) => kind === 'incident' && data?.['key'] === key,
      )
      const isOpen = newest !== undefined && newest.data?.['event'] !== 'resolved'
      if (!isOpen && !waiting.includes(key)) this.unknowable.add(key)
    }
    this.scene.kill()
    await this.scene.start()
  }

  /** The last thing that people heard of each incident. */
  get heard(): ReadonlyMap<string, string> {
    return new Map(this.scene.pager.taken.map(({ key, action }) => [key, action]))
  }
}

test('whatever crashes when, everybody is told, and told of the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const life = new Life()
      const { scene, down, unknowable } = life
      scene.pager.answer = taken
      scene.pager.read = () => ({ ok: true, reactions: life.told })
      await scene.start()

      for (const { what, ms } of events) {
        await life.live(what)
        life.evaluate()
        await scene.time.pass(ms)
      }
      scene.pager.answer = taken
      await life.restart()
      life.evaluate()
      await scene.time.pass(70_000)

      for (const path of down) {
        expect(life.heard.get(`${GROUP}/${path}`)).toMatch(/^(?:trigger|acknowledge)$/u)
      }

      scene.evaluate()
      await scene.time.pass(CLEAR_MS + 70_000)

      for (const [key, action] of life.heard) {
        if (!unknowable.has(key)) expect(`${action} ${key}`).toBe(`resolve ${key}`)
      }
      // That a route works again shows with the next notice: until then its incident stays open.
      expect(scene.alerting.view().filter(({ group }) => group === GROUP)).toEqual([])
      expect(scene.disk.outbox.size).toBe(0)
    }),
    { numRuns },
  )
}, 60_000)
