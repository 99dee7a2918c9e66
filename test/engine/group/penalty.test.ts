import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Health, PathHealth } from '../../../src/core/health.ts'
import { decide } from '../../../src/engine/group/decide.ts'
import { failbackOf } from '../../../src/engine/group/failback.ts'
import { emptyRow, recall } from '../../../src/engine/group/memory.ts'
import {
  countFailures,
  forgivenInMs,
  isSuppressed,
  pointsAt,
  storedPenalties,
  type Penalties,
  type Penalty,
} from '../../../src/engine/group/penalty.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

const flaps = { halfLifeMs: 900_000, suppress: 2_000, reuse: 750 }
const minute = 60_000
const none: Penalties = new Map()

function seen(health: Health): ReadonlyMap<string, PathHealth> {
  return new Map([['a', pathHealth(health)]])
}

/** What path `a` owes after each health at its minute. */
function after(...healths: readonly (readonly [number, Health])[]): Penalty | undefined {
  let penalties = none
  for (const [at, health] of healths) {
    penalties = countFailures(penalties, seen(health), flaps, at * minute)
  }
  return penalties.get('a')
}

function points(penalty: Penalty | undefined, at: number): number {
  return penalty === undefined ? 0 : Math.round(pointsAt(penalty, flaps, at * minute))
}

describe('what adds a penalty', () => {
  test('going down costs 1,000 points, and staying down nothing more', () => {
    const once = after([0, 'up'], [1, 'down'], [1, 'down'], [1, 'down'])

    expect(points(once, 1)).toBe(1_000)
  })

  test.each(['unknown', 'contested'] as const)(
    'a path that is %s between is still in the same failure',
    (health) => {
      expect(points(after([0, 'down'], [0, health], [0, 'down']), 0)).toBe(1_000)
    },
  )

  test.each(['up', 'degraded'] as const)('a path that was %s between goes down anew', (health) => {
    expect(points(after([0, 'down'], [0, health], [0, 'down']), 0)).toBe(2_000)
  })

  test('degraded, contested and unknown alone cost nothing', () => {
    expect(after([0, 'up'], [1, 'degraded'], [2, 'contested'], [3, 'unknown'])).toBeUndefined()
  })

  test('a path that is down at the first look counts once', () => {
    expect(points(after([0, 'unknown'], [1, 'down']), 1)).toBe(1_000)
  })

  test('however often it goes down, four half-lives of quiet forgive it', () => {
    const often = Array.from({ length: 200 }, (_, index): [number, Health] => [
      index / 10,
      index % 2 === 0 ? 'down' : 'up',
    ])
    const penalty = after(...often)

    expect(isSuppressed(penalty, flaps, 79 * minute)).toBe(true)
    expect(isSuppressed(penalty, flaps, 81 * minute)).toBe(false)
  })
})

describe('decay', () => {
  test('half is left after each half-life', () => {
    const penalty = after([0, 'down'])

    expect([0, 15, 30, 45].map((at) => points(penalty, at))).toEqual([1_000, 500, 250, 125])
  })

  test('from 2,000 points on it is suppressed, until fewer than 750 are left', () => {
    const twice = after([0, 'down'], [0, 'up'], [0, 'down'])
    const forgivenMs = forgivenInMs(twice, flaps, 0)

    // 15 min × log2(2,000 / 750)
    expect(Math.round(forgivenMs / 1000)).toBe(1_274)
    expect(isSuppressed(twice, flaps, forgivenMs - 1)).toBe(true)
    expect(isSuppressed(twice, flaps, forgivenMs + 1)).toBe(false)
  })

  test('two failures that are minutes apart do not suppress; a third one does', () => {
    const two = after([0, 'down'], [2, 'up'], [5, 'down'])
    const three = after([0, 'down'], [2, 'up'], [5, 'down'], [8, 'up'], [10, 'down'])

    expect([isSuppressed(two, flaps, 5 * minute), isSuppressed(three, flaps, 10 * minute)]).toEqual(
      [false, true],
    )
  })

  test('one that is suppressed stays so until it is forgiven, though points fell below the limit', () => {
    const penalty = after([0, 'down'], [0, 'up'], [0, 'down'], [1, 'up'], [14, 'down'])

    expect(points(penalty, 14)).toBeLessThan(2_100)
    expect(isSuppressed({ ...penalty!, points: 1_900 }, flaps, 14 * minute)).toBe(true)
  })

  test('what is worn off is forgotten', () => {
    expect(after([0, 'down'], [1, 'up'], [200, 'up'])).toBeUndefined()
  })
})

describe('over a restart', () => {
  const settings = groupSettings({}, ['a', 'b'])
  const row = (penalties: Penalties, now: number, wall: number) => ({
    ...emptyRow(settings.name),
    penalties: storedPenalties(penalties, now, wall),
  })
  const penalties: Penalties = new Map([['a', after([0, 'down'], [0, 'up'], [0, 'down'])!]])

  test('decay goes on by the stored times', () => {
    const recalled = recall(row(penalties, 0, 1_000_000), settings, 500, 1_000_000 + 15 * minute)

    expect(Math.round(pointsAt(recalled.penalties.get('a')!, flaps, 500))).toBe(1_000)
    expect(recalled.penalties.get('a')).toMatchObject({ isDown: true, isSuppressed: true })
  })

  test('a wall clock that went back forgives nothing early', () => {
    const recalled = recall(row(penalties, 0, 9_000_000), settings, 500, 1_000_000)

    expect(pointsAt(recalled.penalties.get('a')!, flaps, 500)).toBe(2_000)
  })

  test('what this process counted keeps its own time and is not lost before it is written', () => {
    const stored = row(penalties, 0, 1_000_000)
    const before = recall(stored, settings, 0, 1_000_000)
    const counted = countFailures(before.penalties, new Map([['b', pathHealth('down')]]), flaps, 9)
    const again = recall(stored, settings, 10, 77_000_000, { ...before, penalties: counted })

    expect(again.penalties).toBe(counted)
  })

  test('what another leader wrote since counts instead', () => {
    const before = recall(row(penalties, 0, 1_000_000), settings, 0, 1_000_000)
    const other = row(new Map(), 0, 1_000_000)

    expect(recall(other, settings, 10, 1_000_010, before).penalties.size).toBe(0)
  })
})

function situation(
  healths: Readonly<Record<string, Health>>,
  penalties: Penalties,
  active: string,
): Situation {
  const names = Object.keys(healths)
  const settings = groupSettings({}, names)
  const now = 100 * minute
  return {
    settings,
    memory: {
      row: {
        ...emptyRow(settings.name),
        allocation: Object.fromEntries(names.map((name) => [name, name === active ? 100 : 0])),
      },
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      penalties,
      readBack: true,
      observingSince: 0,
    },
    paths: new Map(names.map((name) => [name, pathHealth(healths[name] ?? 'unknown', 0)])),
    mode: 'armed',
    lease: { token: 1, leftMs: 15_000 },
    store: { ok: true, says: 'writable' },
    installation: { pass: true, says: 'nothing changed' },
    now,
    wall: now,
  }
}

const heavy: Penalty = { points: 4_000, at: 100 * minute, isDown: false, isSuppressed: true }

describe('what a penalty does', () => {
  test('a steady path is preferred to one that went down too often', () => {
    const found = decide(situation({ a: 'down', b: 'up', c: 'up' }, new Map([['b', heavy]]), 'a'))

    expect(found).toMatchObject({ kind: 'change', proposal: { target: 'c' } })
  })

  test('a path that is up is preferred to a degraded one, however often it went down', () => {
    const healths = { a: 'down', b: 'up', c: 'degraded' } as const
    const found = decide(situation(healths, new Map([['b', heavy]]), 'a'))

    expect(found).toMatchObject({ kind: 'change', proposal: { target: 'b' } })
    expect(found.says).toContain('b is up, though it went down too often lately')
  })

  test('failback waits until the preferred path is forgiven, and says for how long', () => {
    const waiting = failbackOf(situation({ a: 'up', b: 'up' }, new Map([['a', heavy]]), 'b'), 'b')

    expect(waiting).toEqual({
      says: 'no failback for another 36m14s: a went down too often lately',
    })
  })

  test('the only eligible target is never kept off (invariant 25)', () => {
    const healthOf = fc.constantFrom<Health>('up', 'degraded', 'contested', 'down', 'unknown')
    const penaltyOf = fc.record({
      points: fc.double({ min: 0, max: 12_000, noNaN: true }),
      at: fc.integer({ min: 0, max: 100 * minute }),
      isDown: fc.boolean(),
      isSuppressed: fc.boolean(),
    })
    const names = ['b', 'c', 'd']

    fc.assert(
      fc.property(
        fc.array(healthOf, { minLength: 3, maxLength: 3 }),
        fc.array(fc.option(penaltyOf), { minLength: 4, maxLength: 4 }),
        (others, owed) => {
          const healths: Record<string, Health> = { a: 'down', ...zip(names, others) }
          const penalties = new Map(
            ['a', ...names].flatMap((name, index) => {
              const penalty = owed[index]
              return penalty === null || penalty === undefined ? [] : [[name, penalty] as const]
            }),
          )

          const clean = decide(situation(healths, none, 'a'))
          const burdened = decide(situation(healths, penalties, 'a'))

          expect(burdened.kind).toBe(clean.kind)
          if (burdened.kind !== 'change' || clean.kind !== 'change') return
          const { target } = burdened.proposal
          expect(healths[target]).toBe(healths[clean.proposal.target])
        },
      ),
    )
  })
})

function zip(names: readonly string[], healths: readonly Health[]): Record<string, Health> {
  return Object.fromEntries(names.map((name, index) => [name, healths[index] ?? 'unknown']))
}
