import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timersOf } from '../../../src/engine/rules/rule-set.ts'
import type { RuleTimers } from '../../../src/engine/rules/rule-state.ts'
import { RuleState } from '../../../src/engine/rules/rule-state.ts'
import { timing } from './rule-fixtures.ts'

const timers: RuleTimers = {
  forMs: 15_000,
  clearForMs: 20_000,
  ratio: { bad: 6, of: 12 },
  everyMs: 5_000,
}

/** Judges one letter every 5 s: `b` bad, `o` ok, `_` absent. Phases after each, by their letter. */
function phases(looks: string, overrides: Partial<RuleTimers> = {}): string {
  const state = new RuleState({ ...timers, ...overrides })
  const letters = { clear: '.', pending: 'p', active: 'A', clearing: 'c' }
  return looks
    .split('')
    .map((look, index) => {
      if (look !== '_') state.judge(look === 'b', index * 5_000, index)
      return letters[state.phase]
    })
    .join('')
}

/** Leaves the ratio out of a test about contiguous timers. */
const patient = { ratio: { bad: 12, of: 12 } }

describe('the machine of a rule', () => {
  it.each<[string, string, string, Partial<RuleTimers>?]>([
    ['becomes active when bad for as long as its for', 'bbbbb', 'pppAA'],
    ['starts again after one ok', 'bbbobbbb', 'ppp.pppA', patient],
    ['becomes active at once with a for of nothing', 'ob', '.A', { forMs: 0 }],
    ['clears when ok for as long as its clear_for', 'bbbbooooo', 'pppAcccc.'],
    ['is active again by one bad while it clears', 'bbbboobo', 'pppAccAc'],
    ['owes the whole clear_for after that', 'bbbboobooooo', 'pppAccAcccc.'],
    ['waits through one absent look without starting again', 'bb_bb', 'pppAA'],
    ['is not made active by an absent look', 'bbb_', 'pppp'],
    ['starts again after a gap longer than two intervals', 'bbb__bbbb', 'ppppppppA', patient],
    ['starts clear_for again after such a gap', 'bbbboo__ooooo', 'pppAcccccccc.'],
  ])('%s', (_, looks, expected, overrides) => {
    expect(phases(looks, overrides)).toBe(expected)
  })

  it('becomes active by the ratio where no stretch is long enough (invariant 13)', () => {
    // 10 s bad and 10 s good for ever: the sixth bad of the last twelve looks decides.
    expect(phases('bboobboobboo')).toBe('pp..pp..pAcc')
  })

  it('does not clear while the window is bad', () => {
    const clearing = phases('bbbbbbboooooooo', { clearForMs: 0 })

    // Seven of twelve were bad; the window is good once fewer than six are left in it.
    expect(clearing).toBe('pppAAAAcccccc..')
  })

  it('counts several samples of one look once, and bad if one was bad', () => {
    const state = new RuleState({ ...timers, ratio: { bad: 2, of: 4 } })
    for (const at of [0, 1_000, 2_000]) state.judge(at === 1_000, at, 1)

    const afterOneLook = state.phase
    state.judge(true, 5_000, 2)

    expect(afterOneLook).toBe('clear')
    expect(state.phase).toBe('active')
  })

  it('forgets looks of long ago', () => {
    const state = new RuleState(timers)
    for (let look = 0; look < 9; look += 1) state.judge(look % 2 === 0, look * 5_000, look)

    for (let look = 9; look < 13; look += 1)
      state.judge(look % 2 === 1, 3_600_000 + look * 5_000, look)

    expect(state.phase).toBe('clear')
  })

  it('is never made active sooner by leaving out bad judgements', () => {
    const judgement = fc.constantFrom('b', 'o', '_')
    fc.assert(
      fc.property(fc.array(fc.tuple(judgement, fc.boolean()), { maxLength: 80 }), (trace) => {
        const full = phases(trace.map(([letter]) => letter).join(''))
        const thinned = phases(
          trace.map(([letter, drop]) => (drop && letter === 'b' ? '_' : letter)).join(''),
        )

        for (const [index, phase] of thinned.split('').entries()) {
          if (phase === 'A' || phase === 'c') expect(full[index]).toMatch(/[Ac]/u)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the timers of a rule', () => {
  it('come from the profile where the rule names none', () => {
    expect(timersOf({}, timing)).toEqual({
      forMs: 15_000,
      clearForMs: 60_000,
      ratio: { bad: 6, of: 12 },
      everyMs: 5_000,
    })
  })

  it("raise the profile's ratio where it would undercut a longer for", () => {
    expect(timersOf({ forMs: 60_000 }, timing).ratio).toEqual({ bad: 13, of: 26 })
  })

  it('leave a ratio alone that the rule names itself', () => {
    const ratio = { bad: 2, of: 3 }

    expect(timersOf({ forMs: 60_000, ratio }, timing).ratio).toBe(ratio)
  })
})
