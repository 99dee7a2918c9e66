import { sameAllocation, type Allocation } from '../core/allocation.ts'
import type { ContinuityCheck } from '../core/continuity.ts'
import type { DrillReport } from '../core/drill-report.ts'
import type { GroupRow } from '../core/group.ts'
import type { VantageReport } from '../core/health.ts'
import type { JournalEntry, JournalKind } from '../core/journal.ts'
import type { Notice } from '../core/notice.ts'
import type {
  ActuatorSettings,
  GroupSettings,
  PathSettings,
  RuleTiming,
  Settings,
} from '../core/settings.ts'
import { SimulatedClock } from '../platform/simulated-clock.ts'
import { defaultSettings, type InstallationShape } from '../app/scenarios/default-settings.ts'
import { initialAllocation } from '../engine/group/initial-allocation.ts'
import { memoryDisk, type MemoryDisk } from './memory-store.ts'
import { pagerType, type Process } from './process.ts'
import { pullType, pushType, SimulatedTarget, type Call, type Write } from './target.ts'
import { ownRules, type SimulatedRules } from './shapes.ts'
import { startOtherVantages, witnessName, type Look, type Sight } from './vantages.ts'

export { killProcess, startProcess, type Process } from './process.ts'
export type { Sight } from './vantages.ts'

/** Where the heartbeat goes, and how often. */
export const beatUrl = 'https://beat.simulated/'
export const beatEveryMs = 10_000

export const groupName = 'channel-1/cdn'

/** What moves the traffic of every group: `best-effort` is pushed and not required. */
export type Layout = readonly ('push' | 'best-effort' | 'pull')[]

/** Everything of one simulation. */
export interface World {
  readonly clock: SimulatedClock
  readonly disk: MemoryDisk
  /** By name, `<group>#<position>`. */
  readonly targets: ReadonlyMap<string, SimulatedTarget>
  /** What pulled answers follow, by group: the publication in the row, as writes. */
  readonly publications: ReadonlyMap<string, SimulatedTarget>
  /** The first target of the first group; where it has none, its publication. */
  readonly target: SimulatedTarget
  /** Every write to every target, and every publication. */
  readonly writes: Write[]
  readonly calls: Call[]
  readonly looks: Look[]
  /** Monotonic time of each journal entry; its own stamp is wall time, which jumps. */
  readonly stamps: number[]
  readonly notices: { readonly at: number; readonly notice: Notice }[]
  /** Calls of the address outside that hears that a process lives. */
  readonly beats: { readonly at: number; readonly process: number }[]
  readonly processes: Process[]
  /** Reports of drills, as they were kept. */
  readonly reports: DrillReport[]
  /** Monotonic times of wall-clock jumps, and by how much. */
  readonly jumps: { readonly at: number; readonly ms: number }[]
  /** The modes that were in force, from when. */
  readonly modes: { readonly at: number; readonly mode: Settings['mode'] }[]
  /** When thresholds were changed, and the longest `for` since. */
  readonly reloads: { readonly at: number; readonly forMs: number }[]
  /** Tells the probers at the other vantages of other timings. */
  retime: (timing: RuleTiming) => void
  /** Faults that wait for a journal entry of a kind. */
  readonly triggers: { kind: JournalKind; readonly run: () => void }[]
  /** As now configured; a reload replaces it. */
  settings: Settings
  /** The groups as the world began. */
  readonly initial: readonly GroupSettings[]
  /** The first group. */
  readonly group: GroupSettings
  readonly rules: SimulatedRules
  /** Picks which of the rules strike. */
  readonly variant: number
  /** What each vantage would say of a path. */
  sight: (path: string, vantage: string, group: string) => Sight
  /** What is true of a path, whatever single vantages say. */
  truth: (path: string, group: string) => Sight
  /** What the public name shows in spite of the path behind it. */
  publicTrouble: (group: string, vantage: string) => Sight | undefined
  /** What a path shows otherwise than the others, to a look of a purpose. */
  oddity: (path: string, group: string, purpose: string) => ContinuityCheck | undefined
  /** The vantage has no network at all. */
  isCut: (vantage: string) => boolean
  /** How a report of another vantage reaches the processes. */
  deliver: (group: string, report: VantageReport) => void
  /** A notifier that does not answer. */
  notifierDown: boolean
}

/** A person's own configuration, made ready: every path, target and way to people is a simulated one. */
export interface Configuration {
  readonly settings: Settings
  readonly rules: SimulatedRules
}

export interface WorldOptions {
  readonly seed: number
  /** In place of a generated world. */
  readonly configuration?: Configuration
  readonly vantages?: number
  readonly paths?: number
  readonly groups?: number
  readonly layout?: Layout
  /** Every path is seen by a witness too. */
  readonly witnesses?: boolean
  readonly group?: Partial<GroupSettings>
  readonly settings?: Partial<Settings>
  readonly withoutGuards?: readonly string[]
}

/** A world with its groups, targets, vantages and no process yet. */
export function createWorld(options: WorldOptions): World {
  const clock = new SimulatedClock()
  const given = options.configuration?.settings ?? settingsOf(options)
  const settings: Settings = { ...given, heartbeat: { url: beatUrl, everyMs: beatEveryMs } }
  const [group] = settings.groups
  if (group === undefined) throw new Error('the simulation needs a group')
  const writes: Write[] = []
  const targetOf = (of: GroupSettings, name: string, isRequired: boolean) =>
    new SimulatedTarget({
      clock,
      log: writes,
      name,
      group: of.name,
      isRequired,
      allocation: initialAllocation(of),
    })
  const targets = new Map(
    settings.groups.flatMap((each) =>
      each.actuators
        .filter((actuator) => actuator.type === pushType)
        .map((actuator) => {
          const { target } = actuator.options as { target: string }
          return [target, targetOf(each, target, actuator.required)] as const
        }),
    ),
  )
  const publications = new Map(
    settings.groups
      .filter((each) => each.actuators.some((actuator) => actuator.type === pullType))
      .map((each) => [each.name, targetOf(each, `${each.name}#published`, true)] as const),
  )
  const target = [...targets.values(), ...publications.values()][0]
  if (target === undefined) throw new Error('the simulation needs a target')
  const world: World = {
    clock,
    disk: memoryDisk(clock),
    targets,
    publications,
    target,
    writes,
    calls: [],
    looks: [],
    stamps: [],
    notices: [],
    beats: [],
    processes: [],
    reports: [],
    jumps: [],
    modes: [{ at: 0, mode: settings.mode }],
    reloads: [],
    retime: () => {},
    triggers: [],
    settings,
    initial: settings.groups,
    group,
    rules: options.configuration?.rules ?? ownRules,
    variant: options.seed,
    sight: () => 'good',
    truth: () => 'good',
    publicTrouble: () => undefined,
    oddity: () => undefined,
    isCut: () => false,
    deliver: (of, report) => deliverNow(world, of, report),
    notifierDown: false,
  }
  watchDisk(world)
  startOtherVantages(world, options.seed)
  return world
}

/** The settings that a group began with: a reload in the simulation leaves the rules of the world alone. */
export function groupOf({ initial, settings }: World, name: string): GroupSettings {
  const group = [...initial, ...settings.groups].find((each) => each.name === name)
  if (group === undefined) throw new Error(`the simulation has no group ${name}`)
  return group
}

function settingsOf(options: WorldOptions): Settings {
  const names = ['cdn-a', 'cdn-b', 'cdn-c'].slice(0, options.paths ?? 2)
  const domains = ['hetzner', 'aws', 'ovh']
  const vantages = ['fra', 'lhr', 'iad']
    .slice(0, options.vantages ?? 3)
    .map((name, index) => ({ name, domain: domains[index] ?? name }))
  const groups = Array.from({ length: options.groups ?? 1 }, (_, index) => ({
    name: `channel-${index + 1}/cdn`,
    paths: names.map((name) => ({ name })),
  }))
  const settings = defaultsFor({ place: 'the simulation', vantages, groups })
  return {
    ...settings,
    mode: 'armed',
    vantage: { ...settings.vantage, reference: ['https://reference.example/'] },
    groups: settings.groups.map((group) => simulatedGroup(group, options)),
    notify: [{ route: 'page', type: pagerType, options: {}, minSeverity: 'info' }],
    ...options.settings,
  }
}

/** Reading settings from text takes longer than a virtual minute: there are few shapes, and they are kept. */
const defaults = new Map<string, Settings>()

function defaultsFor(shape: InstallationShape): Settings {
  const key = JSON.stringify(shape)
  const known = defaults.get(key)
  if (known !== undefined) return known
  const loaded = defaultSettings(shape)
  if (!loaded.ok)
    throw new Error(`the simulation has settings that are refused: ${loaded.errors.join('; ')}`)
  defaults.set(key, loaded.settings)
  return loaded.settings
}

/** A group whose paths, public name and targets are the simulation's. */
function simulatedGroup(group: GroupSettings, options: WorldOptions): GroupSettings {
  const { name } = group
  const simulatedPath = (path: PathSettings): PathSettings => ({
    ...path,
    type: 'sim',
    options: { group: name, path: path.name },
    shows: `sim://${path.name}`,
  })
  const verifyPath = {
    name: 'verify',
    type: 'sim',
    options: { group: name, path: 'public' },
    shows: 'sim://public',
    everyMs: 5_000,
  }
  return {
    ...group,
    paths: group.paths.map((path) => ({
      ...simulatedPath(path),
      ...(options.witnesses === true && {
        witnesses: [simulatedPath({ ...path, name: `${path.name}@${witnessName}` })],
      }),
    })),
    earnMs: 30_000,
    verify: { ...group.verify, path: verifyPath },
    actuators: (options.layout ?? ['push']).map((kind, position): ActuatorSettings => {
      if (kind === 'pull') return { type: pullType, options: {}, required: true }
      const target = `${name}#${position}`
      return { type: pushType, options: { target }, required: kind === 'push' }
    }),
    ...options.group,
  }
}

/** Hands a report to every process that lives; one that is suspended takes it when it resumes. */
export function deliverNow(world: World, group: string, report: VantageReport): void {
  for (const process of world.processes) {
    if (process.dead) continue
    if (!process.clock.isPaused) process.watchdog.receive(group, report)
    else void process.clock.sleep(0).then(() => process.watchdog.receive(group, report))
  }
}

/** Every commit leaves its monotonic time, its publication, and sets off the faults that wait for it. */
function watchDisk(world: World): void {
  const { clock, disk, publications, stamps, triggers } = world
  const push = disk.journal.push.bind(disk.journal)
  const fired: JournalEntry[] = []
  disk.journal.push = (...entries) => {
    for (const _ of entries) stamps.push(clock.now())
    fired.push(...entries)
    return push(...entries)
  }
  const set = disk.rows.set.bind(disk.rows)
  disk.rows.set = (name: string, row: GroupRow) => {
    const publication = publications.get(name)
    if (publication !== undefined && row.published !== undefined) {
      publish(publication, row, row.published)
    }
    const result = set(name, row)
    for (const entry of fired.splice(0)) {
      const at = triggers.findIndex((trigger) => trigger.kind === entry.kind)
      if (at >= 0) triggers.splice(at, 1)[0]?.run()
    }
    return result
  }
}

function publish(publication: SimulatedTarget, row: GroupRow, to: Allocation): void {
  if (sameAllocation(publication.allocation, to)) return
  const process = -2
  const meta = {
    process,
    token: row.token,
    intent: row.intent?.id,
    matchesIntent: row.intent !== undefined,
  }
  // It is there at the moment of its commit.
  publication.write(to, meta, Number.NEGATIVE_INFINITY)
}
