import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { movedPoints, serving } from '../../../src/core/allocation.ts'
import type { Health } from '../../../src/core/health.ts'
import { decide, weighSteer, type Decision } from '../../../src/engine/group/decide.ts'
import { now, weightedSituation, type WeightedPath } from './weighted-scene.ts'

function moved(decision: Decision) {
  if (decision.kind !== 'change') throw new Error(`not a change: ${JSON.stringify(decision)}`)
  return decision.proposal
}

function veto(decision: Decision) {
  return decision.kind === 'stay' ? decision.whyNot : undefined
}

describe('a path that is down gives its weight away', () => {
  test('to the others, in the configured proportions and in integers that add up', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 50, carries: 50, health: 'down' },
      'cdn-b': { weight: 30, carries: 30 },
      'cdn-c': { weight: 20, carries: 20 },
    })

    const proposal = moved(decide(situation))

    expect(proposal).toMatchObject({
      reason: 'failover',
      to: { 'cdn-a': 0, 'cdn-b': 60, 'cdn-c': 40 },
      target: 'cdn-b',
      leaving: ['cdn-a'],
      charge: 1,
      says: 'cdn-a is down; cdn-b is up and gets 30 more, cdn-c is up and gets 20 more',
    })
  })

  test('an unknown, a contested and a recovering path keep what they have, and get nothing', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 40, carries: 40, health: 'down' },
      'cdn-b': { weight: 20, carries: 20 },
      'cdn-c': { weight: 10, carries: 10, health: 'unknown' },
      'cdn-d': { weight: 10, carries: 10, health: 'contested' },
      'cdn-e': { weight: 20, carries: 20, health: 'down', more: { isRecovering: true } },
    })

    const { to, leaving } = moved(decide(situation))

    expect(leaving).toEqual(['cdn-a'])
    expect(to).toEqual({ 'cdn-a': 0, 'cdn-b': 60, 'cdn-c': 10, 'cdn-d': 10, 'cdn-e': 20 })
  })

  test('nobody gets beyond its maximum: what finds no place goes to idle paths, then to a spare', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 60, carries: 60, health: 'down' },
      'cdn-b': { weight: 30, carries: 40, most: 50 },
      'cdn-c': { weight: 10, carries: 0, most: 30 },
      spare: { weight: 0, carries: 0 },
    })

    const { to } = moved(decide(situation))

    expect(to).toEqual({ 'cdn-a': 0, 'cdn-b': 50, 'cdn-c': 30, spare: 20 })
  })

  test('what the others may not take stays where it is, and says so', () => {
    const paths = {
      'cdn-a': { weight: 34, carries: 34, health: 'down', most: 40 },
      'cdn-b': { weight: 33, carries: 33, most: 40 },
      'cdn-c': { weight: 33, carries: 33, most: 40 },
    } as const

    const proposal = moved(decide(weightedSituation(paths)))

    expect(proposal.to).toEqual({ 'cdn-a': 20, 'cdn-b': 40, 'cdn-c': 40 })
    expect(proposal.says).toContain('20 stays, because the others are at their maximum')

    const full = decide(
      weightedSituation({
        'cdn-a': { ...paths['cdn-a'], carries: 20 },
        'cdn-b': { ...paths['cdn-b'], carries: 40 },
        'cdn-c': { ...paths['cdn-c'], carries: 40 },
      }),
    )

    expect(veto(full)).toEqual({
      guard: 'max-weight',
      says: 'cdn-a is down; every other path is at its maximum: 20 stays on cdn-a',
    })
  })

  test('the only path left takes everything, beyond its maximum', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 80, carries: 80, health: 'down' },
      'cdn-b': { weight: 20, carries: 20, most: 60 },
    })

    const decision = decide(situation)

    expect(moved(decision).to).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
    expect(decision.guards).toContainEqual({
      guard: 'max-weight',
      pass: true,
      says: 'cdn-b would get 100, its maximum is 60: waived, because it is the only path left',
    })
  })

  test('a degraded path takes what those that are up may not', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 50, carries: 50, health: 'down' },
      'cdn-b': { weight: 30, carries: 30, most: 60 },
      'cdn-c': { weight: 20, carries: 20, health: 'degraded' },
    })

    expect(moved(decide(situation)).to).toEqual({ 'cdn-a': 0, 'cdn-b': 60, 'cdn-c': 40 })
  })

  test('degraded or contested alone moves nothing', () => {
    for (const health of ['degraded', 'contested'] as const) {
      const situation = weightedSituation({
        'cdn-a': { weight: 80, carries: 80, health },
        'cdn-b': { weight: 20, carries: 20 },
      })

      expect(decide(situation)).toMatchObject({ kind: 'stay', state: 'STEADY' })
    }
  })
})

describe('panic', () => {
  const down = { weight: 60, carries: 60, health: 'down' } as const

  test('every path down: weights stay', () => {
    const situation = weightedSituation({
      'cdn-a': down,
      'cdn-b': { weight: 40, carries: 40, health: 'down' },
    })

    expect(decide(situation)).toMatchObject({
      kind: 'stay',
      state: 'ALL-DOWN',
      says: 'every path is down: weights stay as they are',
    })
  })

  test('spread: back to the configured weights, once, and not while anything is unknown', () => {
    const sharing = { panic: { fraction: 0.5, answer: 'spread' } } as const
    const paths = {
      'cdn-a': { ...down, carries: 0 },
      'cdn-b': { weight: 40, carries: 100, health: 'down' },
    } as const

    const decision = decide(weightedSituation(paths, { sharing }))

    expect(moved(decision)).toMatchObject({
      reason: 'spread',
      to: { 'cdn-a': 60, 'cdn-b': 40 },
      says: 'every path is down; last resort: cdn-a 60, cdn-b 40 as configured, whatever their health',
    })
    const after = { ...paths, 'cdn-a': down, 'cdn-b': { ...paths['cdn-b'], carries: 40 } }
    expect(decide(weightedSituation(after, { sharing }))).toMatchObject({ state: 'ALL-DOWN' })
    const unseen = { ...paths, 'cdn-a': { ...paths['cdn-a'], health: 'unknown' as const } }
    expect(decide(weightedSituation(unseen, { sharing }))).toMatchObject({ state: 'ALL-DOWN' })
  })

  test('too little declared capacity is left: weights stay; undeclared capacity is never guessed', () => {
    const paths = { 'cdn-a': down, 'cdn-b': { weight: 40, carries: 40 } }

    const panic = decide(
      weightedSituation(paths, { capacity: { demand: 1_000, paths: { 'cdn-b': 400 } } }),
    )

    expect(veto(panic)).toEqual({
      guard: 'panic',
      says: 'cdn-a is down; panic: cdn-b can carry 40 % of the demand, less than 50 %: weights stay as they are',
    })
    for (const capacity of [
      { demand: 1_000, paths: { 'cdn-b': 500 } },
      { demand: 1_000, paths: {} },
      { paths: { 'cdn-b': 1 } },
    ]) {
      expect(decide(weightedSituation(paths, { capacity })).kind).toBe('change')
    }
  })
})

describe('weight returns to a path that recovered', () => {
  const away = {
    'cdn-a': { weight: 80, carries: 0 },
    'cdn-b': { weight: 20, carries: 100 },
  } as const

  test('once it was up for long enough, as a failback', () => {
    expect(moved(decide(weightedSituation(away)))).toMatchObject({
      reason: 'failback',
      to: { 'cdn-a': 80, 'cdn-b': 20 },
      target: 'cdn-a',
      charge: 1,
      says: 'cdn-a has been up for 1h; cdn-a 80, cdn-b 20 is configured for what is up',
    })
    const early = { ...away, 'cdn-a': { ...away['cdn-a'], since: now - 60_000 } }
    expect(decide(weightedSituation(early))).toMatchObject({
      state: 'STEADY',
      says: 'cdn-b serves; failback to cdn-a in 9m if it stays up',
    })
  })

  test('not while what serves is unknown, nor in a holddown, nor with the last slot of the budget', () => {
    const dark = decide(
      weightedSituation({
        ...away,
        'cdn-b': { weight: 15, carries: 80 },
        'cdn-c': { weight: 5, carries: 20, health: 'unknown' },
      }),
    )
    expect(dark).toMatchObject({
      kind: 'stay',
      state: 'STEADY',
      says: 'cdn-b 80, cdn-c 20 serve; cdn-c is unknown and keeps its 20',
    })
    const holddown = decide(weightedSituation(away, { memory: { holddownUntil: now + 1_000 } }))
    expect(veto(holddown)?.guard).toBe('holddown')
    const spent = { intent: 'i', reason: 'failover', charge: 2, leaving: [], target: '' } as const
    const budget = decide(
      weightedSituation(away, { memory: { changes: [{ ...spent, at: now - 600_000 }] } }),
    )
    expect(veto(budget)?.guard).toBe('budget')
  })

  test('a point of rounding is not worth a change', () => {
    const situation = weightedSituation({
      'cdn-a': { weight: 34, carries: 33 },
      'cdn-b': { weight: 33, carries: 34 },
      'cdn-c': { weight: 33, carries: 33 },
    })

    expect(decide(situation)).toMatchObject({ kind: 'stay', state: 'STEADY' })
  })

  test('half of the traffic unknown: blind; less: the rest goes on', () => {
    const blind = weightedSituation({
      'cdn-a': { weight: 50, carries: 50, health: 'unknown' },
      'cdn-b': { weight: 50, carries: 50 },
    })

    expect(decide(blind)).toMatchObject({ state: 'BLIND' })
  })
})

describe('guards over weights', () => {
  const shared = { 'cdn-a': { weight: 60, carries: 60 }, 'cdn-b': { weight: 40, carries: 40 } }

  test('min-serving: a steer to one path of two that must both serve needs its name', () => {
    const situation = weightedSituation(shared, { sharing: { minServing: 2 } })

    const { guards } = weighSteer(situation, 'cdn-a', 'ana', [], 'test')

    expect(guards.find(({ guard }) => guard === 'min-serving')).toEqual({
      guard: 'min-serving',
      pass: false,
      says: '1 path that is not down would serve, at least 2 must',
    })
    const named = weighSteer(situation, 'cdn-a', 'ana', ['min-serving'], 'test')
    expect(named.guards.find(({ guard }) => guard === 'min-serving')).toMatchObject({
      bypassed: true,
    })
  })

  test('min-serving never keeps traffic on a path that is down when nothing else serves', () => {
    const situation = weightedSituation(
      {
        'cdn-a': { weight: 60, carries: 100, health: 'down' },
        'cdn-b': { weight: 40, carries: 0 },
      },
      { sharing: { minServing: 2 } },
    )

    expect(moved(decide(situation)).to).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
  })

  test('max-weight: a steer beyond it is vetoed while another path could share', () => {
    const situation = weightedSituation({ ...shared, 'cdn-a': { ...shared['cdn-a'], most: 70 } })

    const { guards } = weighSteer(situation, { 'cdn-a': 75, 'cdn-b': 25 }, 'ana', [], 'test')

    expect(guards.find(({ pass }) => !pass)).toEqual({
      guard: 'max-weight',
      pass: false,
      says: 'cdn-a would get 75, its maximum is 70',
    })
  })

  test('velocity: weight returns in as many steps as it takes', () => {
    const situation = weightedSituation(
      { 'cdn-a': { weight: 60, carries: 0 }, 'cdn-b': { weight: 40, carries: 100 } },
      { sharing: { velocity: { points: 25, perMs: 60_000 } } },
    )

    expect(moved(decide(situation))).toMatchObject({
      to: { 'cdn-a': 25, 'cdn-b': 75 },
      ramp: { to: { 'cdn-a': 60, 'cdn-b': 40 }, done: 0 },
    })
  })

  test('velocity is waived where a down path is left, but not for one that is declared too small', () => {
    const paths = {
      'cdn-a': { weight: 60, carries: 60, health: 'down' },
      'cdn-b': { weight: 40, carries: 40 },
    } as const
    const sharing = { velocity: { points: 20, perMs: 60_000 } }

    const rescue = decide(weightedSituation(paths, { sharing }))

    expect(moved(rescue).to).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
    expect(rescue.guards.at(-1)?.says).toBe(
      '0 of 20 points per 1m moved, this would move 60: waived, because a down path is left',
    )
    const small = decide(
      weightedSituation(paths, {
        sharing,
        capacity: { demand: 1_000, paths: { 'cdn-b': 800 } },
      }),
    )
    expect(moved(small).to).toEqual({ 'cdn-a': 40, 'cdn-b': 60 })
  })
})

describe('whatever the weights and healths', () => {
  const health = fc.constantFrom<Health>('up', 'degraded', 'contested', 'down', 'unknown')
  const path = fc.record({ part: fc.nat(10), most: fc.integer({ min: 1, max: 100 }), health })
  const paths = fc.array(path, { minLength: 1, maxLength: 6 })
  const shares = (parts: readonly number[]): number[] => {
    const sum = parts.reduce((all, each) => all + each, 0)
    if (sum === 0) return parts.map((_, index) => (index === 0 ? 100 : 0))
    const whole = parts.map((each) => Math.floor((each * 100) / sum))
    const rest = 100 - whole.reduce((all, each) => all + each, 0)
    return whole.map((each, index) => (index === 0 ? each + rest : each))
  }
  const world = fc.record({
    paths,
    carried: fc.array(fc.nat(10), { minLength: 6, maxLength: 6 }),
    minServing: fc.integer({ min: 1, max: 3 }),
    points: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    answer: fc.constantFrom<'hold' | 'spread'>('hold', 'spread'),
  })

  test('a change leaves integers that add up to 100, something that serves, and its guards kept (11, 12, 20)', () => {
    let changes = 0
    fc.assert(
      fc.property(world, ({ paths: all, carried, minServing, points, answer }) => {
        const weights = shares(all.map(({ part }) => part))
        const carries = shares(carried.slice(0, all.length))
        const named: Record<string, WeightedPath> = Object.fromEntries(
          all.map(({ most, health: is }, index) => [
            `p${index}`,
            { weight: weights[index] ?? 0, carries: carries[index] ?? 0, most, health: is },
          ]),
        )
        const situation = weightedSituation(named, {
          sharing: {
            minServing,
            panic: { fraction: 0.5, answer },
            ...(points !== undefined && { velocity: { points, perMs: 60_000 } }),
          },
        })
        const decision = decide(situation)
        if (decision.kind !== 'change') return
        changes += 1
        const { from, to, leaving, reason } = decision.proposal
        const values = Object.values(to)
        expect(values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true)
        expect(values.reduce((sum, value) => sum + value, 0)).toBe(100)
        const alive = (of: typeof to) =>
          serving(of).filter((name) => named[name]?.health !== 'down')
        if (reason === 'spread') {
          expect(Object.values(named).every((each) => each.health !== 'up')).toBe(true)
          return
        }
        expect(alive(to).length).toBeGreaterThan(0)
        expect(alive(to).length >= Math.min(minServing, alive(from).length + 1)).toBe(true)
        const rises = Object.keys(to).filter((name) => (to[name] ?? 0) > (from[name] ?? 0))
        // Nobody is given anything who is not known to be well (invariant 9).
        expect(rises.every((name) => ['up', 'degraded'].includes(named[name]?.health ?? ''))).toBe(
          true,
        )
        const well = Object.keys(named).filter(
          (name) =>
            !leaving.includes(name) && ['up', 'degraded'].includes(named[name]?.health ?? ''),
        )
        const over = rises.filter((name) => (to[name] ?? 0) > (named[name]?.most ?? 100))
        if (over.length > 0) expect(well).toEqual(over)
        const isRescue = leaving.length > 0
        if (points !== undefined && !isRescue)
          expect(movedPoints(from, to)).toBeLessThanOrEqual(points)
        // An unknown path keeps what it has (invariant 3).
        for (const [name, each] of Object.entries(named)) {
          if (each.health === 'unknown') expect(to[name]).toBe(each.carries)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(changes).toBeGreaterThan(200)
  })
})
