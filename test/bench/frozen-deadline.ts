/**
 * How soon a frozen playlist is declared. The shipped rule calls a path down when nothing new was
 * seen for max(3 × target duration, 4 s), and 1 s after that; a timer of its own judges that moment,
 * not the next look. Measured is how much later than that moment the path is down. The goal is
 * 200 ms. Everything but the lab, which runs in a process of its own, is real and in this process;
 * the last column tells its longest standstill, and how much of it was waiting for a processor.
 * Flags: --rounds 5 --paths 200 --every 3.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Watchdog } from '../../src/app/watchdog.ts'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Sample } from '../../src/core/sample.ts'
import { createNet } from '../../src/net/create-net.ts'
import { watchLoopLag } from '../../src/platform/loop-lag.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { startLabProcess, streamName, type LabProcess } from './apparatus/lab.ts'
import { flags, printEnvironment, printTable, quantile } from './apparatus/report.ts'
import { watchStalls, type Stall } from './apparatus/stalls.ts'

interface Scene {
  readonly name: string
  readonly paths: number
  /** Milliseconds before every answer begins. */
  readonly delayMs?: number
  /** Further paths, at an origin that accepts requests and never answers. */
  readonly hanging?: number
}

/** The first time that a path was down in a round, and the sample that was the newest then. */
interface Declared {
  readonly at: number
  readonly evidence: Sample | undefined
}

const { rounds, paths, every } = flags({ rounds: 5, paths: 200, every: 3 })
const scenes: readonly Scene[] = [
  { name: '1 path', paths: 1 },
  { name: `${paths} paths, 50 ms round trip`, paths, delayMs: 50 },
  {
    name: `${paths} paths, 50 ms round trip, ${paths / 4} others hang`,
    paths,
    delayMs: 50,
    hanging: paths / 4,
  },
]
const segmentSeconds = 2
/** `for` of the shipped rule, and the least of its limit. */
const forMs = 1_000
const leastLimitMs = 4_000
const patienceMs = 30_000
const clock = realClock()

printEnvironment()
const rows: string[][] = []
for (const scene of scenes) rows.push(await measure(scene))
printTable(
  [
    `declared later than limit + for, ${rounds} rounds`,
    'declared',
    'p50 ms',
    'p99 ms',
    'max ms',
    'early',
    'goal ms',
    'longest standstill ms (waiting for a processor)',
  ],
  rows,
)

async function measure(scene: Scene): Promise<string[]> {
  const { hanging = 0 } = scene
  const lab = await startLabProcess({
    streams: Math.max(scene.paths, hanging),
    segmentSeconds,
    edges: ['other'],
  })
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  try {
    if (scene.delayMs !== undefined) await lab.inject('origin', 'delay', scene.delayMs)
    const { outcomes, stall } = await watch(scene, folder, lab)
    const late = outcomes.filter((ms) => ms !== undefined)
    const cells = [quantile(late, 0.5), quantile(late, 0.99), quantile(late, 1)]
    return [
      scene.name,
      `${late.length} of ${outcomes.length}`,
      ...cells.map((ms) => ms.toFixed(1)),
      String(late.filter((ms) => ms < -1).length),
      '200',
      `${stall.ms.toFixed(0)} (${stall.queuedMs.toFixed(0)})`,
    ]
  } finally {
    await lab.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the rounds of one scene gave. */
interface Watched {
  /** How late every path was declared in every round, in milliseconds; `undefined` for never. */
  readonly outcomes: readonly (number | undefined)[]
  /** The longest between a freeze and the last declaration. */
  readonly stall: Stall
}

async function watch(scene: Scene, folder: string, lab: LabProcess): Promise<Watched> {
  const file = join(folder, 'changeover.yaml')
  const loaded = loadConfiguration(configuration(scene, lab), file, plugins)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  const net = createNet({ clock })
  const lag = watchLoopLag()
  const store = await openSqliteStore({ file: join(folder, 'changeover.db'), clock })
  const last = new Map<string, Sample>()
  const health = new Map<string, string>()
  const declared = new Map<string, Declared>()
  const watchdog = new Watchdog({
    clock,
    random: realRandom(),
    ids: realIds(),
    net,
    store,
    log: silentLog,
    plugins,
    settings: loaded.settings,
    rules: loaded.rules,
    lagMs: () => lag.read().p99Ms,
    hooks: {
      onSample: (sample) => last.set(sample.path, sample),
      onTransition: ({ group, path, to }) => {
        const full = `${group}/${path}`
        health.set(full, to.health)
        if (to.health === 'down' && !declared.has(full)) {
          declared.set(full, { at: clock.now(), evidence: last.get(full) })
        }
      },
    },
  })
  const names = Array.from({ length: scene.paths }, (_, index) => {
    return `${streamName(index)}/cdn/watched`
  })
  await watchdog.start()
  try {
    const outcomes: (number | undefined)[] = []
    let stall: Stall = { ms: 0, queuedMs: 0 }
    for (let round = 0; round < rounds; round += 1) {
      await until(() => names.every((name) => health.get(name) === 'up'), 'every path is up')
      if (scene.hanging !== undefined) await lab.inject('other', 'hang')
      declared.clear()
      const stalls = watchStalls()
      const frozen = await lab.inject('origin', 'freeze')
      await until(() => names.every((name) => declared.has(name)), 'every path is down')
      stalls.stop()
      if (stalls.longest().ms > stall.ms) stall = stalls.longest()
      outcomes.push(...names.map((name) => lateMs(declared.get(name))))
      await lab.heal(frozen)
    }
    return { outcomes, stall }
  } finally {
    await watchdog.stop()
    await store.close()
    await net.close()
    lag.close()
  }
}

/** Holds what happened against the moment that the evidence itself implies. */
function lateMs(declared: Declared | undefined): number | undefined {
  if (declared?.evidence === undefined) return undefined
  const { at, measurements } = declared.evidence
  const age = measurements['playlist_age_seconds']
  const target = measurements['target_duration_seconds']
  if (age === undefined || target === undefined) return undefined
  const changedAt = at - age * 1_000
  return declared.at - (changedAt + Math.max(3_000 * target, leastLimitMs) + forMs)
}

/** Waits in steps of 50 ms; gives up with a remark, and what did not happen counts as such. */
async function until(happened: () => boolean, what: string): Promise<void> {
  const end = clock.now() + patienceMs
  while (!happened()) {
    if (clock.now() > end) {
      console.log(`attention: it did not come to pass within ${patienceMs} ms that ${what}`)
      return
    }
    await sleep(50)
  }
}

/** A group for each path, so that its standby does not share its fate; nothing is driven. */
function configuration(scene: Scene, lab: LabProcess): string {
  const group = (name: string, url: string) =>
    `  ${name}: { groups: { cdn: { paths: { watched: { type: hls, url: "${url}" } }, actuators: [{ type: serve }] } } }`
  const urlOf = (origin: string, index: number) => `${origin}/${streamName(index)}/main.m3u8`
  const groups = Array.from({ length: scene.paths }, (_, index) => {
    return group(streamName(index), urlOf(lab.origin, index))
  })
  const others = Array.from({ length: scene.hanging ?? 0 }, (_, index) => {
    return group(`other-${streamName(index)}`, urlOf(lab.edges['other'] ?? '', index))
  })
  return `mode: advise
timing: { every: ${every}s, clear_for: 2s }
streams:
${[...groups, ...others].join('\n')}
`
}
