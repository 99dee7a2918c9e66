import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { Recorder } from '../../../src/app/recording/recorder.ts'
import { tappedStore } from '../../../src/app/tapped-store.ts'
import { Watchdog } from '../../../src/app/watchdog.ts'
import { silentLog } from '../../../src/core/log.ts'
import type { Observation } from '../../../src/core/sample.ts'
import { seededRandom } from '../../../src/core/seeded-random.ts'
import type { Settings } from '../../../src/core/settings.ts'
import { compileRuleSet, type RuleSet } from '../../../src/engine/rules/rule-set.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { Net } from '../../../src/plugin/net.ts'
import type { ProbePlugin } from '../../../src/plugin/probe.ts'
import { declare, stalled } from '../../engine/rules/rule-fixtures.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { memoryDisk, memoryStore } from '../../../src/simulation/memory-store.ts'

/** What is wrong with a path. */
type Trouble = 'refused' | 'frozen' | 'dark' | 'flapping'

interface Spell {
  readonly path: string
  readonly trouble: Trouble
  readonly from: number
  readonly until: number
}

const names = ['cdn-a', 'cdn-b', 'cdn-c']
const segmentMs = 4_000
const flapMs = 15_000

/** Nothing in the scene uses it: the paths are functions of time. */
const noNet = {} as Net

export const sceneSettings: Settings = {
  mode: 'armed',
  profile: 'default',
  vantage: { name: 'fra', domain: 'hetzner', reference: [] },
  vantages: [{ name: 'fra', domain: 'hetzner' }],
  store: 'memory',
  listen: { operator: { host: '127.0.0.1', port: 0 } },
  tokens: [],
  drills: [],
  drillReports: { keep: 10 },
  rules: { directories: [], shipped: false },
  timing: {
    everyMs: 5_000,
    forMs: 15_000,
    ratio: { bad: 6, of: 12 },
    clearForMs: 60_000,
    staleAfterMs: 15_000,
  },
  installation: { blastRadius: { groups: 1, fraction: 1, perMs: 300_000, beyond: 'queue' } },
  groups: [
    groupSettings(
      {
        paths: names.map((name) => ({
          name,
          type: 'stream',
          options: { path: name },
          shows: `stream of ${name}`,
          everyMs: 5_000,
        })),
        vantages: [{ name: 'fra', domain: 'hetzner' }],
        budget: { changes: 20, perMs: 3_600_000 },
      },
      names,
    ),
  ],
  notify: [],
}

/** The trouble of one seed: one path after another, now and then two at a time. */
function spellsOf(seed: number, endMs: number): Spell[] {
  const random = seededRandom(seed)
  const between = (low: number, high: number) => low + random.next() * (high - low)
  const kinds: readonly Trouble[] = ['refused', 'frozen', 'dark', 'flapping']
  const spells: Spell[] = []
  for (let at = between(60_000, 120_000); at < endMs; at += between(90_000, 500_000)) {
    const trouble = kinds[Math.floor(random.next() * kinds.length)] ?? 'refused'
    const path = names[Math.floor(random.next() ** 2 * names.length)] ?? ''
    spells.push({ path, trouble, from: at, until: at + between(10_000, 200_000) })
  }
  return spells
}

/** A live stream of segments, one each four seconds, with its troubles. */
function streamProbe(spells: readonly Spell[]): ProbePlugin {
  return {
    type: 'stream',
    summary: 'A path of the scene.',
    options: z.strictObject({ path: z.string() }),
    measures: [declare('playlist_age_seconds'), declare('target_duration_seconds')],
    async *observe(options, { clock, random, due }): AsyncIterable<Observation> {
      const { path } = options as { path: string }
      let segment = -1
      let changedAt = 0
      for await (const _ of due) {
        await clock.sleep(5 + random.next() * 60)
        const now = clock.now()
        const spell = spells.find(
          (each) => each.path === path && now >= each.from && now < each.until,
        )
        const isOff = spell?.trouble === 'flapping' && Math.floor((now - spell.from) / flapMs) % 2
        const trouble = isOff === 1 ? undefined : spell?.trouble
        if (trouble === 'dark') {
          yield { outcome: 'unknown', reason: 'no route', measurements: {}, findings: [] }
        } else if (trouble === 'refused' || trouble === 'flapping') {
          const reason = 'connection refused'
          yield {
            outcome: 'fail',
            reason,
            diagnosis: 'unreachable',
            measurements: {},
            findings: [],
          }
        } else {
          const edge = trouble === 'frozen' ? (spell?.from ?? now) : now
          const newest = Math.floor(edge / segmentMs)
          if (newest !== segment) changedAt = now
          segment = newest
          const measurements = {
            playlist_age_seconds: (now - changedAt) / 1_000,
            target_duration_seconds: segmentMs / 1_000,
          }
          yield { outcome: 'pass', measurements, findings: [] }
        }
      }
    },
  }
}

/** A recording that a real watchdog made of a seed, in virtual time, in real files. */
export async function recordScene(
  seed: number,
  minutes: number,
): Promise<{ readonly directory: string; readonly rules: RuleSet; readonly probe: ProbePlugin }> {
  const directory = mkdtempSync(join(tmpdir(), 'changeover-scene-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const clock = new SimulatedClock()
  const probe = streamProbe(spellsOf(seed, minutes * 60_000))
  const compiled = compileRuleSet([{ name: 'scene', windows: {}, rules: [stalled] }], [probe])
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  const disk = memoryDisk(clock)
  // The process is stopped once on the way, and another goes on with the same store.
  for (const [index, share] of [0.6, 0.4].entries()) {
    const store = memoryStore(clock, { disk })
    const row = await store.group('channel-1/cdn')
    const recorder = new Recorder({
      clock,
      log: silentLog,
      recording: { directory, maxBytes: 100_000, files: 100 },
      version: '1',
      run: `run-${index}`,
      settings: sceneSettings,
      known: new Map(
        row?.allocation === undefined ? [] : [[row.group, { allocation: row.allocation }]],
      ),
    })
    let count = 0
    const watchdog = new Watchdog({
      clock,
      random: seededRandom(seed * 7 + index),
      ids: { next: () => `${index}-${(count += 1)}` },
      net: noNet,
      store: tappedStore(store, (entries) => entries.forEach((entry) => recorder.journal(entry))),
      log: silentLog,
      plugins: { probes: [probe], actuators: [], notifiers: [] },
      settings: sceneSettings,
      rules: compiled.set,
      lagMs: () => 0,
      hooks: { onSample: (sample) => recorder.sample(sample) },
    })
    watchdog.subscribe(() => recorder.self(watchdog.self))
    await watchdog.start()
    await clock.advance(minutes * 60_000 * share)
    const stopped = watchdog.stop()
    await clock.advance(1_000)
    await stopped
    await recorder.close()
    if (recorder.dropped > 0) throw new Error(`${recorder.dropped} lines were dropped`)
    await clock.advance(7_000)
  }
  return { directory, rules: compiled.set, probe }
}
