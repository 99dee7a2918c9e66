import { describe, expect, it } from 'vitest'
import { CheckSession } from '../../src/app/check-session.ts'
import { WatchedPath } from '../../src/app/watched-path.ts'
import { silentLog } from '../../src/core/log.ts'
import type { RuleDefinition } from '../../src/core/rule.ts'
import type { VantageReport } from '../../src/core/health.ts'
import type { Observation } from '../../src/core/sample.ts'
import { createPathWatch } from '../../src/engine/rules/path-watch.ts'
import { compileRuleSet, type RuleSet } from '../../src/engine/rules/rule-set.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { declare, rule, stalled, timing } from '../engine/rules/rule-fixtures.ts'
import { always, fail, noNet, pass, pathSettings, scriptedProbe } from './scripted-probe.ts'

const measures = [
  declare('playlist_age_seconds'),
  declare('target_duration_seconds'),
  declare('missing_ratio'),
]

function rulesFor(rules: readonly RuleDefinition[]): RuleSet {
  const compiled = compileRuleSet(
    [{ name: 'test', windows: {}, rules }],
    [{ type: 'sim', measures }],
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  return compiled.set
}

interface Seen {
  readonly at: number
  readonly report: VantageReport
}

function watched(
  look: (now: number) => Observation | Promise<Observation>,
  rules: readonly RuleDefinition[] = [],
) {
  const clock = new SimulatedClock()
  const seen: Seen[] = []
  const looks: { at: number; purpose: string }[] = []
  const plugin = scriptedProbe(async (due) => {
    looks.push({ at: clock.now(), purpose: due.purpose })
    await clock.sleep(10)
    return await look(clock.now())
  }, measures)
  const session = new CheckSession({
    clock,
    random: always(0),
    net: noNet,
    log: silentLog,
    plugin,
    settings: pathSettings(),
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    onSample: (sample) => path.apply(sample),
  })
  const watch = createPathWatch({
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    probe: plugin,
    rules: rulesFor(rules),
    timing,
    now: 0,
  })
  const path: WatchedPath = new WatchedPath({
    clock,
    session,
    watch,
    onReport: (report) => seen.push({ at: clock.now(), report }),
  })
  const stop = new AbortController()
  const done = path.run(stop.signal)
  const turned = (health: string) => seen.find(({ report }) => report.health === health)?.at
  return { clock, path, seen, looks, stop, done, turned }
}

/** A live stream with a segment every 2 s until `frozenAt`, as a look at `now` measures it. */
function streaming(frozenAt = Number.POSITIVE_INFINITY) {
  return (now: number) => {
    const newest = Math.floor(Math.min(now, frozenAt) / 2_000) * 2_000
    return pass({ playlist_age_seconds: (now - newest) / 1_000, target_duration_seconds: 2 })
  }
}

describe('a watched path', () => {
  it('is up when every rule has been quiet for its time, by its samples alone', async () => {
    const { clock, turned } = watched(streaming(), [stalled])

    await clock.advance(30_000)

    expect(turned('up')).toBe(15_010)
  })

  it('judges an age at its limit and at the end of its for, to the millisecond, without a sample', async () => {
    const { clock, seen, turned } = watched(streaming(30_500), [stalled])

    await clock.advance(60_000)

    // The newest segment came at 30 s; the limit is 6 s and the rule waits 1 s more.
    const suspected = seen.find(({ report }) => report.suspect)?.at
    expect(suspected).toBe(36_001)
    expect(turned('down')).toBe(37_001)
  })

  it('looks once more just before the limit, and not again until the next look is due', async () => {
    const { clock, looks } = watched(streaming(30_500), [stalled])

    await clock.advance(39_000)

    expect(looks.filter(({ at }) => at >= 35_000)).toEqual([
      { at: 35_000, purpose: 'interval' },
      { at: 35_931, purpose: 'deadline' },
    ])
  })

  it('looks as one who suspects while a down-class rule is pending', async () => {
    const { clock, looks } = watched((now) => (now > 20_500 ? fail() : pass()))

    await clock.advance(30_500)

    expect(looks.slice(-2).map(({ purpose }) => purpose)).toEqual(['interval', 'suspicion'])
  })

  it('becomes unknown by itself when its probe falls silent, at the instant of its limit', async () => {
    const { clock, path, turned } = watched(async (now) => {
      if (now > 30_500) await new Promise<never>(() => {})
      return pass()
    })

    await clock.advance(60_000)

    expect(turned('up')).toBe(15_010)
    expect(path.report).toMatchObject({
      health: 'unknown',
      since: 45_010,
      says: 'nothing seen for 15 s: no sample since',
    })
  })

  it('shows the newest sample, and the newest that measured something', async () => {
    const { clock, path } = watched((now) => (now > 4_000 ? fail() : pass({ missing_ratio: 0 })))

    await clock.advance(6_000)

    expect(path.last).toMatchObject({ at: 5_010, outcome: 'fail' })
    expect(path.lastMeasured).toMatchObject({ at: 10, measurements: { missing_ratio: 0 } })
  })

  it('is unknown while the vantage itself cannot see', async () => {
    const { clock, path, seen } = watched(() => pass())
    await clock.advance(20_000)

    path.self(false, 'none of 2 reference targets answers')
    const blind = path.report
    path.self(true, '2 of 2 reference targets answer')

    expect(blind).toMatchObject({ health: 'unknown', says: 'none of 2 reference targets answers' })
    expect(seen.at(-2)?.report).toEqual(blind)
    expect(path.report.health).toBe('up')
  })

  it('judges by new rules at once, and by their timers, without waiting for a sample', async () => {
    const { clock, path, seen, turned } = watched(streaming(18_500), [])
    await clock.advance(21_000)
    const before = path.report.health

    const tight = rule({ ...stalled, when: 'playlist_age_seconds > 6' })
    path.replaceRules(rulesFor([tight]), { ...timing, clearForMs: 1_000 })
    const atOnce = seen.at(-1)?.at
    await clock.advance(9_000)

    expect(before).toBe('up')
    expect(atOnce).toBe(21_000)
    expect(turned('down')).toBe(26_010)
  })

  it('becomes unknown by a new limit for silence, also where no sample comes any more', async () => {
    const { clock, path } = watched(async (now) => {
      if (now > 15_500) await new Promise<never>(() => {})
      return pass()
    })
    await clock.advance(20_500)

    path.replaceRules(rulesFor([]), { ...timing, staleAfterMs: 8_000 })
    await clock.advance(5_000)

    expect(path.report).toMatchObject({ health: 'unknown', since: 23_010 })
  })

  it('leaves no timer at the end', async () => {
    const { clock, stop, done } = watched(streaming(), [stalled])
    await clock.advance(21_000)

    stop.abort()
    await done

    expect(clock.pending).toBe(0)
  })
})
