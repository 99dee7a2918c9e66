import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { MeasurementDeclaration, Sample } from '../../src/core/sample.ts'
import { createMetrics } from '../../src/metrics/create-metrics.ts'
import { plugins } from '../../src/plugins.ts'
import { guards, sampleView } from '../api/sample-view.ts'

const wall = Date.UTC(2026, 0, 2)
const clock = { wall: () => wall, sleep: async () => true }

const declarations: readonly MeasurementDeclaration[] = [
  { name: 'playlist_age_seconds', kind: 'age', unit: 'seconds', help: 'Age of the playlist.' },
  { name: 'certificate_days', kind: 'gauge', unit: 'days', help: 'Life of the certificate.' },
  { name: 'continuity_errors', kind: 'counter', unit: 'count', help: 'Packets missing.' },
]

const sample: Sample = {
  path: 'channel-1/cdn/cdn-a',
  probe: 'hls',
  vantage: 'fra',
  at: 0,
  wall,
  outcome: 'pass',
  measurements: {},
  findings: [],
}

const check = 'stream="channel-1",group="cdn",path="cdn-a",probe="hls",vantage="fra"'

function create() {
  return createMetrics({ clock, declarations, version: '1.2.3' })
}

type Metrics = ReturnType<typeof create>

/** The lines with values whose metric has this name. */
async function linesOf(metrics: Metrics, name: string): Promise<readonly string[]> {
  const { body } = await metrics.text()
  const pattern = new RegExp(`^changeover_${name}(\\{|_bucket|_sum|_count| )`, 'u')
  return body.split('\n').filter((line) => pattern.test(line))
}

/** Only the series that are 1. */
async function trueOf(metrics: Metrics, name: string): Promise<readonly string[]> {
  return (await linesOf(metrics, name)).filter((line) => line.endsWith(' 1'))
}

describe('measurements of probes', () => {
  test('each becomes a metric in base units, with the names of its path', async () => {
    const metrics = create()

    metrics.sample({
      ...sample,
      measurements: { playlist_age_seconds: 2.5, certificate_days: 2, continuity_errors: 7 },
    })

    expect(await linesOf(metrics, 'probe_playlist_age_seconds')).toEqual([
      `changeover_probe_playlist_age_seconds{${check}} 2.5`,
    ])
    expect(await linesOf(metrics, 'probe_certificate_seconds')).toEqual([
      `changeover_probe_certificate_seconds{${check}} 172800`,
    ])
    expect(await linesOf(metrics, 'probe_continuity_errors_total')).toEqual([
      `changeover_probe_continuity_errors_total{${check}} 7`,
    ])
  })

  test('a counter follows its source, also when the source begins anew', async () => {
    const metrics = create()

    for (const continuity_errors of [7, 9, 1]) {
      metrics.sample({ ...sample, measurements: { continuity_errors } })
    }

    expect(await linesOf(metrics, 'probe_continuity_errors_total')).toEqual([
      `changeover_probe_continuity_errors_total{${check}} 1`,
    ])
  })

  test.each([
    ['absent', {}],
    ['not a number', { playlist_age_seconds: Number.NaN }],
    ['infinite', { playlist_age_seconds: Number.POSITIVE_INFINITY }],
  ])('one that is %s in the newest sample vanishes', async (_, measurements) => {
    const metrics = create()

    metrics.sample({ ...sample, measurements: { playlist_age_seconds: 2.5 } })
    metrics.sample({ ...sample, measurements })

    expect(await linesOf(metrics, 'probe_playlist_age_seconds')).toEqual([])
  })

  test('one that no probe declares is left out', async () => {
    const metrics = create()

    metrics.sample({ ...sample, measurements: { surprise: 1 } })

    expect((await metrics.text()).body).not.toContain('surprise')
  })

  test('outcomes are counted, and a look that was not possible says neither success nor failure', async () => {
    const metrics = create()

    metrics.sample(sample)
    metrics.sample({ ...sample, outcome: 'fail', reason: 'the playlist is gone' })
    expect(await linesOf(metrics, 'probe_success')).toEqual([
      `changeover_probe_success{${check}} 0`,
    ])
    metrics.sample({ ...sample, outcome: 'unknown', reason: 'no descriptors' })

    expect(await linesOf(metrics, 'probe_success')).toEqual([])
    expect(await linesOf(metrics, 'probe_samples_total')).toEqual([
      `changeover_probe_samples_total{${check},outcome="pass"} 1`,
      `changeover_probe_samples_total{${check},outcome="fail"} 1`,
      `changeover_probe_samples_total{${check},outcome="unknown"} 1`,
    ])
  })

  test('the time of the newest look tells how old the values are', async () => {
    const metrics = create()

    metrics.sample(sample)

    expect(await linesOf(metrics, 'probe_last_sample_timestamp_seconds')).toEqual([
      `changeover_probe_last_sample_timestamp_seconds{${check}} ${wall / 1_000}`,
    ])
  })

  test('a path that is watched no longer takes all of its series along, and no other path', async () => {
    const metrics = create()
    const measurements = { playlist_age_seconds: 1, continuity_errors: 1 }
    metrics.sample({ ...sample, measurements })
    metrics.sample({ ...sample, vantage: 'lhr', measurements })
    metrics.sample({ ...sample, path: 'channel-1/cdn/cdn-b', measurements })

    metrics.forget('channel-1/cdn/cdn-a')

    const { body } = await metrics.text()
    expect(body).not.toContain('cdn-a')
    expect(body.match(/cdn-b/gu)).toHaveLength(5)
  })

  test('two probes may declare the same measurement', () => {
    const twice = [...declarations, ...declarations]

    expect(() => createMetrics({ clock, declarations: twice, version: '1' })).not.toThrow()
  })

  test('two probes that mean different things by one name are refused', () => {
    const other: MeasurementDeclaration = {
      name: 'playlist_age_seconds',
      kind: 'gauge',
      unit: 'seconds',
      help: 'Something else.',
    }

    expect(() =>
      createMetrics({ clock, declarations: [...declarations, other], version: '1' }),
    ).toThrow(
      'two probes declare playlist_age_seconds, one as age in seconds and one as gauge in seconds: give one of them another name',
    )
  })
})

describe('states', () => {
  test('health of a path is 1 for the word that holds and 0 for the others', async () => {
    const metrics = create()
    const view = sampleView(wall)
    const [group] = view.groups
    const [path] = group?.paths ?? []

    metrics.show(view)

    const own = (await linesOf(metrics, 'path_health')).filter(
      (line) =>
        line.includes(`group="${group?.name.split('/')[1]}"`) &&
        line.includes(`stream="${group?.stream}"`) &&
        line.includes(`path="${path?.name}"`),
    )
    expect(own).toHaveLength(5)
    expect(own.filter((line) => line.endsWith(' 1'))).toEqual([
      expect.stringContaining(`health="${path?.health}"`),
    ])
  })

  test('a group has one state, at most one active path, and says whether it leads', async () => {
    const metrics = create()
    const view = sampleView(wall)

    metrics.show(view)

    expect(await trueOf(metrics, 'group_state')).toHaveLength(view.groups.length)
    expect(await trueOf(metrics, 'group_active')).toHaveLength(
      view.groups.filter(({ active }) => active !== undefined).length,
    )
    expect(await linesOf(metrics, 'group_leader')).toHaveLength(view.groups.length)
  })

  test('what is no longer configured vanishes', async () => {
    const metrics = create()
    const view = sampleView(wall)
    const [first, ...others] = view.groups
    metrics.show(view)

    metrics.show({ ...view, groups: others })

    expect((await metrics.text()).body).not.toContain(`stream="${first?.stream}"`)
  })

  test('a guard that keeps a group on a bad path is named, and is gone when it lets go', async () => {
    const metrics = create()
    const view = sampleView(wall)
    const [group] = view.groups
    if (group === undefined) throw new Error('the sample view has no group')
    const { whyNot: _, ...free } = group

    metrics.show({
      ...view,
      groups: [{ ...free, whyNot: { guard: 'budget', says: '3 of 3 changes used' } }],
    })
    const blocked = await linesOf(metrics, 'group_blocked')
    metrics.show({ ...view, groups: [free] })

    expect(blocked).toEqual([expect.stringMatching(/guard="budget"\} 1$/u)])
    expect(await linesOf(metrics, 'group_blocked')).toEqual([])
  })

  test('incidents, mode, store and vantage are there also when all is well', async () => {
    const metrics = create()
    const view = { ...sampleView(wall), incidents: [], mode: 'armed' as const }

    metrics.show({ ...view, store: { ok: false, says: 'the disk is full' } })

    expect(await linesOf(metrics, 'incidents')).toHaveLength(4)
    expect(await trueOf(metrics, 'mode')).toEqual(['changeover_mode{mode="armed"} 1'])
    expect(await linesOf(metrics, 'store_ok')).toEqual(['changeover_store_ok 0'])
    expect(await linesOf(metrics, 'vantage_ok')).toHaveLength(1)
  })
})

describe('events', () => {
  test('a change counts as a decision with its reason, and by what came of it', async () => {
    const metrics = create()
    const group = 'channel-1/cdn'

    metrics.journal({ kind: 'intent', group, says: 'to b', data: { reason: 'failover' } })
    metrics.journal({ kind: 'step', says: 'done', data: { type: 'haproxy', result: 'applied' } })
    metrics.journal({ kind: 'applied', group, says: 'moved', data: { intent: '1' } })
    metrics.journal({ kind: 'verified', group, says: 'viewers are fine', data: { intent: '1' } })

    expect(await linesOf(metrics, 'decisions_total')).toEqual([
      'changeover_decisions_total{result="change",reason="failover"} 1',
    ])
    expect(await linesOf(metrics, 'actuator_steps_total')).toEqual([
      'changeover_actuator_steps_total{type="haproxy",result="applied"} 1',
    ])
    expect(await linesOf(metrics, 'changes_total')).toEqual([
      'changeover_changes_total{result="applied",reason="failover"} 1',
      'changeover_changes_total{result="verified",reason="failover"} 1',
    ])
  })

  test('a decision to do nothing counts with the guard that vetoes', async () => {
    const metrics = create()
    const data = { guards: guards({ budget: 'used up', 'blast-radius': 'used up' }) }

    metrics.journal({ kind: 'decision', says: 'stays: the budget is used up', data })

    expect(await linesOf(metrics, 'decisions_total')).toEqual([
      'changeover_decisions_total{result="nothing",reason="budget"} 1',
    ])
  })

  test.each([
    [{ reason: 'http://user:secret@host/' }],
    [{ reason: 'a whole sentence' }],
    [{ reason: 7 }],
    [{}],
  ])('%j never becomes a label', async (data) => {
    const metrics = create()

    metrics.journal({ kind: 'intent', says: 'moves', data })

    expect(await linesOf(metrics, 'decisions_total')).toEqual([
      'changeover_decisions_total{result="change",reason="other"} 1',
    ])
  })

  test('attempts to tell people are counted by route and result', async () => {
    const metrics = create()

    metrics.notification('pagerduty', { ok: true })
    metrics.notification('pagerduty', { ok: false, retry: true, says: 'busy' })
    metrics.notification('pagerduty', { ok: false, retry: false, says: 'no such key' })

    expect(await linesOf(metrics, 'notifications_total')).toEqual([
      'changeover_notifications_total{route="pagerduty",result="delivered"} 1',
      'changeover_notifications_total{route="pagerduty",result="retry"} 1',
      'changeover_notifications_total{route="pagerduty",result="failed"} 1',
    ])
  })

  test('durations and lags are in seconds', async () => {
    const metrics = create()

    metrics.phase('apply', 250)
    metrics.lag(2)
    metrics.loopLag({ p50Ms: 1, p99Ms: 20, maxMs: 300 })
    metrics.tick()

    const { body } = await metrics.text()
    expect(body).toContain('changeover_change_duration_seconds_sum{phase="apply"} 0.25')
    expect(body).toContain('changeover_scheduler_lag_seconds_sum 0.002')
    expect(body).toContain('changeover_event_loop_lag_seconds{stat="max"} 0.3')
    expect(body).toContain(`changeover_last_tick_timestamp_seconds ${wall / 1_000}`)
    expect(body).toContain('changeover_build_info{version="1.2.3"} 1')
  })
})

describe('the text', () => {
  test('two sets of metrics share nothing', async () => {
    const one = create()
    const other = create()

    one.sample({ ...sample, measurements: { playlist_age_seconds: 1 } })

    expect(await linesOf(other, 'probe_playlist_age_seconds')).toEqual([])
    expect((await other.text()).contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('the event loop gets a turn between metrics', async () => {
    let turns = 0
    const sleep = async () => {
      turns += 1
      return true
    }
    const metrics = createMetrics({ clock: { ...clock, sleep }, declarations, version: '1' })

    await metrics.text()

    expect(turns).toBeGreaterThan(20)
  })

  test('promtool finds nothing to improve, with every measurement that the probes declare', async ({
    skip,
  }) => {
    const hasPromtool = spawnSync('promtool', ['--version']).status === 0
    skip(!hasPromtool, 'promtool is not installed (Debian package prometheus)')
    const all = plugins.probes.flatMap(({ measures }) => measures)
    const metrics = createMetrics({ clock, declarations: all, version: '1' })
    for (const { type, measures } of plugins.probes) {
      const measurements = Object.fromEntries(measures.map(({ name }) => [name, 1]))
      metrics.sample({ ...sample, probe: type, measurements })
    }
    metrics.show(sampleView(wall))
    metrics.journal({ kind: 'intent', says: 'failover', data: { reason: 'failover' } })
    metrics.journal({ kind: 'applied', says: 'moved' })
    metrics.journal({ kind: 'step', says: 'done', data: { type: 'haproxy', result: 'applied' } })
    metrics.notification('pagerduty', { ok: true })
    metrics.phase('verify', 5_000)
    metrics.lag(1)
    metrics.loopLag({ p50Ms: 1, p99Ms: 2, maxMs: 3 })
    metrics.tick()

    const { body } = await metrics.text()
    const found = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })

    // Bitrates are in bits per second, as everybody who works with streams says them.
    const complaints = `${found.stdout}${found.stderr}`
      .split('\n')
      .filter((line) => !/^$|_bits_per_second /u.test(line))
    expect(complaints).toEqual([])
  })
})

describe('drills of a group', () => {
  test('show when the last one passed and the next one comes, and what the last one measured', async () => {
    const metrics = create()
    const view = sampleView(wall)
    const [group] = view.groups
    if (group === undefined) throw new Error('the sample has no group')
    const last = {
      id: 'd-2',
      plan: 'weekly',
      group: group.name,
      kind: 'switch',
      outcome: 'FAILED',
      says: '',
      actor: 'schedule',
      startedAt: wall - 60_000,
      endedAt: wall,
      times: { apply: 1_500 },
    } as const
    const passedAt = wall - 86_400_000
    const next = { plan: 'weekly', at: wall + 3_600_000, timeZone: 'UTC' }
    const shown = { ...group, drill: { last, next, passedAt, recent: [last] } }

    metrics.show({ ...view, groups: [shown] })
    const passed = await linesOf(metrics, 'drill_last_passed_timestamp_seconds')
    const coming = await linesOf(metrics, 'drill_next_timestamp_seconds')
    const measured = await linesOf(metrics, 'drill_last_seconds')
    metrics.show({ ...view, groups: [{ ...group, drill: { last, recent: [last] } }] })

    expect(passed).toEqual([expect.stringMatching(new RegExp(` ${passedAt / 1_000}$`, 'u'))])
    expect(coming).toEqual([expect.stringMatching(new RegExp(` ${next.at / 1_000}$`, 'u'))])
    expect(measured).toEqual([expect.stringMatching(/phase="apply"\} 1\.5$/u)])
    expect(await linesOf(metrics, 'drill_last_passed_timestamp_seconds')).toEqual([])
  })
})
