/**
 * How fast the pure engine is, on one core: rule evaluations per second from sample to verdict with
 * ten of the shipped rules (the goal is 1,000,000), and updates of a path per second through quorum
 * of three vantages and the decision of its group (the goal is 100,000). Rates are per second of CPU
 * time of this process. Flags: --runs 7 --run-seconds 1 --paths 200.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import hls from '../../probes/hls.ts'
import { loadRuleFile } from '../../src/config/rule-file.ts'
import type { PathHealth, VantageHealth, VantageReport } from '../../src/core/health.ts'
import type { Measurements, Sample } from '../../src/core/sample.ts'
import type { SharingSettings } from '../../src/core/settings.ts'
import { decide } from '../../src/engine/group/decide.ts'
import { initialAllocation } from '../../src/engine/group/initial-allocation.ts'
import { emptyRow } from '../../src/engine/group/memory.ts'
import { quorumHealth } from '../../src/engine/quorum.ts'
import { createPathWatch } from '../../src/engine/rules/path-watch.ts'
import { compileRuleSet } from '../../src/engine/rules/rule-set.ts'
import { groupSettings } from '../fakes/group-settings.ts'
import { takeTurns, type Contender } from './apparatus/paced.ts'
import { flags, median, printEnvironment, printTable, whole } from './apparatus/report.ts'

const {
  runs,
  'run-seconds': runSeconds,
  paths,
} = flags({
  runs: 7,
  'run-seconds': 1,
  paths: 200,
})
const everyMs = 3_000
const ruleCount = 10
/** Rounds over all paths in one piece of work. */
const rounds = 10

const sharing: SharingSettings = {
  weights: { 'cdn-a': 80, 'cdn-b': 20 },
  maxWeights: { 'cdn-a': 100, 'cdn-b': 60 },
  minServing: 1,
  velocity: { points: 50, perMs: 60_000 },
  panic: { fraction: 0.5, answer: 'hold' },
  ramp: { steps: [10, 50, 100], everyMs: 60_000, gate: 'slow-delivery' },
}

printEnvironment()
const contenders: readonly (Contender & { readonly goal: string })[] = [
  { name: 'rules: every path healthy', goal: '1,000,000', work: samples(() => false) },
  { name: 'rules: one path in four bad', goal: '1,000,000', work: samples((at) => at % 4 === 0) },
  { name: 'quorum and decide: all up', goal: '100,000', work: updates(() => 'up') },
  {
    name: 'quorum and decide: active path down, advised',
    goal: '100,000',
    work: updates((path) => (path === 0 ? 'down' : 'up')),
  },
  {
    name: 'quorum and decide, by weights: all up',
    goal: '100,000',
    work: updates(() => 'up', sharing),
  },
  {
    name: 'quorum and decide, by weights: a path down, advised',
    goal: '100,000',
    work: updates((path) => (path === 0 ? 'down' : 'up'), sharing),
  },
]
const rates = takeTurns(contenders, runs, runSeconds)
printTable(
  [`per CPU second, ${runs} runs`, 'median', 'lowest', 'highest', 'goal'],
  contenders.map(({ name, goal }) => {
    const values = rates.get(name) ?? []
    const cells = [median(values), Math.min(...values), Math.max(...values)]
    return [name, ...cells.map(whole), goal]
  }),
)

/** Samples of many paths in turn, each to its verdicts; the units are rules judged. */
function samples(isBad: (path: number) => boolean): () => number {
  const rules = tenRules()
  let now = 0
  const watches = Array.from({ length: paths }, (_, index) => {
    const path = `channel-${index}/cdn/cdn-a`
    const timing = {
      everyMs,
      forMs: 15_000,
      ratio: { bad: 6, of: 12 },
      clearForMs: 60_000,
      staleAfterMs: 15_000,
    }
    return {
      path,
      measured: Array.from({ length: 16 }, (_, look) => measurements(look, isBad(index))),
      watch: createPathWatch({ path, vantage: 'local', probe: hls, rules, timing, now }),
    }
  })
  let verdicts = 0
  let look = 0
  return () => {
    for (let round = 0; round < rounds; round += 1, look += 1) {
      for (const { path, watch, measured } of watches) {
        now += everyMs / paths
        const sample: Sample = {
          path,
          probe: 'hls',
          vantage: 'local',
          at: now,
          wall: now,
          outcome: 'pass',
          measurements: measured[look % measured.length] ?? {},
          findings: [],
        }
        verdicts += watch.apply(sample, now).active.length
      }
    }
    if (!Number.isFinite(verdicts)) throw new Error('unreachable')
    return rounds * paths * ruleCount
  }
}

function tenRules() {
  const file = join(import.meta.dirname, '../../rules/hls.yaml')
  const loaded = loadRuleFile({ text: readFileSync(file, 'utf8'), fileName: file, probes: [hls] })
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  const pack = { ...loaded.pack, rules: loaded.pack.rules.slice(0, ruleCount) }
  const compiled = compileRuleSet([pack], [hls])
  if (!compiled.ok || compiled.set.rules.length !== ruleCount) throw new Error('not ten rules')
  return compiled.set
}

/** Everything that a look measures where every second one fetches a segment. */
function measurements(look: number, isBad: boolean): Measurements {
  const wobble = (look % 7) / 10
  return {
    playlist_age_seconds: isBad ? 30 + look * 3 : 1 + wobble,
    rendition_age_seconds: isBad ? 30 + look * 3 : 1.5 + wobble,
    target_duration_seconds: 6,
    edge_age_seconds: 8 + wobble,
    stream_drift_seconds: wobble / 10,
    renditions: 2,
    renditions_missing: 0,
    segments_listed: 6,
    segments_missing_ratio: 0,
    sequence_regressions: 0,
    spec_violations: 0,
    http_first_byte_seconds: 0.02 + wobble / 100,
    http_total_seconds: 0.03 + wobble / 100,
    clock_offset_seconds: 0.1,
    ...(look % 2 === 0 && {
      availability_delay_seconds: 0.5 + wobble,
      bitrate_bits_per_second: 3_800_000 + wobble * 100_000,
      advertised_bits_per_second: 4_000_000,
      download_ratio: isBad ? 0.9 : 0.1 + wobble / 10,
      continuity_errors: 0,
      media_gap_seconds: 0,
    }),
  }
}

/** Reports of three vantages about the two paths of many groups, each to the group's decision. */
function updates(
  healthOf: (path: number) => VantageHealth,
  shared?: SharingSettings,
): () => number {
  const vantages = ['fra', 'lhr', 'iad'].map((name) => ({ name, domain: name }))
  const groups = Array.from({ length: Math.ceil(paths / 2) }, (_, index) => {
    const name = `channel-${index}/cdn`
    const settings = groupSettings({
      name,
      vantages,
      ...(shared !== undefined && { strategy: 'weighted', sharing: shared }),
    })
    const members = settings.paths.map(({ name: short }, at) => {
      return { short, full: `${name}/${short}`, reports: new Map<string, VantageReport>(), at }
    })
    const row = { ...emptyRow(name), allocation: initialAllocation(settings) }
    const memory = {
      row,
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      penalties: new Map(),
      readBack: true,
      observingSince: 0,
    }
    return { settings, memory, members, healths: new Map<string, PathHealth>() }
  })
  let now = 0
  let look = 0
  let decided = 0
  return () => {
    for (let round = 0; round < rounds; round += 1, look += 1) {
      const vantage = vantages[look % vantages.length]?.name ?? ''
      for (const { settings, memory, members, healths } of groups) {
        for (const { short, full, reports, at } of members) {
          now += everyMs / paths
          reports.set(vantage, report(full, vantage, healthOf(at), now))
          const previous = healths.get(short)
          const health = quorumHealth(
            {
              path: full,
              vantages,
              settings: settings.quorum,
              reports,
              staleAfterMs: 15_000,
              ...(previous !== undefined && { previous }),
            },
            now,
          )
          healths.set(short, health)
          const decision = decide({
            settings,
            memory,
            paths: healths,
            mode: 'advise',
            lease: { token: 1, leftMs: 15_000 },
            store: { ok: true, says: 'writable' },
            installation: { pass: true, says: '0 of 1 changes used' },
            now,
            wall: now,
          })
          decided += decision.says.length
        }
      }
    }
    if (decided === 0) throw new Error('nothing was decided')
    return rounds * groups.length * 2
  }
}

function report(path: string, vantage: string, health: VantageHealth, now: number): VantageReport {
  const says = health === 'up' ? 'ok by 11 rules' : 'no new segment for 30.0s'
  const verdict = {
    rule: 'playlist-stalled',
    class: 'down',
    severity: 'critical',
    diagnosis: 'playlist-stalled',
    says,
    since: 0,
    isClearing: false,
  } as const
  return {
    path,
    vantage,
    health,
    suspect: false,
    since: 0,
    seenAt: now,
    active: health === 'down' ? [verdict] : [],
    pending: [],
    says,
    measurements: {},
  }
}
