import { describe, expect, it } from 'vitest'
import { EffectWatch } from '../../../src/app/group/effect-watch.ts'
import { GroupRecord } from '../../../src/app/group/group-record.ts'
import { LeaseKeeper } from '../../../src/app/group/lease-keeper.ts'
import type { Intent } from '../../../src/core/group.ts'
import type { JournalEntry } from '../../../src/core/journal.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { Actuator, Behind, Spread } from '../../../src/plugin/actuator.ts'
import { memoryDisk, memoryStore } from '../../../src/simulation/memory-store.ts'
import { groupSettings } from '../../fakes/group-settings.ts'

const settings = groupSettings({ callTimeoutMs: 4_000 })
const onB = { 'cdn-a': 0, 'cdn-b': 100 }
const deaf: Behind = { who: '192.0.2.54', kind: 'server', says: 'lags' }

/** A leader of the group; `spread` is how others pass on what it applied. */
async function leader(spread: () => Promise<Spread>, settleMs = 0) {
  const clock = new SimulatedClock()
  const disk = memoryDisk(clock)
  const store = memoryStore(clock, { disk })
  const group = settings.name
  const lease = new LeaseKeeper({
    clock,
    store,
    group,
    owner: 'me',
    ttlMs: 120_000,
    callTimeoutMs: 4_000,
  })
  const record = new GroupRecord({ clock, store, owner: 'me', lease, settings })
  await lease.renew()
  await record.load()
  await record.save((row) => ({ ...row, allocation: onB }), [])
  const phases: (readonly [string, number])[] = []
  const onPhase = (phase: 'effective', ms: number) => void phases.push([phase, ms])
  const watch = new EffectWatch({ clock, store, record, lease, onChange: () => {}, onPhase })
  const target: Actuator = {
    observe: async () => ({ ok: false, retry: false, says: 'not asked' }),
    plan: () => [],
    apply: async () => ({ result: 'failed', retry: false, says: 'not asked' }),
    spread,
  }
  const intent: Intent = {
    id: 'intent-1',
    token: 1,
    reason: 'failover',
    from: { 'cdn-a': 100, 'cdn-b': 0 },
    to: onB,
    leaving: ['cdn-a'],
    target: 'cdn-b',
    basis: { says: 'test', paths: {}, guards: [] },
    openedAt: 0,
    deadline: 0,
    steps: [],
    phase: 'applied',
    charge: 1,
    compensating: false,
  }
  const actuator = {
    type: 'sim',
    required: true,
    target,
    capabilities: {
      shape: 'weights',
      mode: 'push',
      reversible: true,
      settleMs,
      compareAndSet: 'atomic',
      permissions: [],
    },
  } as const
  return { clock, disk, lease, store, watch, phases, actuator, intent }
}

/** A leader that has just applied a change. */
async function applied(spread: () => Promise<Spread>, settleMs = 0) {
  const scene = await leader(spread, settleMs)
  scene.watch.begin(scene.intent, [scene.actuator], settings)
  return scene
}

/** A leader that finds in the journal what another one applied `agoMs` ago. */
async function successor(agoMs: number, spread: () => Promise<Spread>, settleMs = 0) {
  const scene = await leader(spread, settleMs)
  const { id, to } = scene.intent
  const entry = { kind: 'applied', group: settings.name, path: 'cdn-b', actor: 'ana' } as const
  const says = 'traffic moved'
  await scene.store.commit({ entries: [{ ...entry, says, data: { intent: id, to } }] })
  await scene.lease.release()
  await scene.clock.advance(agoMs)
  await scene.lease.renew()
  const takeOver = () => scene.watch.takeOver([scene.actuator], settings)
  takeOver()
  return { ...scene, takeOver, effective: () => effectiveOf(scene.disk.journal) }
}

function effectiveOf(journal: readonly JournalEntry[]) {
  return journal.filter(({ kind }) => kind === 'effective')
}

describe('the watch over what is applied', () => {
  it('tells how long it took until it was in effect', async () => {
    const { clock, disk, phases, watch } = await applied(
      async () => ({ asked: 2, behind: [] }),
      20_000,
    )

    await clock.advance(25_000)

    expect(phases).toEqual([['effective', 20_000]])
    expect(disk.journal.map(({ kind }) => kind)).toEqual(['effective'])
    expect(watch.effect).toBeUndefined()
  })

  it('tells of each when it was first seen to follow, anew where it fell behind again', async () => {
    const steady = { who: '192.0.2.53', kind: 'server' } as const
    const { who, kind } = deaf
    let round = 0
    const { clock, disk } = await applied(async () => {
      round += 1
      // The other one follows, forgets it again, and follows.
      const isBehind = round === 2 || round === 3
      return isBehind
        ? { asked: 2, behind: [deaf], follow: [steady] }
        : {
            asked: 2,
            behind: round === 1 ? [{ ...deaf, who: 'third' }] : [],
            follow: [steady, { who, kind }],
          }
    })

    await clock.advance(20_000)

    const [entry] = effectiveOf(disk.journal)
    expect(entry?.data?.['reached']).toEqual([
      { ...steady, ms: 0 },
      { who, kind, ms: 250 + 500 + 1_000 },
    ])
  })

  it('takes a plug-in that fails or hangs for a server that is behind, and goes on asking', async () => {
    let asked = 0
    const { clock, watch, phases } = await applied(async () => {
      asked += 1
      if (asked === 1) throw new Error('no route')
      if (asked === 2) return await new Promise<never>(() => {})
      return { asked: 1, behind: [] }
    })

    await clock.advance(100)
    const failed = watch.effect?.behind
    await clock.advance(4_500)
    const hung = watch.effect?.behind
    await clock.advance(5_000)

    expect(failed).toEqual([
      { who: 'its servers', kind: 'server', says: 'could not be asked: no route' },
    ])
    expect(hung).toEqual([
      { who: 'its servers', kind: 'server', says: 'gave no answer within 4000 ms' },
    ])
    expect(phases).toHaveLength(1)
  })

  it('ends without a word where another process leads', async () => {
    let behind: readonly Behind[] = [deaf]
    const { clock, disk, lease, watch } = await applied(async () => ({ asked: 1, behind }))

    await clock.advance(2_000)
    await lease.release()
    behind = []
    await clock.advance(30_000)

    expect(disk.journal).toEqual([])
    expect(watch.effect).toBeUndefined()
  })

  it('goes on from when it was applied, with the servers of a new configuration', async () => {
    const { clock, watch, phases, actuator } = await applied(async () => ({
      asked: 1,
      behind: [deaf],
    }))
    await clock.advance(9_000)

    const target = { ...actuator.target, spread: async () => ({ asked: 0, behind: [] }) }
    watch.reconfigure([{ ...actuator, target }], settings)
    await clock.advance(1_000)

    expect(phases).toEqual([['effective', 9_000]])
  })

  it('names nobody as late who still had the time that it says it takes', async () => {
    const slow = { ...deaf, withinMs: 60_000 }
    let behind: readonly Behind[] = [slow]
    const { clock, disk, watch } = await applied(async () => ({ asked: 1, behind }))

    await clock.advance(54_000)
    const early = watch.effect?.behind
    behind = []
    await clock.advance(6_000)

    expect(early).toEqual([slow])
    expect(disk.journal.map(({ says }) => says)).toEqual([
      expect.stringMatching(
        /^in effect \S+ after it was applied: the one that was asked answers it$/u,
      ),
    ])
  })

  it('names as late who takes longer than it says', async () => {
    let behind: readonly Behind[] = [{ ...deaf, withinMs: 60_000 }]
    const { clock, disk } = await applied(async () => ({ asked: 1, behind }))

    await clock.advance(70_000)
    behind = []
    await clock.advance(6_000)

    expect(disk.journal.map(({ says }) => says)).toEqual([
      expect.stringMatching(/; late were 192\.0\.2\.54$/u),
    ])
  })

  it('waits for caches as long as those who pass it on say, rather than what is declared', async () => {
    const { clock, phases } = await applied(
      async () => ({ asked: 1, behind: [], cachesMs: 30_000 }),
      90_000,
    )

    await clock.advance(40_000)

    expect(phases).toEqual([['effective', 30_000]])
  })

  it('asks nobody any more once it is ended', async () => {
    let asked = 0
    const { clock, watch } = await applied(async () => {
      asked += 1
      return { asked: 1, behind: [deaf] }
    })
    await clock.advance(1_000)
    const before = asked

    await watch.end()
    await clock.advance(60_000)

    expect(before).toBeGreaterThan(0)
    expect(asked).toBe(before)
  })

  it('is taken over by the next leader, which counts from when it was applied', async () => {
    let behind: readonly Behind[] = [deaf]
    const { clock, effective, phases, watch } = await successor(30_000, async () => ({
      asked: 1,
      behind,
    }))

    await clock.advance(9_000)
    const since = clock.now() - (watch.effect?.since ?? 0)
    behind = []
    await clock.advance(5_000)

    expect(since).toBe(39_000)
    expect(phases).toEqual([['effective', expect.toSatisfy((ms) => ms > 39_000 && ms <= 44_000)]])
    const [entry] = effective()
    expect(entry).toMatchObject({ actor: 'ana', path: 'cdn-b', data: { intent: 'intent-1' } })
    expect(entry?.says).toMatch(/; late were 192\.0\.2\.54; watched anew from 30s on$/u)
  })

  it('says "at most" and measures nothing where all followed before anybody looked', async () => {
    const { clock, effective, phases } = await successor(
      30_000,
      async () => ({ asked: 2, behind: [] }),
      20_000,
    )

    await clock.advance(25_000)

    expect(phases).toEqual([])
    expect(effective().map(({ data }) => data)).toEqual([
      { intent: 'intent-1', ms: 50_000, asked: 2, late: [], isAtMost: true },
    ])
    expect(effective()[0]?.says).toBe(
      'in effect at most 50s after it was applied: all 2 that were asked answer it, caches had their 20s; watched anew from 30s on',
    )
  })

  it('is not taken over a day later', async () => {
    const { clock, effective, watch } = await successor(24 * 3_600_000 + 1, async () => ({
      asked: 1,
      behind: [],
    }))

    await clock.advance(60_000)

    expect(watch.effect).toBeUndefined()
    expect(effective()).toEqual([])
  })

  it('is taken over once, and not where it is in effect already', async () => {
    const { clock, effective, lease, takeOver } = await successor(1_000, async () => ({
      asked: 1,
      behind: [],
    }))
    await clock.advance(10_000)

    takeOver()
    await clock.advance(10_000)
    await lease.release()
    await lease.renew()
    takeOver()
    await clock.advance(10_000)

    expect(effective()).toHaveLength(1)
  })

  it('waits for a store that cannot be read, and takes over then', async () => {
    const scene = await leader(async () => ({ asked: 1, behind: [] }))
    scene.store.available = false
    scene.watch.takeOver([scene.actuator], settings)
    await scene.clock.advance(7_000)
    scene.store.available = true
    const says = 'traffic moved'
    const data = { intent: 'intent-1', to: onB }
    await scene.store.commit({ entries: [{ kind: 'applied', group: settings.name, says, data }] })

    await scene.clock.advance(10_000)

    expect(effectiveOf(scene.disk.journal)).toHaveLength(1)
  })
})
