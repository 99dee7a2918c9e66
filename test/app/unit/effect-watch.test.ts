import { describe, expect, it } from 'vitest'
import { EffectWatch } from '../../../src/app/group/effect-watch.ts'
import { GroupRecord } from '../../../src/app/group/group-record.ts'
import { LeaseKeeper } from '../../../src/app/group/lease-keeper.ts'
import type { Intent } from '../../../src/core/group.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { Actuator, Behind, Spread } from '../../../src/plugin/actuator.ts'
import { memoryDisk, memoryStore } from '../../../src/simulation/memory-store.ts'
import { groupSettings } from '../../fakes/group-settings.ts'

const settings = groupSettings({ callTimeoutMs: 4_000 })
const onB = { 'cdn-a': 0, 'cdn-b': 100 }
const deaf: Behind = { who: '192.0.2.54', kind: 'server', says: 'lags' }

/** A leader that has just applied a change; `spread` is how others pass it on. */
async function applied(spread: () => Promise<Spread>, settleMs = 0) {
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
  const watch = new EffectWatch({ clock, record, lease, onChange: () => {}, onPhase })
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
  watch.begin(intent, [actuator], settings)
  return { clock, disk, lease, watch, phases, actuator }
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
})
