import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Installation } from '../../src/app/installation.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

function installed(
  limits: { groups?: number; fraction?: number; beyond?: 'queue' | 'freeze' } = {},
  count = 8,
) {
  const clock = new SimulatedClock()
  const blastRadius = {
    groups: 1,
    fraction: 0.25,
    perMs: 300_000,
    beyond: 'queue' as const,
    ...limits,
  }
  return { clock, installation: new Installation(clock, { blastRadius }, count) }
}

describe('the blast radius', () => {
  it.each([
    [{ groups: 1, fraction: 0.25 }, 3, 1],
    [{ groups: 1, fraction: 0.25 }, 8, 2],
    [{ groups: 1, fraction: 0.25 }, 11, 2],
    [{ groups: 3, fraction: 0.25 }, 8, 3],
    [{ groups: 1, fraction: 1 }, 8, 8],
  ])('of %j allows, of %d groups, %d', (limits, count, wanted) => {
    expect(installed(limits, count).installation.limit).toBe(wanted)
  })

  it('counts a change of another leader from when it was applied, not from when it was first heard of', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    const heard = { intent: '1', at: clock.now(), reason: 'failover' as const }
    installation.recall('one/cdn', [heard])
    await clock.advance(10_000)
    installation.recall('one/cdn', [{ ...heard, at: clock.now() }])
    await clock.advance(295_000)

    expect(installation.ask('two/cdn').pass).toBe(false)
  })

  it('counts no more what another leader took back', () => {
    const { clock, installation } = installed({ fraction: 0 })
    installation.recall('one/cdn', [{ intent: '1', at: clock.now(), reason: 'failover' }])
    installation.recall('one/cdn', [])

    expect(installation.ask('two/cdn').pass).toBe(true)
  })

  it('asks the store for what is free, naming every change that it knows of, also those that count no more', async () => {
    const { clock, installation } = installed()
    installation.charge('1', 'one/cdn')
    await clock.advance(300_000)
    installation.charge('2', 'two/cdn')

    expect(installation.room('three/cdn')).toEqual({
      free: 1,
      known: ['1', '2'],
      withinMs: 300_000,
    })
    expect(installation.room('two/cdn')).toBeUndefined()
  })

  it('refuses the group beyond the limit, and says how many changed', () => {
    const { installation } = installed()
    installation.charge('1', 'one/cdn')
    installation.charge('2', 'two/cdn')

    const answer = installation.ask('three/cdn')

    expect(answer).toEqual({
      pass: false,
      says: '2 of 2 groups of the whole installation changed in the last 5m; it is the next',
    })
  })

  it('gives a group that changed already no second place', () => {
    const { installation } = installed()
    for (const id of ['1', '2', '3']) installation.charge(id, 'one/cdn')

    expect(installation.ask('two/cdn').pass).toBe(true)
    installation.charge('4', 'two/cdn')
    expect(installation.ask('one/cdn').pass).toBe(true)
    expect(installation.ask('three/cdn').pass).toBe(false)
  })

  it('forgets a change after its window, to the millisecond', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')

    await clock.advance(299_999)
    const before = installation.ask('two/cdn').pass
    await clock.advance(1)

    expect([before, installation.ask('two/cdn').pass]).toEqual([false, true])
  })

  it('takes a charge back, and counts one that is told twice once', () => {
    const { installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')
    installation.charge('1', 'one/cdn')

    installation.refund('1')

    expect(installation.ask('two/cdn').pass).toBe(true)
  })

  it('counts a change of an earlier process at the time at which it was made', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    await clock.advance(400_000)

    installation.charge('old', 'one/cdn', 50_000)
    const old = installation.ask('two/cdn').pass
    installation.charge('recent', 'one/cdn', 200_000)

    expect([old, installation.ask('two/cdn').pass]).toEqual([true, false])
  })

  it('gives no group a free place where the wall clock went back by an hour before the start', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    const [at, hour] = [clock.now(), 3_600_000]
    const ask = () => ['one/cdn', 'two/cdn', 'three/cdn'].map((each) => installation.ask(each).pass)
    // By what is stored, one/cdn changed last, and the others a quarter of an hour and an hour before it.
    const read = { at, reason: 'failover' as const }
    installation.recall('three/cdn', [{ ...read, at: at - 5_000, intent: '3', aheadMs: -5_000 }])
    installation.recall('one/cdn', [{ ...read, intent: '1', aheadMs: hour }])
    installation.recall('two/cdn', [{ ...read, intent: '2', aheadMs: hour - 900_000 }])

    const first = ask()
    await clock.advance(300_000)

    expect([first, ask()]).toEqual([
      [true, false, false],
      [true, true, true],
    ])
  })

  it('takes new limits over and keeps what was charged', () => {
    const { installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')
    const before = installation.ask('two/cdn').pass

    installation.configure(
      { blastRadius: { groups: 2, fraction: 0, perMs: 300_000, beyond: 'queue' } },
      8,
    )

    expect([before, installation.ask('two/cdn').pass]).toEqual([false, true])
  })
})

describe('the queue of the blast radius', () => {
  const one = { groups: 1, fraction: 0 }

  it('lets the higher priority go first, whoever came first', async () => {
    const { clock, installation } = installed(one)
    installation.charge('0', 'zero/cdn')
    installation.want('low/cdn', 100)
    await clock.advance(1)
    installation.want('high/cdn', 900)
    await clock.advance(1)
    installation.want('late/cdn', 900)

    await clock.advance(300_000)
    for (const [group, priority] of [
      ['low/cdn', 100],
      ['high/cdn', 900],
      ['late/cdn', 900],
    ] as const) {
      installation.want(group, priority)
    }

    expect(installation.ask('low/cdn', 100)).toEqual({
      pass: false,
      says: '0 of 1 groups of the whole installation changed in the last 5m; after high/cdn, late/cdn',
    })
    expect(installation.ask('late/cdn', 900).pass).toBe(false)
    expect(installation.ask('high/cdn', 900).pass).toBe(true)
  })

  it('puts leaving a failing path before any return', () => {
    const { installation } = installed(one)
    installation.want('home/cdn', 900, false)
    installation.want('failing/cdn', 100, true)

    expect([
      installation.ask('home/cdn', 900).pass,
      installation.ask('failing/cdn', 100).pass,
    ]).toEqual([false, true])
  })

  it('lets others go first where the turn of one came and its change did not begin', () => {
    const { installation } = installed(one)
    installation.want('stuck/cdn', 900)
    installation.want('other/cdn', 100)
    const before = installation.ask('other/cdn', 100).pass

    installation.tried('stuck/cdn')

    expect([before, installation.ask('other/cdn', 100).pass]).toEqual([false, true])
    expect(installation.ask('stuck/cdn', 900).pass).toBe(false)
  })

  it('does not count it as a try where the limit itself stood before the change', () => {
    const { installation } = installed(one)
    installation.charge('0', 'zero/cdn')
    installation.want('first/cdn', 900)
    installation.want('other/cdn', 100)

    installation.tried('first/cdn')

    expect(installation.queue()?.groups).toEqual(['first/cdn', 'other/cdn'])
  })

  it('forgets whoever no longer wants anything, or asks no more', async () => {
    const { clock, installation } = installed(one)
    installation.want('gone/cdn', 900)
    installation.leave('gone/cdn')
    installation.want('silent/cdn', 900)
    const early = installation.ask('other/cdn', 100).pass
    await clock.advance(15_000)

    expect([early, installation.ask('other/cdn', 100).pass]).toEqual([false, true])
  })

  it('is told as one thing, and only while somebody must wait to leave a failing path', () => {
    const { installation } = installed(one)
    installation.want('one/cdn', 1)
    const free = installation.queue()
    installation.charge('1', 'one/cdn')
    const alone = installation.queue()
    installation.want('two/cdn', 1)
    installation.want('three/cdn', 2)
    installation.want('home/cdn', 3, false)

    expect([free, alone]).toEqual([undefined, undefined])
    expect(installation.queue()).toEqual({
      groups: ['three/cdn', 'two/cdn'],
      says: '1 groups changed in the last 5m, which is the limit (1); waiting: three/cdn, two/cdn',
    })
  })

  it('does not exist where a breach freezes', () => {
    const { installation } = installed({ ...one, beyond: 'freeze' })
    installation.want('one/cdn', 1)
    const first = installation.ask('two/cdn', 0)
    installation.charge('1', 'one/cdn')

    expect(first.pass).toBe(true)
    expect(installation.ask('two/cdn', 0)).toMatchObject({ pass: false, freezes: true })
    expect(installation.ask('one/cdn', 0).pass).toBe(true)
  })

  it('never lets more groups change within a window than the limit, in whatever order they come (invariant 19)', async () => {
    const step = fc.record({
      group: fc.integer({ min: 0, max: 7 }),
      waitMs: fc.constantFrom(0, 1_000, 60_000, 150_000),
      does: fc.constantFrom('change', 'change', 'want', 'leave', 'tried', 'refund'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, priorities, groups) => {
          const { clock, installation } = installed({ groups, fraction: 0 })
          const made: { id: string; group: string; at: number }[] = []
          for (const [index, { group: number, waitMs, does }] of steps.entries()) {
            await clock.advance(waitMs)
            const group = `g${number}/cdn`
            const priority = priorities[number] ?? 0
            if (does === 'want') installation.want(group, priority)
            else if (does === 'leave') installation.leave(group)
            else if (does === 'tried') installation.tried(group)
            else if (does === 'refund') {
              const last = made.pop()
              if (last !== undefined) installation.refund(last.id)
            } else if (installation.ask(group, priority).pass) {
              installation.charge(String(index), group)
              made.push({ id: String(index), group, at: clock.now() })
            }
          }
          for (const { at } of made) {
            const within = made.filter((each) => each.at <= at && at - each.at < 300_000)
            expect(new Set(within.map((each) => each.group)).size).toBeLessThanOrEqual(groups)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('lets somebody go whenever there is room and anybody waits', () => {
    const places = fc.array(
      fc.record({
        priority: fc.integer({ min: 0, max: 3 }),
        isUrgent: fc.boolean(),
        tries: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    fc.assert(
      fc.property(places, (list) => {
        const { installation } = installed(one)
        for (const [index, { priority, isUrgent }] of list.entries()) {
          installation.want(`g${index}/cdn`, priority, isUrgent)
        }
        for (const [index, { tries }] of list.entries()) {
          for (let time = 0; time < tries; time += 1) installation.tried(`g${index}/cdn`)
        }

        const passing = list.filter(
          ({ priority }, index) => installation.ask(`g${index}/cdn`, priority).pass,
        )

        expect(passing).toHaveLength(1)
      }),
    )
  })
})
