import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PureGroup, type PureChange } from '../../../src/app/scenarios/pure-group.ts'
import type { Health } from '../../../src/core/health.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

const minute = 60_000
const tickMs = 10_000

/** No flap penalty comes between, so that the back-off is seen alone. */
const settings = groupSettings(
  {
    holddownMs: 30_000,
    budget: { changes: 40, perMs: 20 * minute },
    failback: { auto: true, stableForMs: 2 * minute, maxWaitMs: 30 * minute, window: [] },
    flaps: { halfLifeMs: 1_000, suppress: 20_000, reuse: 100 },
  },
  ['home', 'other'],
)
const quietMs = Math.max(settings.budget.perMs, settings.failback.maxWaitMs)

/** Spells of the preferred path, in ticks: down, then up. */
const spells = fc.array(
  fc.record({
    down: fc.integer({ min: 1, max: 30 }),
    up: fc.oneof(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 100, max: 180 }),
      fc.integer({ min: 60, max: 600 }),
    ),
  }),
  { minLength: 1, maxLength: 12 },
)

interface Moved {
  readonly at: number
  readonly reason: PureChange['reason']
  /** Milliseconds that the preferred path had been up. */
  readonly upForMs: number
}

/** Plays the spells to a group and gives every change that it made. */
function play(list: readonly { readonly down: number; readonly up: number }[]): Moved[] {
  const moved: Moved[] = []
  let since = 0
  const group = new PureGroup({
    settings,
    onChange: ({ at, reason }) => moved.push({ at, reason, upForMs: at - since }),
  })
  let now = 0
  for (const { down, up } of list) {
    for (const [health, ticks] of [
      ['down', down],
      ['up', up],
    ] as const satisfies readonly (readonly [Health, number])[]) {
      since = now
      for (let tick = 0; tick < ticks; tick += 1) {
        const home = pathHealth(health, since)
        group.evaluate(
          now,
          new Map([
            ['home', home],
            ['other', pathHealth('up', 0)],
          ]),
        )
        now += tickMs
      }
    }
  }
  return moved
}

/** When the preferred path relapsed, as the history itself shows it. */
function relapses(moved: readonly Moved[]): Moved[] {
  return moved.filter((each, index) => {
    if (each.reason !== 'failover') return false
    const last = moved.slice(0, index).findLast((before) => before.reason === 'failback')
    return last !== undefined && each.at - last.at < quietMs
  })
}

describe('failback over any history of the preferred path', () => {
  test('after a relapse there is no second one within the window of the budget (invariant 24)', () => {
    fc.assert(
      fc.property(spells, (list) => {
        const moved = play(list)

        for (const relapse of relapses(moved)) {
          const early = moved.filter(
            (each) =>
              each.reason === 'failback' &&
              each.at > relapse.at &&
              each.at < relapse.at + settings.budget.perMs,
          )
          expect(early).toEqual([])
        }
      }),
    )
  })

  test('every relapse doubles the wait up to the maximum, and only a quiet period resets it (invariant 23)', () => {
    fc.assert(
      fc.property(spells, (list) => {
        const moved = play(list)
        const again = new Set(relapses(moved))
        let waitMs = settings.failback.stableForMs

        for (const each of moved) {
          if (again.has(each)) waitMs = Math.min(settings.failback.maxWaitMs, 2 * waitMs)
          else if (each.reason === 'failover') waitMs = settings.failback.stableForMs
          else expect(each.upForMs).toBeGreaterThanOrEqual(waitMs)
        }
      }),
    )
  })

  test('the histories that are tried do hold relapses and failbacks after them', () => {
    const restless = Array.from({ length: 8 }, () => ({ down: 3, up: 150 }))

    const moved = play(restless)

    expect(relapses(moved).length).toBeGreaterThan(2)
    expect(moved.filter((each) => each.reason === 'failback').length).toBeGreaterThan(2)
  })
})
