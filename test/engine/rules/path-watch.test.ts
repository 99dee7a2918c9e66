import * as fc from 'fast-check'
import { isBadNow } from '../../../src/engine/quorum.ts'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../../../src/core/sample.ts'
import { Feed, rule, rulesOf, sampleAt, stalled, timing, watchOf } from './rule-fixtures.ts'

const fresh = { playlist_age_seconds: 1, target_duration_seconds: 2 }

describe('health is earned', () => {
  it('is unknown before the first sample', () => {
    const { report } = watchOf([])

    expect(report).toMatchObject({ health: 'unknown', says: 'not looked at yet', since: 0 })
  })

  it('is unknown until the built-in rule was ok for its for, then up', () => {
    const feed = new Feed(watchOf([]))

    const before = feed.passes(0, 10)
    const after = feed.pass(15)

    expect(before).toMatchObject({
      health: 'unknown',
      says: 'not judged yet: unreachable ok for 10 s of 15 s',
    })
    expect(after).toMatchObject({ health: 'up', since: 15_000, says: 'ok by 1 rule' })
  })

  it('becomes down, not unknown for ever, where the path is down from the start', () => {
    const feed = new Feed(watchOf([]))

    for (const at of [0, 5, 10]) feed.fail(at)
    const report = feed.fail(15, 'connection refused by 127.0.0.1:80')

    expect(report).toMatchObject({ health: 'down', says: 'connection refused by 127.0.0.1:80' })
    expect(report.active[0]).toMatchObject({ rule: 'unreachable', since: 0 })
  })

  it('waits for a change to be seen before an age counts as ok, for a frozen path looks fresh at boot', () => {
    const feed = new Feed(watchOf([stalled]))
    for (let at = 0; at <= 15; at += 5) {
      feed.pass(at, { playlist_age_seconds: at, target_duration_seconds: 10 })
    }

    expect(feed.watch.report).toMatchObject({
      health: 'unknown',
      says: 'not judged yet: playlist-stalled waits for a change to be seen',
    })
    expect(feed.pass(20, { playlist_age_seconds: 1, target_duration_seconds: 10 }).health).toBe(
      'up',
    )
  })

  it('does not wait for a rule whose measurements are absent and that was never bad', () => {
    const feed = new Feed(watchOf([stalled]))

    expect(feed.passes(0, 15).health).toBe('up')
  })

  it('does not apply rules whose measurements the probe does not declare', () => {
    const feed = new Feed(watchOf([rule({ name: 'other', probes: ['srt'] })]))

    expect(feed.passes(0, 15, { missing_ratio: 1 })).toMatchObject({ health: 'up', pending: [] })
  })

  it('owes the for of a rule that was bad in the beginning', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing', forMs: 10_000 })]))
    feed.pass(0, { missing_ratio: 1 })
    feed.pass(5, { missing_ratio: 0 })

    expect(feed.pass(10, { missing_ratio: 0 }).health).toBe('unknown')
    expect(feed.pass(15, { missing_ratio: 0 }).health).toBe('up')
  })
})

describe('what viewers have of a path', () => {
  const look = (at: number, age: number, mediaSequence: number) =>
    sampleAt(at * 1_000, {
      measurements: { playlist_age_seconds: age, target_duration_seconds: 2 },
      continuity: { mediaSequence, keys: ['a'] },
    })

  it('is kept as it was while the path was well', () => {
    const { watch } = new Feed(watchOf([stalled]))
    for (const at of [0, 5, 10, 15]) watch.apply(look(at, 1, at), at * 1_000)
    const before = watch.report.continuity

    watch.apply(look(20, 30, 99), 20_000)
    const pending = watch.report
    watch.apply(look(25, 35, 99), 25_000)
    const down = watch.report

    expect(before).toEqual({ at: 15_000, mediaSequence: 15, keys: ['a'] })
    expect(pending).toMatchObject({ suspect: true, continuity: before })
    expect(down).toMatchObject({ health: 'down', continuity: before })
  })

  it('is not known of a path that was never seen well', () => {
    const { watch } = new Feed(watchOf([stalled]))
    for (const at of [0, 5, 10]) watch.apply(look(at, 30 + at, 99), at * 1_000)

    expect(watch.report.continuity).toBeUndefined()
  })
})

describe('health that is earned', () => {
  it('owes the for of a rule that was bad and cannot be judged since', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing', forMs: 30_000 })]))
    feed.pass(0, { missing_ratio: 1 })
    feed.pass(5, { missing_ratio: 0 })

    expect(feed.passes(10, 25).health).toBe('unknown')
    expect(feed.pass(30).health).toBe('up')
  })
})

describe('health at a vantage', () => {
  it('is degraded by a degraded-class rule and down by a down-class one, which stands first', () => {
    const feed = new Feed(
      watchOf([
        rule({
          name: 'low',
          class: 'degraded',
          severity: 'warning',
          when: 'bitrate_bits_per_second < 1e6',
        }),
        rule({ name: 'missing' }),
      ]),
    )
    feed.passes(0, 20, { missing_ratio: 0, bitrate_bits_per_second: 2e6 })

    const low = feed.passes(25, 40, { missing_ratio: 0, bitrate_bits_per_second: 1e5 })
    const missing = feed.passes(45, 60, { missing_ratio: 1, bitrate_bits_per_second: 1e5 })

    expect(low).toMatchObject({ health: 'degraded', suspect: false })
    expect(missing.health).toBe('down')
    expect(missing.active.map((verdict) => verdict.rule)).toEqual(['missing', 'low'])
  })

  it('marks a path suspect while a down-class rule is pending', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)

    const report = feed.fail(25)

    expect(report).toMatchObject({ health: 'up', suspect: true })
    expect(report.pending[0]).toMatchObject({ rule: 'unreachable', diagnosis: 'unreachable' })
  })

  it('takes diagnosis and sentence of the built-in rule from the sample', () => {
    const feed = new Feed(watchOf([], { forMs: 0 }))

    const report = feed.fail(0, 'answer 404 for main.m3u8', { diagnosis: 'not-found' })

    expect(report.active[0]).toMatchObject({
      rule: 'unreachable',
      diagnosis: 'not-found',
      says: 'answer 404 for main.m3u8',
    })
  })

  it('becomes unknown when the newest real sample is stale, exactly then', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)

    expect(feed.watch.nextWake()).toBe(35_000)
    expect(feed.watch.tick(34_999).health).toBe('up')
    expect(feed.watch.tick(36_000)).toMatchObject({
      health: 'unknown',
      since: 35_000,
      says: 'nothing seen for 15 s: no sample since',
    })
    expect(feed.watch.nextWake()).toBeUndefined()
  })

  it('becomes unknown while the probe cannot look, and says why', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)
    for (const at of [25, 30, 35]) feed.blind(at, 'no descriptor left')

    expect(feed.watch.report).toMatchObject({
      health: 'unknown',
      seenAt: 20_000,
      says: 'nothing seen for 15 s: no descriptor left',
    })
  })

  it('keeps rule states through an unknown period: a path that was down owes its clear_for', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 15)
    for (const at of [20, 25, 30, 35]) feed.fail(at)
    feed.watch.tick(100_000)

    expect(feed.pass(105)).toMatchObject({ health: 'down' })
    expect(feed.passes(110, 160).health).toBe('down')
    expect(feed.pass(165).health).toBe('up')
  })

  it('drops samples that come late or out of order', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)

    feed.watch.apply(sampleAt(10_000, { outcome: 'fail', reason: 'late' }), 21_000)
    const report = feed.watch.apply(sampleAt(21_000, { outcome: 'fail', reason: 'old' }), 40_000)

    expect(report.pending).toEqual([])
  })
})

describe('a rule with a condition of its own for clearing', () => {
  const low = rule({
    name: 'low',
    when: 'bitrate_bits_per_second < 5e5',
    clearWhen: 'bitrate_bits_per_second > 8e5',
    forMs: 0,
    clearForMs: 10_000,
  })

  it('stays active between the two, and starts its clear_for again', () => {
    const feed = new Feed(watchOf([low]))
    feed.passes(0, 15, { bitrate_bits_per_second: 1e6 })
    feed.pass(20, { bitrate_bits_per_second: 1e5 })
    feed.pass(25, { bitrate_bits_per_second: 9e5 })

    const between = feed.pass(30, { bitrate_bits_per_second: 6e5 })
    const again = feed.passes(35, 40, { bitrate_bits_per_second: 9e5 })
    const clear = feed.pass(45, { bitrate_bits_per_second: 9e5 })

    expect(between.active[0]?.isClearing).toBe(false)
    expect(again.health).toBe('down')
    expect(clear.health).toBe('up')
  })

  it('does not become active between the two', () => {
    const feed = new Feed(watchOf([low]))

    expect(feed.passes(0, 60, { bitrate_bits_per_second: 6e5 }).health).toBe('up')
  })
})

describe('looks pulled forward', () => {
  it('do not make the ratio faster than the cadence', () => {
    const feed = new Feed(watchOf([], { ratio: { bad: 3, of: 6 }, forMs: 10_000 }))
    feed.passes(0, 20)

    for (const at of [25, 26, 27, 28, 29]) feed.fail(at)

    expect(feed.watch.report).toMatchObject({ health: 'up', suspect: true })
    expect(feed.fail(35).health).toBe('down')
  })
})

describe('the check of the vantage itself', () => {
  it('makes everything unknown while it fails, and its samples count for nothing', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)

    const blind = feed.watch.self(false, 'no reference target answers', 22_000)
    for (const at of [25, 30, 35, 40]) feed.fail(at)
    const after = feed.watch.self(true, 'ok', 41_000)

    expect(blind).toMatchObject({ health: 'unknown', says: 'no reference target answers' })
    expect(after).toMatchObject({ health: 'unknown', pending: [], active: [] })
    expect(feed.pass(45).health).toBe('up')
  })

  it('stops ages from being judged by time alone', () => {
    const feed = new Feed(watchOf([stalled]))
    feed.passes(0, 20, fresh)

    feed.watch.self(false, 'blind', 21_000)

    expect(feed.watch.nextAgeLimit()).toBeUndefined()
    expect(feed.watch.tick(30_000).active).toEqual([])
  })
})

describe('ages', () => {
  it('pass their limit and become active by themselves, to the millisecond', () => {
    const feed = new Feed(watchOf([stalled]))
    feed.passes(0, 20, fresh)

    const limit = feed.watch.nextAgeLimit()
    const pending = feed.watch.tick(feed.watch.nextWake() ?? 0)
    const due = feed.watch.nextWake()
    const before = feed.watch.tick((due ?? 0) - 1)
    const active = feed.watch.tick(due ?? 0)

    // The age was 1 s at 20 s and the limit is 6 s: from the first millisecond beyond it is bad.
    expect(limit).toBe(25_001)
    expect(pending).toMatchObject({ health: 'up', suspect: true })
    expect(pending.pending[0]).toMatchObject({ since: 25_001 })
    expect(due).toBe(26_001)
    expect(before.health).toBe('up')
    expect(active).toMatchObject({
      health: 'down',
      since: 26_001,
      says: 'no new segment for 7.0s',
    })
  })

  it('give the same report however rarely time is let pass', () => {
    const often = new Feed(watchOf([stalled]))
    const seldom = new Feed(watchOf([stalled]))
    for (const feed of [often, seldom]) feed.passes(0, 20, fresh)

    for (let now = 20_000; now <= 30_000; now += 100) often.watch.tick(now)
    seldom.watch.tick(30_000)

    expect(seldom.watch.report).toEqual(often.watch.report)
  })

  it('are reset by a fresh look before the limit', () => {
    const feed = new Feed(watchOf([stalled]))
    feed.passes(0, 20, fresh)

    feed.pass(24.5, { ...fresh, playlist_age_seconds: 0.5 })

    expect(feed.watch.nextAgeLimit()).toBe(30_001)
    expect(feed.watch.tick(26_001).pending).toEqual([])
  })

  it.each([
    ['failed', (feed: Feed) => feed.fail(24)],
    ['could not look', (feed: Feed) => feed.blind(24)],
    ['carries no age', (feed: Feed) => feed.pass(24, {})],
  ])('are not judged by time after a sample that %s', (_, look) => {
    const feed = new Feed(watchOf([stalled]))
    feed.passes(0, 20, fresh)

    look(feed)

    expect(feed.watch.nextAgeLimit()).toBeUndefined()
    expect(feed.watch.tick(34_000).active).toEqual([])
  })

  it('are not judged by time on a stale sample', () => {
    const feed = new Feed(watchOf([stalled], { staleAfterMs: 5_000 }))
    feed.passes(0, 20, fresh)

    const report = feed.watch.tick(60_000)

    expect(report).toMatchObject({ health: 'unknown', since: 25_000, pending: [] })
  })

  it('count as bad without interruption until a look finds nothing', () => {
    const feed = new Feed(watchOf([{ ...stalled, forMs: 12_000 }], { staleAfterMs: 60_000 }))
    feed.passes(0, 20, fresh)
    feed.blind(34)

    const report = feed.pass(38, { ...fresh, playlist_age_seconds: 19 })

    expect(report.active[0]).toMatchObject({ rule: 'playlist-stalled', since: 25_001 })
  })

  it('never clear a rule by time alone', () => {
    const feed = new Feed(watchOf([{ ...stalled, clearForMs: 5_000 }]))
    feed.passes(0, 20, fresh)
    feed.pass(25, { ...fresh, playlist_age_seconds: 20 })
    feed.pass(30, { ...fresh, playlist_age_seconds: 25 })
    feed.pass(35, fresh)

    expect(feed.watch.tick(39_900).health).toBe('down')
    expect(feed.pass(40, fresh).health).toBe('up')
  })

  it('wake nobody for a limit that another term of the rule forbids', () => {
    const feed = new Feed(
      watchOf([rule({ name: 'both', when: 'playlist_age_seconds > 4 && missing_ratio > 0.5' })]),
    )

    feed.pass(0, { ...fresh, missing_ratio: 0 })

    expect(feed.watch.nextAgeLimit()).toBeUndefined()
    expect(feed.watch.tick(10_000).pending).toEqual([])
  })
})

describe('a reload', () => {
  it('keeps states and windows of rules that did not change', () => {
    const rules = [
      rule({ name: 'low', when: 'mean(bitrate_bits_per_second, slow) < 1e6' }),
      stalled,
    ]
    const feed = new Feed(watchOf(rules))
    feed.passes(0, 30, { ...fresh, bitrate_bits_per_second: 1e5 })

    const before = feed.watch.report
    const after = feed.watch.replaceRules(rulesOf([...rules].reverse()), timing, 31_000)
    const later = feed.pass(35, { ...fresh, bitrate_bits_per_second: 1.2e6 })

    expect(after).toEqual(before)
    expect(later.active[0]).toMatchObject({ rule: 'low', isClearing: false })
  })

  it('causes no event by itself: an altered active rule stays active and owes its clear_for', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing', clearForMs: 10_000 })]))
    feed.passes(0, 15, { missing_ratio: 0 })
    feed.passes(20, 40, { missing_ratio: 0.6 })
    const altered = rule({ name: 'missing', when: 'missing_ratio > 0.9', clearForMs: 10_000 })

    expect(feed.watch.replaceRules(rulesOf([altered]), timing, 41_000).health).toBe('down')
    expect(feed.pass(45, { missing_ratio: 0.6 }).health).toBe('down')
    expect(feed.passes(50, 55, { missing_ratio: 0.6 }).health).toBe('up')
  })

  it('does not make a path that recovers look bad now: nobody leaves it for that', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing' })]))
    feed.passes(0, 15, { missing_ratio: 0 })
    feed.passes(20, 40, { missing_ratio: 0.6 })
    feed.passes(45, 60, { missing_ratio: 0 })
    const retimed = { ...timing, forMs: 2 * timing.forMs }

    const report = feed.watch.replaceRules(rulesOf([rule({ name: 'missing' })]), retimed, 61_000)

    expect(report.health).toBe('down')
    expect(isBadNow(report)).toBe(false)
  })

  it.each([
    ['a limit that is stricter', { when: 'missing_ratio > 0.1' }],
    [
      'a condition for clearing that is stricter',
      { when: 'missing_ratio > 0.5', clearWhen: 'missing_ratio < 0.1' },
    ],
  ])('lets a path recover for a full for under %s, before it is bad again', (_, stricter) => {
    const feed = new Feed(watchOf([rule({ name: 'missing', when: 'missing_ratio > 0.5' })]))
    feed.passes(0, 15, { missing_ratio: 0 })
    feed.passes(20, 40, { missing_ratio: 0.6 })
    feed.passes(45, 60, { missing_ratio: 0.2 })
    feed.watch.replaceRules(rulesOf([rule({ name: 'missing', ...stricter })]), timing, 61_000)

    const early = feed.passes(65, 75, { missing_ratio: 0.2 })
    const late = feed.pass(80, { missing_ratio: 0.2 })

    expect([early.health, isBadNow(early)]).toEqual(['down', false])
    expect([late.health, isBadNow(late)]).toEqual(['down', true])
  })

  it('forgets how long it was bad under the stricter rule once it is good again', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing', when: 'missing_ratio > 0.5' })]))
    feed.passes(0, 15, { missing_ratio: 0 })
    feed.passes(20, 40, { missing_ratio: 0.6 })
    feed.passes(45, 60, { missing_ratio: 0.2 })
    const stricter = rule({ name: 'missing', when: 'missing_ratio > 0.1' })
    feed.watch.replaceRules(rulesOf([stricter]), timing, 61_000)

    feed.passes(65, 75, { missing_ratio: 0.2 })
    feed.pass(80, { missing_ratio: 0 })
    const again = feed.passes(85, 90, { missing_ratio: 0.2 })

    expect(isBadNow(again)).toBe(false)
  })

  it('gives an altered rule a full for before it can become active', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing', when: 'missing_ratio > 0.9' })]))
    feed.passes(0, 40, { missing_ratio: 0.6 })
    feed.watch.replaceRules(rulesOf([rule({ name: 'missing' })]), timing, 41_000)

    expect(feed.passes(45, 55, { missing_ratio: 0.6 })).toMatchObject({
      health: 'up',
      suspect: true,
    })
    expect(feed.pass(60, { missing_ratio: 0.6 }).health).toBe('down')
  })

  it('forgets what an altered rule had counted', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing' })]))
    feed.passes(0, 30, { missing_ratio: 0 })
    feed.passes(35, 45, { missing_ratio: 1 })
    const altered = rule({ name: 'missing', when: 'missing_ratio > 0.9' })
    feed.watch.replaceRules(rulesOf([altered]), timing, 46_000)

    expect(feed.passes(50, 60, { missing_ratio: 1 }).health).toBe('up')
    expect(feed.pass(65, { missing_ratio: 1 }).health).toBe('down')
  })

  it('leaves a path up to which a rule is added', () => {
    const feed = new Feed(watchOf([]))
    feed.passes(0, 20)

    const report = feed.watch.replaceRules(rulesOf([rule({ name: 'missing' })]), timing, 21_000)

    expect(report.health).toBe('up')
  })

  it('makes a path unknown, not up, when the rule that held it down is gone', () => {
    const feed = new Feed(watchOf([rule({ name: 'missing' })]))
    feed.passes(0, 40, { missing_ratio: 1 })

    expect(feed.watch.replaceRules(rulesOf([]), timing, 41_000).health).toBe('unknown')
    expect(feed.passes(45, 55).health).toBe('unknown')
    expect(feed.pass(60).health).toBe('up')
  })
})

describe('no data is not failure (invariant 2)', () => {
  const kinds = fc.constantFrom('ok', 'old', 'missing', 'fail', 'blind')
  const look = fc.record({ kind: kinds, gap: fc.constantFrom(500, 1_000, 5_000, 11_000) })
  const rules = [stalled, rule({ name: 'missing', forMs: 7_000 })]

  /** `absent`: what would be bad in the sample was not seen; what was ok stays. */
  function toSample(kind: string, at: number, absent = false): Sample {
    if (kind === 'blind' || (kind === 'fail' && absent)) {
      return sampleAt(at, { outcome: 'unknown', reason: 'blind' })
    }
    if (kind === 'fail') return sampleAt(at, { outcome: 'fail', reason: 'refused' })
    const age = kind === 'old' ? 9 : 1
    const measurements = {
      target_duration_seconds: 2,
      ...(!(absent && kind === 'old') && { playlist_age_seconds: age }),
      ...(!(absent && kind === 'missing') && { missing_ratio: kind === 'missing' ? 1 : 0 }),
    }
    return sampleAt(at, { measurements })
  }

  /** Whether the path is down at an instant, with every timer run at its time. */
  function downAt(samples: readonly Sample[], until: number): (now: number) => boolean {
    const watch = watchOf(rules)
    const marks: { at: number; down: boolean }[] = []
    const note = (at: number) => marks.push({ at, down: watch.report.health === 'down' })
    const runTimers = (before: number) => {
      for (let wake = watch.nextWake(); wake !== undefined && wake < before;) {
        watch.tick(wake)
        note(wake)
        wake = watch.nextWake()
      }
    }
    for (const sample of samples) {
      runTimers(sample.at)
      watch.apply(sample, sample.at)
      note(sample.at)
    }
    runTimers(until)
    return (now) => marks.findLast((mark) => mark.at <= now)?.down === true
  }

  it('replacing any set of bad samples by absent never makes a path down when it was not', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(look, fc.boolean()), { maxLength: 60 }), (looks) => {
        let at = 0
        const timed = looks.map(([{ kind, gap }, drop]) => ({ kind, drop, at: (at += gap) }))
        const until = at + 60_000
        const original = downAt(
          timed.map((each) => toSample(each.kind, each.at)),
          until,
        )
        const replaced = downAt(
          timed.map((each) => toSample(each.kind, each.at, each.drop)),
          until,
        )

        for (let now = 0; now <= until; now += 250) {
          if (replaced(now)) expect(original(now), `down at ${now}`).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('samples that are all absent never make a path down', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 50 }), (gaps) => {
        const watch = watchOf(rules)
        let at = 0
        for (const gap of gaps) {
          at += gap
          watch.apply(toSample('blind', at), at)
          expect(watch.report.health).toBe('unknown')
        }
      }),
    )
  })
})
