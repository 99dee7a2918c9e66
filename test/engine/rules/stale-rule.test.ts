import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Feed, rule, sampleAt, watchOf } from './rule-fixtures.ts'

const down = rule({ name: 'missing', forMs: 0, clearForMs: 10_000, staleAfterMs: 60_000 })
const degraded = rule({ ...down, class: 'degraded', severity: 'warning' })
const bad = { missing_ratio: 0.9 }
const good = { missing_ratio: 0 }

/** Good until 20 s, then bad at 25 s, then nothing that judges the rule: only that the path answers. */
function silenced(definition: typeof down): Feed {
  const feed = new Feed(watchOf([definition]))
  feed.passes(0, 20, good)
  feed.pass(25, bad)
  return feed
}

describe('a rule with stale_after that is active and no longer judged', () => {
  it('of class down leaves the path unknown from that instant on, neither down nor up', () => {
    const feed = silenced(down)

    // Nothing judges it since 30 s; its stale_after is over at 90 s.
    const before = feed.passes(30, 85)
    const wakeAt = feed.watch.nextWake()
    const after = feed.watch.tick(90_000)

    expect(before).toMatchObject({ health: 'down' })
    expect(wakeAt).toBe(90_000)
    expect(after).toMatchObject({
      health: 'unknown',
      active: [],
      says: 'missing was bad, and nothing tells whether it still is',
    })
    expect(feed.passes(90, 300).health).toBe('unknown')
  })

  it('owes its clear_for when evidence comes back', () => {
    const feed = silenced(down)
    feed.passes(30, 120)

    const back = feed.pass(125, good)
    const cleared = feed.passes(130, 140, good)

    expect(back.health).toBe('down')
    expect(cleared.health).toBe('up')
  })

  it('of class degraded counts no more', () => {
    const feed = silenced(degraded)

    expect(feed.passes(30, 85).health).toBe('degraded')
    expect(feed.passes(90, 95)).toMatchObject({ health: 'up', active: [] })
  })

  it('yields to a rule that says down', () => {
    const feed = silenced(down)
    feed.passes(30, 120)

    for (let at = 125; at <= 150; at += 5) feed.fail(at)

    expect(feed.watch.report).toMatchObject({ health: 'down', active: [{ rule: 'unreachable' }] })
  })
})

it('a rule without stale_after counts until it is judged', () => {
  const { staleAfterMs: _, ...lasting } = down
  const feed = silenced(lasting)

  expect(feed.passes(30, 3_000).health).toBe('down')
})

it('what is said depends on samples and their times alone, not on when somebody looked', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 1_000, max: 40_000 }),
    shows: fc.constantFrom('bad', 'good', 'nothing', 'unknown'),
    peeks: fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const often = watchOf([down])
      const seldom = watchOf([down])
      let now = 0
      for (const { afterMs, shows, peeks } of steps) {
        for (const peek of peeks.toSorted((a, b) => a - b)) {
          if (peek < afterMs) often.tick(now + peek)
        }
        now += afterMs
        const measurements = shows === 'bad' ? bad : shows === 'good' ? good : {}
        const sample =
          shows === 'unknown'
            ? sampleAt(now, { outcome: 'unknown', reason: 'blind' })
            : sampleAt(now, { measurements })

        expect(often.apply(sample, now)).toEqual(seldom.apply(sample, now))
      }
    }),
  )
})
