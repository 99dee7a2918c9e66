import { z } from 'zod'
import { serving, type Allocation } from '../core/allocation.ts'
import type { Random } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import type { ContinuityCheck } from '../core/continuity.ts'
import type { Measurements, Observation } from '../core/sample.ts'
import { seededRandom } from '../core/seeded-random.ts'
import { CheckSession } from '../app/check-session.ts'
import { runSelfCheck } from '../app/self-check.ts'
import { WatchedPath } from '../app/watched-path.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import type { ProbeMeasures } from '../engine/rules/rule-set.ts'
import type { Net } from '../plugin/net.ts'
import type { ProbePlugin } from '../plugin/probe.ts'
import { fingerprintAt } from './fingerprint.ts'
import type { Shape } from './shapes.ts'
import type { World } from './world.ts'

/**
 * What a vantage would see of a path at a time. `stalled` passes and stands still, so that only a
 * rule notices; `blurry` passes and is degraded; `broken` lacks the measurement that a rule needs;
 * a `hung` look never ends.
 */
export type Sight = 'good' | 'bad' | 'dark' | 'stalled' | 'blurry' | 'broken' | 'hung'

/** Whether a look at it is evidence that the path is down. */
export function isBadSight(sight: Sight): boolean {
  return sight === 'bad' || sight === 'stalled'
}

/** One look that was taken, for the invariants. */
export interface Look {
  readonly at: number
  readonly vantage: string
  readonly group: string
  readonly path: string
  readonly sight: Sight
  readonly purpose: string
  /** What the path showed otherwise than the others. */
  /** Its fingerprint was seen. */
  readonly isShown: boolean
  readonly oddity?: ContinuityCheck
  /** The vantage itself had no network: what it saw is no evidence (invariant 6). */
  readonly isCut: boolean
}

/** The probes of one vantage, one for each type in use: they see what the world lets them see. */
export function simulatedProbes(world: World, vantage: string, random: Random): ProbePlugin[] {
  return world.rules.probes.map((probe) => simulatedProbe(world, probe, vantage, random))
}

function simulatedProbe(
  world: World,
  { type, measures }: ProbeMeasures,
  vantage: string,
  random: Random,
): ProbePlugin {
  return {
    type,
    summary: 'A simulated path.',
    options: z.strictObject({ group: z.string(), path: z.string() }),
    measures,
    async *observe(options, context): AsyncIterable<Observation> {
      const { group, path } = options as { group: string; path: string }
      const shape = world.rules.shapeOf(type, `${group}/${path}`)
      for await (const due of context.due) {
        await context.clock.sleep(5 + random.next() * 40, context.signal)
        if (context.signal.aborted) return
        const isCut = world.isCut(vantage)
        const shown = path === publicPath ? publicSight(world, group, vantage) : undefined
        const sight = isCut ? 'bad' : (shown ?? world.sight(path, vantage, group))
        const at = world.clock.now()
        const { purpose } = due
        const oddity = world.oddity(path.split('@')[0] ?? path, group, purpose)
        const odd = oddity !== undefined && { oddity }
        const seen = sight === 'hung' ? undefined : observationOf(sight, shape, world.variant)
        const isShown = seen?.outcome === 'pass' && path !== publicPath
        world.looks.push({ at, vantage, group, path, sight, purpose, isCut, isShown, ...odd })
        if (seen === undefined) {
          await context.clock.sleep(Number.MAX_SAFE_INTEGER, context.signal)
        } else yield isShown ? { ...seen, continuity: fingerprintAt(at, oddity) } : seen
      }
    },
  }
}

/** The name of the one witness that paths have where they have any. */
export const witnessName = 'server'

/** The name under which probes look at what the group serves to the public. */
export const publicPath = 'public'

/** The public name is as good as everything that serves behind it. */
function publicSight(world: World, group: string, vantage: string): Sight {
  const trouble = world.publicTrouble(group, vantage)
  if (trouble !== undefined) return trouble
  const sights = serving(servedBy(world, group)).map((path) => world.sight(path, vantage, group))
  if (sights.some(isBadSight) || sights.length === 0) return 'bad'
  return sights.includes('dark') ? 'dark' : 'good'
}

/** What really carries a group's traffic: the sum of every required target, or what is published. */
export function servedBy(world: World, group: string): Allocation {
  const pushed = [...world.targets.values()].filter(
    (target) => target.group === group && target.isRequired,
  )
  const publication = world.publications.get(group)
  const targets = pushed.length > 0 || publication === undefined ? pushed : [publication]
  const sum: Record<string, number> = {}
  for (const target of targets) {
    for (const [path, weight] of Object.entries(target.allocation)) {
      sum[path] = (sum[path] ?? 0) + weight
    }
  }
  return sum
}

/** `variant` picks among the rules that numbers can make active. */
function observationOf(sight: Exclude<Sight, 'hung'>, shape: Shape, variant: number): Observation {
  const base = { findings: [] }
  const stalled = shape.down[variant % Math.max(1, shape.down.length)]
  if (sight === 'bad' || (sight === 'stalled' && stalled === undefined)) {
    const reason = 'connection refused'
    return { ...base, outcome: 'fail', reason, diagnosis: 'unreachable', measurements: {} }
  }
  if (sight === 'dark') {
    return { ...base, outcome: 'unknown', reason: 'no route', measurements: {} }
  }
  const { degraded, good } = shape
  const blurry = degraded[variant % Math.max(1, degraded.length)] ?? good
  const measurements = { good, blurry, stalled: stalled ?? good, broken: brokenOf(good) }[sight]
  return { ...base, outcome: 'pass', measurements }
}

/** Of every second measurement nothing comes, of the others nonsense. */
function brokenOf(good: Measurements): Measurements {
  const kept = Object.keys(good).filter((_, index) => index % 2 === 0)
  return Object.fromEntries(kept.map((name) => [name, Number.NaN]))
}

/** The network as a vantage has it: the reference target answers unless the vantage is cut off. */
export function netOf(world: World, vantage: string): Net {
  const none = {
    ok: false,
    fault: 'unreachable',
    phase: 'connect',
    says: 'the simulation has no network',
    bytes: 0,
    timings: { total: 0 },
  } as const
  return {
    http: async () => {
      if (world.isCut(vantage)) return none
      return {
        ok: true,
        status: 204,
        headers: {},
        body: Buffer.alloc(0),
        bytes: 0,
        truncated: false,
        url: '',
        redirects: 0,
        timings: { total: 1 },
      }
    },
    exchange: async () => none,
    connect: async () => none,
    open: async () => none,
    datagram: async () => none,
    receive: async () => none,
    nameServers: () => [],
  }
}

/** Probers at the other vantages: they never crash here, but go dark, lie, and are heard late or twice. */
export function startOtherVantages(world: World, seed: number): void {
  const { clock, settings } = world
  for (const [index, vantage] of settings.vantages.entries()) {
    if (vantage.name === settings.vantage.name) continue
    const random = seededRandom(seed * 31 + index)
    const plugins = simulatedProbes(world, vantage.name, random)
    const watchedPaths: WatchedPath[] = []
    const { set } = world.rules
    for (const group of settings.groups) {
      for (const path of group.paths.flatMap((each) => [each, ...(each.witnesses ?? [])])) {
        const full = `${group.name}/${path.name}`
        const plugin = plugins.find((each) => each.type === path.type)
        if (plugin === undefined) throw new Error(`no simulated probe of type ${path.type}`)
        const session = new CheckSession({
          clock,
          random,
          net: netOf(world, vantage.name),
          log: silentLog,
          plugin,
          settings: path,
          path: full,
          vantage: vantage.name,
          onSample: (sample) => watched.apply(sample),
        })
        const timing = { ...settings.timing, everyMs: path.everyMs }
        const now = clock.now()
        const watch = createPathWatch({
          path: full,
          vantage: vantage.name,
          probe: plugin,
          rules: set,
          timing,
          now,
        })
        const watched: WatchedPath = new WatchedPath({
          clock,
          session,
          watch,
          onReport: (report) => world.deliver(group.name, report),
        })
        watchedPaths.push(watched)
        const before = world.retime
        world.retime = (next) => {
          before(next)
          watched.replaceRules(set, { ...next, everyMs: path.everyMs })
        }
        void watched.run(new AbortController().signal)
      }
    }
    void runSelfCheck(
      {
        clock,
        net: netOf(world, vantage.name),
        reference: settings.vantage.reference,
        everyMs: 5_000,
        lagMs: () => 0,
        maxLagMs: 1_000,
        onChange: (self) => {
          for (const watched of watchedPaths) watched.self(self.ok, self.says)
        },
      },
      new AbortController().signal,
    )
  }
}
