import { z } from 'zod'
import { allTo, serving, type Allocation } from '../../src/core/allocation.ts'
import type { Clock, Ids, Random } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Notice } from '../../src/core/notice.ts'
import type { Observation } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { GroupSettings, Settings } from '../../src/core/settings.ts'
import { CheckSession } from '../../src/app/check-session.ts'
import { Watchdog } from '../../src/app/watchdog.ts'
import { WatchedPath } from '../../src/app/watched-path.ts'
import { createPathWatch } from '../../src/engine/rules/path-watch.ts'
import { compileRuleSet, type RuleSet } from '../../src/engine/rules/rule-set.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { Net } from '../../src/plugin/net.ts'
import type { NotifierPlugin } from '../../src/plugin/notifier.ts'
import type { ProbePlugin } from '../../src/plugin/probe.ts'
import { groupSettings } from '../fakes/group-settings.ts'
import {
  memoryDisk,
  memoryStore,
  type MemoryDisk,
  type MemoryStore,
} from '../fakes/memory-store.ts'
import { ProcessClock } from './process-clock.ts'
import { simulatedActuator, SimulatedTarget } from './target.ts'

export const groupName = 'channel-1/cdn'

/** What a vantage would see of a path at a time. */
export type Sight = 'good' | 'bad' | 'dark'

/** One look that was taken, for the invariants. */
export interface Look {
  readonly at: number
  readonly vantage: string
  readonly path: string
  readonly sight: Sight
  readonly purpose: string
}

/** Everything of one simulation. */
export interface World {
  readonly clock: SimulatedClock
  readonly disk: MemoryDisk
  readonly target: SimulatedTarget
  readonly looks: Look[]
  /** Monotonic time of each journal entry; its own stamp is wall time, which jumps. */
  readonly stamps: number[]
  readonly notices: { readonly at: number; readonly notice: Notice }[]
  readonly processes: Process[]
  readonly settings: Settings
  readonly group: GroupSettings
  /** What is true of a path, and what each vantage would say of it. */
  sight: (path: string, vantage: string) => Sight
  /** A notifier that does not answer. */
  notifierDown: boolean
}

/** One running Changeover. */
export interface Process {
  readonly id: number
  readonly clock: ProcessClock
  readonly store: MemoryStore
  readonly watchdog: Watchdog
  /** The process ends at its next external call. */
  dieAt: 'before-call' | 'after-call' | undefined
  dead: boolean
}

export interface WorldOptions {
  readonly seed: number
  readonly vantages?: number
  readonly paths?: number
  readonly group?: Partial<GroupSettings>
  readonly settings?: Partial<Settings>
  readonly withoutGuards?: readonly string[]
}

const noNet: Net = {
  http: async () => ({
    ok: false,
    fault: 'local',
    phase: 'connect',
    says: 'the simulation has no network',
    bytes: 0,
    timings: { total: 0 },
  }),
  exchange: async () => ({
    ok: false,
    fault: 'local',
    phase: 'connect',
    says: 'the simulation has no network',
    bytes: 0,
    timings: { total: 0 },
  }),
}

const timing = {
  everyMs: 5_000,
  forMs: 15_000,
  ratio: { bad: 6, of: 12 },
  clearForMs: 60_000,
  staleAfterMs: 15_000,
} as const

/** A world with its group, target, vantages and no process yet. */
export function createWorld(options: WorldOptions): World {
  const clock = new SimulatedClock()
  const names = ['cdn-a', 'cdn-b', 'cdn-c'].slice(0, options.paths ?? 2)
  const domains = ['hetzner', 'aws', 'ovh']
  const vantages = ['fra', 'lhr', 'iad']
    .slice(0, options.vantages ?? 3)
    .map((name, index) => ({ name, domain: domains[index] ?? name }))
  const verifyPath = {
    name: 'verify',
    type: 'sim',
    options: { path: 'public' },
    shows: 'sim://public',
    everyMs: 5_000,
  }
  const group = groupSettings(
    {
      vantages,
      verify: { path: verifyPath, forMs: 30_000 },
      actuators: [{ type: 'sim-target', options: {}, required: true }],
      ...options.group,
    },
    names,
  )
  const settings: Settings = {
    mode: 'armed',
    profile: 'default',
    vantage: { name: 'fra', domain: 'hetzner', reference: [] },
    vantages,
    store: 'memory',
    listen: { operator: { host: '127.0.0.1', port: 0 } },
    tokens: [],
    rules: { directories: [], shipped: false },
    timing,
    installation: { blastRadius: { groups: 1, fraction: 1, perMs: 300_000 } },
    groups: [group],
    notify: [{ route: 'page', type: 'sim-page', options: {}, minSeverity: 'info' }],
    ...options.settings,
  }
  const world: World = {
    clock,
    disk: memoryDisk(clock),
    target: new SimulatedTarget(clock, allTo(names[0] ?? '', names)),
    looks: [],
    stamps: [],
    notices: [],
    processes: [],
    settings,
    group,
    sight: () => 'good',
    notifierDown: false,
  }
  startOtherVantages(world, options.seed)
  return world
}

function simulatedProbe(world: World, vantage: string, random: Random): ProbePlugin {
  return {
    type: 'sim',
    summary: 'A simulated path.',
    options: z.strictObject({ path: z.string() }),
    measures: [],
    async *observe(options, context): AsyncIterable<Observation> {
      const { path } = options as { path: string }
      for await (const due of context.due) {
        await context.clock.sleep(5 + random.next() * 40, context.signal)
        if (context.signal.aborted) return
        const sight = path === 'public' ? publicSight(world, vantage) : world.sight(path, vantage)
        world.looks.push({ at: world.clock.now(), vantage, path, sight, purpose: due.purpose })
        yield observationOf(sight)
      }
    },
  }
}

/** The public name is as good as everything that serves behind it. */
function publicSight(world: World, vantage: string): Sight {
  const sights = serving(world.target.allocation).map((path) => world.sight(path, vantage))
  if (sights.includes('bad') || sights.length === 0) return 'bad'
  return sights.includes('dark') ? 'dark' : 'good'
}

function observationOf(sight: Sight): Observation {
  if (sight === 'good') return { outcome: 'pass', measurements: {}, findings: [] }
  if (sight === 'bad') {
    return {
      outcome: 'fail',
      reason: 'connection refused',
      diagnosis: 'unreachable',
      measurements: {},
      findings: [],
    }
  }
  return { outcome: 'unknown', reason: 'no route', measurements: {}, findings: [] }
}

function ruleSet(probe: ProbePlugin): RuleSet {
  const compiled = compileRuleSet([], [probe])
  if (!compiled.ok) throw new Error('the simulation has no rules that could fail')
  return compiled.set
}

/** Probers at the other vantages: they never crash here, but go dark and lie. */
function startOtherVantages(world: World, seed: number): void {
  const { clock, settings, group } = world
  for (const [index, vantage] of settings.vantages.entries()) {
    if (vantage.name === settings.vantage.name) continue
    const random = seededRandom(seed * 31 + index)
    const plugin = simulatedProbe(world, vantage.name, random)
    for (const path of group.paths) {
      const full = `${group.name}/${path.name}`
      const session = new CheckSession({
        clock,
        random,
        net: noNet,
        log: silentLog,
        plugin,
        settings: path,
        path: full,
        vantage: vantage.name,
        onSample: (sample) => watched.apply(sample),
      })
      const watch = createPathWatch({
        path: full,
        vantage: vantage.name,
        probe: plugin,
        rules: ruleSet(plugin),
        timing: settings.timing,
        now: clock.now(),
      })
      const watched: WatchedPath = new WatchedPath({
        clock,
        session,
        watch,
        onReport: (report) => {
          for (const process of world.processes) {
            if (!process.dead) process.watchdog.receive(group.name, report)
          }
        },
      })
      void watched.run(new AbortController().signal)
    }
  }
}

/** Starts a Changeover on the world's disk. */
export async function startProcess(world: World, options: WorldOptions): Promise<Process> {
  const id = world.processes.length
  const random = seededRandom(options.seed * 97 + id)
  const clock = new ProcessClock(world.clock)
  const store = memoryStore(world.clock, { disk: world.disk })
  const commit = store.commit.bind(store)
  store.commit = async (each) => {
    const result = await commit(each)
    while (world.stamps.length < world.disk.journal.length) world.stamps.push(world.clock.now())
    return result
  }
  let count = 0
  const ids: Ids = { next: () => `p${id}-${(count += 1)}` }
  const pager: NotifierPlugin = {
    type: 'sim-page',
    summary: 'Keeps what it is sent.',
    options: z.strictObject({}),
    send: async (_, notice) => {
      await clock.sleep(20)
      if (world.notifierDown) return { ok: false, retry: true, says: '503' }
      world.notices.push({ at: world.clock.now(), notice })
      return { ok: true }
    },
  }
  const process: { dieAt: Process['dieAt']; dead: boolean } = { dieAt: undefined, dead: false }
  const actuator = simulatedActuator(world.target, {
    clock,
    random,
    process: id,
    onDisk: (to: Allocation) => {
      const intent = world.disk.rows.get(groupName)?.intent
      return {
        token: world.disk.leases.get(groupName)?.token ?? -1,
        intent: intent?.id,
        matchesIntent: intent !== undefined && leadsTo(to, intent.from, intent.to),
      }
    },
    dieAt: async (point) => {
      if (process.dieAt === point) killProcess(started)
      if (process.dead) await new Promise<never>(() => {})
    },
  })
  const watchdog = new Watchdog({
    clock: clock satisfies Clock,
    random,
    ids,
    net: noNet,
    store,
    log: silentLog,
    plugins: {
      probes: [simulatedProbe(world, world.settings.vantage.name, random)],
      actuators: [actuator],
      notifiers: [pager],
    },
    settings: world.settings,
    rules: ruleSet(simulatedProbe(world, 'rules', random)),
    lagMs: () => 0,
    ...(options.withoutGuards !== undefined && { withoutGuards: options.withoutGuards }),
  })
  const started: Process = Object.assign(process, { id, clock, store, watchdog })
  world.processes.push(started)
  await watchdog.start()
  return started
}

/** Ends a process at once, as `kill -9` does. */
export function killProcess(process: Process): void {
  process.dead = true
  process.clock.kill()
  process.store.crash = { at: process.store.commits + 1, when: 'before', end: 'silence' }
}

/** Every weight is that of one of the two allocations: a step on the way, or the end of it. */
function leadsTo(seen: Allocation, from: Allocation, to: Allocation): boolean {
  return Object.keys(seen).every(
    (path) => seen[path] === (to[path] ?? 0) || seen[path] === (from[path] ?? 0),
  )
}
