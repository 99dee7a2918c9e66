import { z } from 'zod'
import { serving } from '../core/allocation.ts'
import type { Random } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import type { Observation } from '../core/sample.ts'
import { seededRandom } from '../core/seeded-random.ts'
import { CheckSession } from '../app/check-session.ts'
import { runSelfCheck } from '../app/self-check.ts'
import { WatchedPath } from '../app/watched-path.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import { compileRuleSet, type RuleSet } from '../engine/rules/rule-set.ts'
import type { Net } from '../plugin/net.ts'
import type { ProbePlugin } from '../plugin/probe.ts'
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
  /** The vantage itself had no network: what it saw is no evidence (invariant 6). */
  readonly isCut: boolean
}

/** The rules of the simulation: one of each class over one measurement each. */
const simulatedRules = {
  name: 'sim',
  windows: {},
  rules: [
    {
      name: 'standing-still',
      class: 'down',
      when: 'picture_age_seconds > 8.0',
      severity: 'critical',
      says: 'the picture is {picture_age_seconds}s old',
    },
    {
      name: 'blurred',
      class: 'degraded',
      when: 'quality_ratio < 0.5',
      forMs: 10_000,
      clearForMs: 20_000,
      severity: 'warning',
      says: 'quality {quality_ratio}',
    },
  ],
} as const

/** The probe of one vantage: it sees what the world lets it see. */
export function simulatedProbe(world: World, vantage: string, random: Random): ProbePlugin {
  return {
    type: 'sim',
    summary: 'A simulated path.',
    options: z.strictObject({ group: z.string(), path: z.string() }),
    measures: [
      { name: 'picture_age_seconds', kind: 'gauge', unit: 'seconds', help: 'Age of the picture.' },
      { name: 'quality_ratio', kind: 'gauge', unit: 'ratio', help: 'Quality of the picture.' },
    ],
    async *observe(options, context): AsyncIterable<Observation> {
      const { group, path } = options as { group: string; path: string }
      for await (const due of context.due) {
        await context.clock.sleep(5 + random.next() * 40, context.signal)
        if (context.signal.aborted) return
        const isCut = world.isCut(vantage)
        const seen = path === 'public' ? publicSight(world, group, vantage) : undefined
        const sight = isCut ? 'bad' : (seen ?? world.sight(path, vantage, group))
        const at = world.clock.now()
        world.looks.push({ at, vantage, group, path, sight, purpose: due.purpose, isCut })
        if (sight === 'hung') await context.clock.sleep(Number.MAX_SAFE_INTEGER, context.signal)
        else yield observationOf(sight)
      }
    },
  }
}

/** The public name is as good as everything that serves behind it. */
function publicSight(world: World, group: string, vantage: string): Sight {
  const trouble = world.publicTrouble(group, vantage)
  if (trouble !== undefined) return trouble
  const sights = servedBy(world, group).map((path) => world.sight(path, vantage, group))
  if (sights.some(isBadSight) || sights.length === 0) return 'bad'
  return sights.includes('dark') ? 'dark' : 'good'
}

/** Paths that really carry a group's traffic: by every required target, or by what is published. */
function servedBy(world: World, group: string): string[] {
  const pushed = [...world.targets.values()].filter(
    (target) => target.group === group && target.isRequired,
  )
  const publication = world.publications.get(group)
  const targets = pushed.length > 0 || publication === undefined ? pushed : [publication]
  return [...new Set(targets.flatMap((target) => serving(target.allocation)))]
}

function observationOf(sight: Exclude<Sight, 'hung'>): Observation {
  const base = { findings: [] }
  if (sight === 'bad') {
    const reason = 'connection refused'
    return { ...base, outcome: 'fail', reason, diagnosis: 'unreachable', measurements: {} }
  }
  if (sight === 'dark') {
    return { ...base, outcome: 'unknown', reason: 'no route', measurements: {} }
  }
  const age = { good: 1, blurry: 1, stalled: 30, broken: Number.NaN }[sight]
  const measurements = {
    picture_age_seconds: age,
    ...(sight !== 'broken' && { quality_ratio: sight === 'blurry' ? 0.2 : 1 }),
  }
  return { ...base, outcome: 'pass', measurements }
}

/** The compiled rules. */
export function ruleSet(probe: ProbePlugin): RuleSet {
  const compiled = compileRuleSet([simulatedRules], [probe])
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  return compiled.set
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
    const plugin = simulatedProbe(world, vantage.name, random)
    const watchedPaths: WatchedPath[] = []
    const rules = ruleSet(plugin)
    for (const group of settings.groups) {
      for (const path of group.paths) {
        const full = `${group.name}/${path.name}`
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
        const { timing } = settings
        const now = clock.now()
        const watch = createPathWatch({
          path: full,
          vantage: vantage.name,
          probe: plugin,
          rules,
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
