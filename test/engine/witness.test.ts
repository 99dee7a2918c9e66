import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { VantageHealth, VantageReport, WitnessStatement } from '../../src/core/health.ts'
import { checkAsWitness, quorumHealth } from '../../src/engine/quorum.ts'

const settings = { atLeast: 2, fraction: 0.5, domains: 2, minFresh: 2 }
const vantages = ['fra', 'lhr', 'iad'].map((name) => ({ name, domain: name }))
const staleAfterMs = 15_000

interface Seen {
  readonly health: VantageHealth
  readonly suspect?: boolean
  readonly seenAt?: number
}

function reportsOf(seen: readonly Seen[]): ReadonlyMap<string, VantageReport> {
  return new Map(
    seen.map(({ health, suspect = false, seenAt = 0 }, index) => {
      const vantage = vantages[index]?.name ?? ''
      return [
        vantage,
        {
          path: 'p',
          vantage,
          health,
          suspect,
          since: 0,
          seenAt,
          active: [],
          pending: [],
          says: `is ${health}`,
          measurements: {},
        },
      ]
    }),
  )
}

function witness(...seen: readonly Seen[]): WitnessStatement {
  const input = { vantages, settings, reports: reportsOf(seen), staleAfterMs }
  return checkAsWitness('server', input, 10_000)
}

function path(seen: readonly Seen[], ...witnesses: readonly WitnessStatement[]) {
  const reports = reportsOf(seen)
  return quorumHealth({ path: 'p', vantages, settings, reports, staleAfterMs, witnesses }, 10_000)
}

const up: Seen = { health: 'up' }
const down: Seen = { health: 'down' }
const allDown = [down, down, down]

describe('a path that two of three vantages say is down', () => {
  test('is contested where a witness sees it up, and says both', () => {
    const health = path(allDown, witness(up, up, up))

    expect(health).toMatchObject({ health: 'contested', vetoedBy: ['server'], isRecovering: false })
    expect(health.says).toBe(
      '3 of 3 vantages say down (fra, lhr, iad): is down, ' +
        'yet the witness server sees it up: 3 of 3 vantages say up (fra, lhr, iad): is up',
    )
  })

  test('is contested where a witness sees it degraded: viewers can go on', () => {
    const degraded: Seen = { health: 'degraded' }

    expect(path(allDown, witness(degraded, degraded, up)).health).toBe('contested')
  })

  test.each([
    ['says down too', witness(down, down, down)],
    ['knows nothing', witness({ health: 'unknown' }, { health: 'unknown' }, { health: 'unknown' })],
    ['has not reported', witness()],
    ['is below its minimum volume', witness(up)],
    ['is of two minds', witness(up, down, { health: 'unknown' })],
    ['is about to say down', witness(...[up, up, up].map((each) => ({ ...each, suspect: true })))],
    ['is stale', { name: 'viewers', health: 'up' as const, seenAt: -5_001, says: 'fine' }],
    ['has no evidence', { name: 'viewers', health: 'up' as const, says: 'fine' }],
    ['is outvoted', witness(up, down, down)],
  ])('is down where a witness %s', (_, statement) => {
    const health = path(allDown, statement)

    expect(health.health).toBe('down')
    expect(health.vetoedBy).toBeUndefined()
  })

  test('is contested where one of several witnesses contradicts', () => {
    const silent = witness()
    const viewers = { name: 'viewers', health: 'up', seenAt: 0, says: '95 of 100 play' } as const

    expect(path(allDown, silent, viewers).vetoedBy).toEqual(['viewers'])
  })
})

test('no suspicion at one vantage silences what two others see', () => {
  expect(path(allDown, witness(up, up, { ...up, suspect: true })).health).toBe('contested')
})

const seen = record({
  health: constantFrom<VantageHealth>('up', 'degraded', 'down', 'unknown'),
  suspect: boolean(),
  seenAt: integer({ min: -10_000, max: 10_000 }),
})
const three = array(seen, { minLength: 0, maxLength: 3 })

test('witnesses only ever turn down into contested; everything else is as without them', () => {
  assert(
    property(three, array(three, { maxLength: 3 }), (own, others) => {
      const without = path(own)

      const health = path(own, ...others.map((each) => witness(...each)))

      if (without.health === 'down' && health.vetoedBy !== undefined) {
        expect(health.health).toBe('contested')
      } else {
        expect(health).toEqual(without)
      }
    }),
  )
})

test('one vantage alone never vetoes (invariant 1)', () => {
  assert(
    property(seen, (alone) => {
      expect(path(allDown, witness(alone)).health).toBe('down')
    }),
  )
})

test('a witness that loses evidence never begins to veto', () => {
  assert(
    property(three, integer({ min: 0, max: 2 }), (others, index) => {
      const before = path(allDown, witness(...others))
      const less = others.map((each, at) =>
        at === index ? ({ ...each, health: 'unknown' } as const) : each,
      )
      const onlyGood = others.every(({ health }) => health === 'up' || health === 'degraded')

      const after = path(allDown, witness(...less))

      // Losing a vote against it may tip the witness; losing a vote for it never does.
      if (onlyGood && before.health === 'down') expect(after.health).toBe('down')
    }),
  )
})
