import { describe, expect, test } from 'vitest'
import type { CarriedLoad, MeasuredLoad } from '../../../src/core/group.ts'
import {
  capacityLeft,
  capacityOf,
  isTooSmall,
  shortfallOf,
  withCarried,
} from '../../../src/engine/group/capacity.ts'
import { capacityGuard } from '../../../src/engine/group/continuation.ts'
import { decide, weighSteer } from '../../../src/engine/group/decide.ts'
import { weighDrill } from '../../../src/engine/group/drill.ts'
import { candidates } from '../../../src/engine/group/targets.ts'
import { weightedSituation } from './weighted-scene.ts'

const wall = 1_700_000_000_000
const hour = 3_600_000
const day = 24 * hour

function load(megabits: number, agoMs = 2 * hour): MeasuredLoad {
  return { bitsPerSecond: megabits * 1e6, at: wall - agoMs, plan: 'weekly-load' }
}

/** cdn-a serves all; a demand of 100 Mbit/s. */
function situation(
  carried: Readonly<Record<string, CarriedLoad>>,
  declared: Readonly<Record<string, number>> = {},
) {
  return weightedSituation(
    {
      'cdn-a': { weight: 100, carries: 100 },
      'cdn-b': { weight: 0, carries: 0 },
      'cdn-c': { weight: 0, carries: 0 },
    },
    { capacity: { demand: 100e6, paths: declared }, row: { carried } },
  )
}

describe('what a path can carry', () => {
  test('is what is declared, whatever was measured', () => {
    const seen = situation({ 'cdn-b': { atMost: load(5) } }, { 'cdn-b': 400e9 })

    expect(capacityOf(seen, 'cdn-b')).toEqual({
      source: 'declared',
      bitsPerSecond: 400e9,
      says: '400 Gbit/s, as declared',
    })
    expect(shortfallOf(seen, 'cdn-b', 100)).toBeUndefined()
  })

  test.for([
    [2 * hour, '2h'],
    [90_000, '1m'],
    [0, '1m'],
    [3 * day + hour, '3d'],
  ] as const)('is else what was measured, with its age: %i ms', ([agoMs, age]) => {
    const seen = situation({ 'cdn-b': { atMost: load(5, agoMs) } })

    expect(capacityOf(seen, 'cdn-b')).toEqual({
      source: 'at-most',
      bitsPerSecond: 5e6,
      at: wall - agoMs,
      says: `no more than 5 Mbit/s, as drill weekly-load measured ${age} ago`,
    })
    expect(shortfallOf(seen, 'cdn-b', 100)).toBe(
      `cdn-b can carry no more than 5 Mbit/s, as drill weekly-load measured ${age} ago, and 100 Mbit/s may be wanted`,
    )
  })

  test('what was carried under a ceiling says nothing against a path, however little it was', () => {
    const seen = situation({ 'cdn-b': { atLeast: load(0.25) } })

    expect(capacityOf(seen, 'cdn-b')).toMatchObject({
      source: 'at-least',
      says: 'at least 250 kbit/s, as drill weekly-load measured 2h ago',
    })
    expect(shortfallOf(seen, 'cdn-b', 100)).toBeUndefined()
  })

  test('says nothing any more after 90 days', () => {
    const seen = situation({ 'cdn-b': { atMost: load(5, 91 * day) } })

    expect(capacityOf(seen, 'cdn-b')).toBeUndefined()
    expect(shortfallOf(seen, 'cdn-b', 100)).toBeUndefined()
  })

  test('is measured against the share that is asked for', () => {
    const seen = situation({ 'cdn-b': { atMost: load(50) } })

    expect(shortfallOf(seen, 'cdn-b', 50)).toBeUndefined()
    expect(shortfallOf(seen, 'cdn-b', 51)).toContain('51 Mbit/s may be wanted')
  })

  test('is nothing where neither is there, and no demand asks for anything', () => {
    const { capacity: _none, ...settings } = situation({}).settings
    const measured = situation({ 'cdn-b': { atMost: load(5) } })

    expect(capacityOf(situation({}), 'cdn-b')).toBeUndefined()
    expect(shortfallOf({ ...measured, settings }, 'cdn-b', 100)).toBeUndefined()
  })
})

describe('a path that a drill measured too small', () => {
  const small = { 'cdn-b': { atMost: load(5) } }

  test('comes after one of which nothing is known, and the sentence says why', () => {
    const [first, second] = candidates(situation(small), ['cdn-a'])

    expect(first).toMatchObject({ name: 'cdn-c', says: 'cdn-c is up' })
    expect(second).toMatchObject({
      name: 'cdn-b',
      eligible: true,
      says: 'cdn-b is up, though cdn-b can carry no more than 5 Mbit/s, as drill weekly-load measured 2h ago, and 100 Mbit/s may be wanted',
    })
  })

  test('is still better than a path that is down', () => {
    const seen = weightedSituation(
      {
        'cdn-a': { weight: 100, carries: 100, health: 'down' },
        'cdn-b': { weight: 0, carries: 0 },
      },
      { capacity: { demand: 100e6, paths: {} }, row: { carried: small } },
    )

    const decision = decide(seen)

    expect(decision).toMatchObject({ kind: 'change', proposal: { to: { 'cdn-b': 100 } } })
  })

  test('is no place to rehearse on', () => {
    const seen = weightedSituation(
      { 'cdn-a': { weight: 100, carries: 100 }, 'cdn-b': { weight: 0, carries: 0 } },
      { capacity: { demand: 100e6, paths: {} }, row: { carried: small } },
    )
    const request = { id: 'd', plan: 'weekly', kind: 'switch', stayMs: 1, maxMs: 2 } as const

    expect(weighDrill(seen, { actor: 'ana', owner: 'p1' }, request)).toMatchObject({
      kind: 'not-ready',
      guard: 'capacity',
      says: expect.stringContaining('cdn-b can carry no more than 5 Mbit/s') as string,
    })
  })

  test('neither holds traffic nor takes a waiver away: that stands on what is declared alone', () => {
    const { settings } = situation(small)

    expect(isTooSmall(settings, 'cdn-b', 100)).toBe(false)
    expect(capacityLeft(settings, ['cdn-b', 'cdn-c'])).toBeUndefined()
  })

  test('may be steered to by a person', () => {
    const { guards } = weighSteer(
      situation(small),
      { 'cdn-a': 0, 'cdn-b': 100, 'cdn-c': 0 },
      'ana',
      [],
      'test',
    )

    expect(guards.filter(({ pass }) => !pass)).toEqual([])
  })

  test('keeps no failback from it', () => {
    const seen = weightedSituation(
      { 'cdn-a': { weight: 0, carries: 100 }, 'cdn-b': { weight: 0, carries: 0 } },
      { capacity: { demand: 100e6, paths: {} }, row: { carried: small } },
    )
    const proposal = {
      reason: 'failback',
      from: { 'cdn-a': 100, 'cdn-b': 0 },
      to: { 'cdn-a': 0, 'cdn-b': 100 },
      target: 'cdn-b',
      leaving: [],
      charge: 1,
      says: '',
    } as const

    expect(capacityGuard.ask(proposal, seen)).toMatchObject({ pass: true })
    expect(capacityGuard.ask({ ...proposal, reason: 'drill' }, seen)).toMatchObject({ pass: false })
  })
})

describe('what is kept of measurements', () => {
  test.for([
    ['the first of its kind', undefined, load(5, 0), false, { atLeast: load(5, 0) }],
    [
      'a limit beside what was carried below it',
      { atLeast: load(3) },
      load(5, 0),
      true,
      { atLeast: load(3), atMost: load(5, 0) },
    ],
    [
      'a limit, and not what was carried beyond it before',
      { atLeast: load(9) },
      load(5, 0),
      true,
      { atMost: load(5, 0) },
    ],
    [
      'what was carried, and not a limit below it',
      { atMost: load(5) },
      load(9, 0),
      false,
      { atLeast: load(9, 0) },
    ],
    [
      'a limit that a small ceiling does not reach',
      { atMost: load(5) },
      load(1, 0),
      false,
      { atLeast: load(1, 0), atMost: load(5) },
    ],
    ['the most that was carried', { atLeast: load(9) }, load(1, 0), false, { atLeast: load(9) }],
    [
      'the newest, where the most is too old',
      { atLeast: load(9, 91 * day) },
      load(1, 0),
      false,
      { atLeast: load(1, 0) },
    ],
    ['the newest limit', { atMost: load(5) }, load(7, 0), true, { atMost: load(7, 0) }],
  ] as const)('%s', ([, known, measured, isLimit, kept]) => {
    expect(withCarried(known, measured, isLimit)).toEqual(kept)
  })
})
