import { z } from 'zod'
import serve from '../../src/actuators/serve.ts'
import type { Plugins } from '../../src/app/plugin-binding.ts'
import { Watchdog } from '../../src/app/watchdog.ts'
import type { WatchdogHooks } from '../../src/app/watchdog-options.ts'
import { allTo, describeAllocation, type Allocation } from '../../src/core/allocation.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Notice } from '../../src/core/notice.ts'
import type { RuleDefinition } from '../../src/core/rule.ts'
import type { Observation } from '../../src/core/sample.ts'
import type { GroupSettings, PathSettings, Settings } from '../../src/core/settings.ts'
import { compileRuleSet, type RuleSet } from '../../src/engine/rules/rule-set.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { ActuatorPlugin } from '../../src/plugin/actuator.ts'
import type { NotifierPlugin } from '../../src/plugin/notifier.ts'
import type { ProbePlugin } from '../../src/plugin/probe.ts'
import type { Schedules } from '../../src/plugin/schedules.ts'
import { groupSettings } from '../fakes/group-settings.ts'
import { memoryStore, type MemoryStore } from '../../src/simulation/memory-store.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { always, pass, scriptedProbe } from './scripted-probe.ts'

/** A running watchdog with a world around it that a test can bend. */
export interface WatchdogScene {
  readonly clock: SimulatedClock
  readonly store: MemoryStore
  readonly net: ScriptedNet
  readonly watchdog: Watchdog
  readonly plugins: Plugins
  readonly settings: Settings
  readonly rules: RuleSet
  /** What a look at a path finds, by the path's `at` option; good where nothing is said. */
  readonly sights: Map<string, Observation | 'hangs'>
  /** Every look that was made: when, where, for what. */
  readonly looks: { readonly at: number; readonly where: string; readonly purpose: string }[]
  /** What each load balancer serves, by group. */
  readonly targets: Map<string, { allocation: Allocation; version: number }>
  /** Notices by route type. */
  readonly notices: { readonly by: string; readonly notice: Notice }[]
  /** What the calendar was asked to run; the test is the calendar. */
  readonly jobs: ScheduledJob[]
  /** When a job should have run while nothing did, as the calendar says it. */
  missedAt: number | undefined
}

type ScheduledJob = Parameters<Schedules['start']>[0]

export const cdn = 'channel-1/cdn'

/** A path of the scene; what its looks find stands under its name. */
export function scenePath(name: string, overrides: Partial<PathSettings> = {}): PathSettings {
  const options = { at: name, secret: 'hunter2' }
  return { name, type: 'sim', options, shows: `sim://${name}`, everyMs: 1_000, ...overrides }
}

/** A group that pushes to a load balancer and is asked by others. */
export function sceneGroup(
  name = cdn,
  paths: readonly string[] = ['cdn-a', 'cdn-b'],
  overrides: Partial<GroupSettings> = {},
): GroupSettings {
  return groupSettings({
    name,
    stream: name.split('/')[0] ?? name,
    paths: paths.map((path) => scenePath(path)),
    actuators: [
      { type: 'balancer', options: { group: name, password: 'hunter2' }, required: true },
      { type: 'serve', options: {}, required: false },
    ],
    earnMs: 5_000,
    ...overrides,
  })
}

/** Settings with quick timing, in mode `armed`. */
export function sceneSettings(overrides: Partial<Settings> = {}): Settings {
  return {
    mode: 'armed',
    profile: 'default',
    vantage: { name: 'local', domain: 'local', reference: [] },
    vantages: [{ name: 'local', domain: 'local' }],
    store: 'memory',
    listen: { operator: { host: '127.0.0.1', port: 0 } },
    tokens: [],
    drills: [],
    drillReports: { keep: 10 },
    rules: { directories: [], shipped: false },
    timing: {
      everyMs: 1_000,
      forMs: 3_000,
      ratio: { bad: 6, of: 12 },
      clearForMs: 5_000,
      staleAfterMs: 5_000,
    },
    installation: { blastRadius: { groups: 1, fraction: 1, perMs: 300_000, beyond: 'queue' } },
    groups: [sceneGroup()],
    notify: [{ route: 'page', type: 'page', options: {}, minSeverity: 'info' }],
    ...overrides,
  }
}

const measures: ProbePlugin['measures'] = [
  { name: 'bitrate_bits_per_second', kind: 'gauge', unit: 'bits_per_second', help: 'Bitrate.' },
  { name: 'missing_ratio', kind: 'gauge', unit: 'ratio', help: 'Share of missing segments.' },
]

/** Besides what every path is judged by: whether it can be reached. */
const rules: readonly RuleDefinition[] = [
  {
    name: 'segments-missing',
    class: 'down',
    when: 'missing_ratio > 0.5',
    severity: 'critical',
    says: '{missing_ratio} of the segments are missing',
    diagnosis: 'segments-missing',
  },
]

/** A watchdog that is not started yet; the next process in the world of one `before`, where one is given. */
export function watchdogScene(
  settings = sceneSettings(),
  hooks?: WatchdogHooks,
  before?: WatchdogScene,
): WatchdogScene {
  const clock = before?.clock ?? new SimulatedClock()
  const store = memoryStore(clock, before && { disk: before.store.disk })
  const net = new ScriptedNet(clock)
  const looks: { at: number; where: string; purpose: string }[] = []
  const sights: WatchdogScene['sights'] = before?.sights ?? new Map()
  const targets: WatchdogScene['targets'] = before?.targets ?? new Map()
  const notices: { by: string; notice: Notice }[] = []
  const probe = scriptedProbe(async (due, context, options) => {
    const { at: where } = options as { at: string }
    looks.push({ at: clock.now(), where, purpose: due.purpose })
    await context.clock.sleep(10, context.signal)
    const sight = sights.get(where)
    // Not even the end of its session moves it.
    if (sight === 'hangs') return await new Promise<never>(() => {})
    return sight ?? pass({ bitrate_bits_per_second: 5_000_000, missing_ratio: 0 })
  }, measures)
  const notifier = (type: string): NotifierPlugin => ({
    type,
    summary: 'Keeps what it is sent.',
    options: z.strictObject({}),
    send: async (_, notice) => {
      notices.push({ by: type, notice })
      return { ok: true }
    },
    ...(type === 'changes' && { takesChanges: () => true }),
  })
  const plugins: Plugins = {
    probes: [probe, { ...probe, type: 'hls' }],
    actuators: [balancer(targets), serve],
    notifiers: [notifier('page'), notifier('chat'), notifier('changes')],
  }
  const compiled = compileRuleSet([{ name: 'scene', windows: {}, rules }], plugins.probes)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  let id = 0
  const jobs: ScheduledJob[] = []
  const watchdog = new Watchdog({
    clock,
    random: always(0),
    ids: { next: () => `${before === undefined ? '' : 'next-'}id-${(id += 1)}` },
    net,
    store,
    log: silentLog,
    plugins,
    settings,
    rules: compiled.set,
    schedules: {
      start: (job) => {
        jobs.push(job)
        return {
          next: () => clock.wall() + 60_000,
          missed: () => scene.missedAt,
          stop: () => void jobs.splice(jobs.indexOf(job), 1),
        }
      },
    },
    lagMs: () => 0,
    tickMs: () => 200,
    ...(hooks !== undefined && { hooks }),
  })
  const world = { sights, looks, targets, notices, jobs, missedAt: undefined }
  const scene: WatchdogScene = {
    clock,
    store,
    net,
    watchdog,
    plugins,
    settings,
    rules: compiled.set,
    ...world,
  }
  return scene
}

/** A scene that earned its health. */
export async function steadyScene(
  settings = sceneSettings(),
  hooks?: WatchdogHooks,
): Promise<WatchdogScene> {
  const scene = watchdogScene(settings, hooks)
  await scene.watchdog.start()
  await scene.clock.advance(20_500)
  return scene
}

function balancer(targets: WatchdogScene['targets']): ActuatorPlugin {
  return {
    type: 'balancer',
    summary: 'A load balancer in memory.',
    options: z.object({}).loose(),
    mode: 'push',
    capabilities: () => ({
      shape: 'single',
      mode: 'push',
      reversible: true,
      settleMs: 1_500,
      compareAndSet: 'atomic',
      permissions: [],
    }),
    create: (_, { group, paths }) => {
      const target = targets.get(group) ?? { allocation: allTo(paths[0] ?? '', paths), version: 1 }
      targets.set(group, target)
      return {
        observe: async () => ({
          ok: true,
          observed: {
            allocation: target.allocation,
            version: String(target.version),
            ours: true,
            says: `serves ${describeAllocation(target.allocation)}`,
          },
        }),
        plan: (observed, wanted) => {
          const from = describeAllocation(observed.allocation)
          const to = describeAllocation(wanted)
          return from === to ? [] : [{ says: `from ${from} to ${to}`, data: { ...wanted } }]
        },
        apply: async ({ data }, version) => {
          if (String(target.version) !== version) return { result: 'conflict', says: 'it moved' }
          target.allocation = data as Allocation
          target.version += 1
          return { result: 'applied', version: String(target.version) }
        },
      }
    },
  }
}
