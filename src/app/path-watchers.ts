import type { Clock, Random } from '../core/clock.ts'
import type { VantageReport } from '../core/health.ts'
import type { Log } from '../core/log.ts'
import type { Sample } from '../core/sample.ts'
import type { GroupSettings, PathSettings, RuleTiming, Settings } from '../core/settings.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import { rulesOf, type RuleSet } from '../engine/rules/rule-set.ts'
import type { Net } from '../plugin/net.ts'
import type { Processes } from '../plugin/processes.ts'
import { CheckSession } from './check-session.ts'
import type { Verified } from './group/change-deps.ts'
import { probeOf, type Plugins } from './plugin-binding.ts'
import type { SelfHealth } from './self-check.ts'
import { verifyPublicName } from './verification.ts'
import { WatchedPath } from './watched-path.ts'

/** What the watchers of all paths need. */
export interface PathWatchersOptions {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly log: Log
  readonly plugins: Plugins
  readonly settings: Settings
  readonly rules: RuleSet
  readonly onReport: (group: string, report: VantageReport) => void
  readonly onSample?: (sample: Sample) => void
  readonly onLag?: (ms: number) => void
}

interface RunningPath {
  readonly settings: PathSettings
  readonly watched: WatchedPath
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** Every path that this vantage looks at, by full name: a check session and the rules on it each. */
export class PathWatchers {
  readonly #options: PathWatchersOptions
  readonly #running = new Map<string, RunningPath>()
  #settings: Settings
  #rules: RuleSet
  #self: SelfHealth = { ok: true, says: 'not checked yet' }

  constructor(options: PathWatchersOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#rules = options.rules
  }

  watched(path: string): WatchedPath | undefined {
    return this.#running.get(path)?.watched
  }

  /** Starts to watch every path of a group that is not watched yet. */
  start(group: GroupSettings): void {
    for (const [name, check] of namedChecks(group)) {
      if (!this.#running.has(name)) this.#start(group.name, check)
    }
  }

  /** The vantage's own health: while it fails, nothing is known of any path. */
  self(health: SelfHealth): void {
    this.#self = health
    for (const { watched } of this.#running.values()) watched.self(health.ok, health.says)
  }

  /**
   * Takes a new configuration over: paths that are the same go on with their windows, the others
   * stop. Gives the names of those that are not configured any more. `start` begins what is new.
   */
  async reload(settings: Settings, rules: RuleSet): Promise<readonly string[]> {
    this.#settings = settings
    this.#rules = rules
    const wanted = new Map(settings.groups.flatMap((group) => namedChecks(group)))
    const ending: Promise<void>[] = []
    const gone: string[] = []
    for (const [name, running] of this.#running) {
      const next = wanted.get(name)
      if (next !== undefined && isSame(alone(next), alone(running.settings))) {
        running.watched.replaceRules(rulesOf(rules, name), this.#timingOf(next))
        continue
      }
      this.#running.delete(name)
      running.stop.abort()
      ending.push(running.done)
      if (next === undefined) gone.push(name)
    }
    await Promise.all(ending)
    return gone
  }

  async stop(): Promise<void> {
    const running = [...this.#running.values()]
    for (const each of running) each.stop.abort()
    await Promise.all(running.map((each) => each.done))
  }

  /** The pre-check of a target: one fresh look from this vantage, and no rule against it. */
  async look(group: string, path: string, signal: AbortSignal): Promise<Verified> {
    const watched = this.watched(`${group}/${path}`)
    if (watched === undefined) return { ok: false, says: `${path} is not watched here` }
    const sample = await watched.session.look('precheck', signal)
    if (sample === undefined) return { ok: false, says: 'no look was completed', isBlind: true }
    if (sample.outcome !== 'pass') {
      const isBlind = sample.outcome === 'unknown'
      return { ok: false, says: sample.reason ?? sample.outcome, ...(isBlind && { isBlind }) }
    }
    // What a vantage sees that has no network itself is no evidence, for a target either (invariant 6).
    if (!this.#self.ok) return { ok: false, says: this.#self.says, isBlind: true }
    const { report } = watched
    if (report.health === 'down') return { ok: false, says: report.says }
    const pending = report.pending.find((verdict) => verdict.class === 'down')
    if (pending !== undefined) return { ok: false, says: pending.says }
    return { ok: true, says: 'a fresh look passed' }
  }

  /** Fresh looks through the group's public name; where it has none, one at the target itself. */
  async verify(group: GroupSettings, target: string, signal: AbortSignal): Promise<Verified> {
    const verified = await this.#verify(group, target, signal)
    // What a vantage sees that has no network itself is no evidence (invariant 6).
    return verified.ok || this.#self.ok ? verified : { ...verified, isBlind: true }
  }

  async #verify(group: GroupSettings, target: string, signal: AbortSignal): Promise<Verified> {
    const { path, forMs } = group.verify
    if (path === undefined) {
      const own = await this.look(group.name, target, signal)
      return own.ok
        ? { ok: true, says: 'a fresh look at the target passed; no public name is configured' }
        : own
    }
    const { clock, random, net, processes, log, plugins } = this.#options
    return await verifyPublicName(
      {
        clock,
        random,
        net,
        processes,
        log,
        plugin: probeOf(plugins, path.type),
        settings: path,
        rules: rulesOf(this.#rules, `${group.name}/verify`),
        timing: this.#timingOf(path),
        vantage: this.#settings.vantage.name,
        path: `${group.name}/verify`,
        forMs,
      },
      signal,
    )
  }

  #start(group: string, path: PathSettings): void {
    const { clock, random, net, processes, log, plugins, onReport, onSample, onLag } = this.#options
    const full = `${group}/${path.name}`
    const vantage = this.#settings.vantage.name
    const plugin = probeOf(plugins, path.type)
    const watch = createPathWatch({
      path: full,
      vantage,
      rules: rulesOf(this.#rules, full),
      timing: this.#timingOf(path),
      probe: plugin,
      now: clock.now(),
    })
    const session = new CheckSession({
      clock,
      random,
      net,
      processes,
      log,
      plugin,
      settings: path,
      path: full,
      vantage,
      onSample: (sample) => {
        watched.apply(sample)
        onSample?.(sample)
      },
      onPicture: (picture) => watched.pictures.take(picture),
      ...(onLag !== undefined && { onLag }),
    })
    const watched: WatchedPath = new WatchedPath({
      clock,
      session,
      watch,
      onReport: (report) => onReport(group, report),
    })
    const stop = new AbortController()
    this.#running.set(full, { settings: path, watched, stop, done: watched.run(stop.signal) })
    // What was seen of another URL under this name is no evidence any more.
    onReport(group, watch.report)
    if (!this.#self.ok) watched.self(false, this.#self.says)
  }

  #timingOf(path: PathSettings): RuleTiming {
    return { ...this.#settings.timing, everyMs: path.everyMs }
  }
}

/** Every check of a group by its full name: its paths, and their witnesses. */
function namedChecks(group: GroupSettings): [string, PathSettings][] {
  return group.paths
    .flatMap((path) => [path, ...(path.witnesses ?? [])])
    .map((check) => [`${group.name}/${check.name}`, check])
}

/** Another witness is no reason to begin anew with the path. */
function alone(path: PathSettings): PathSettings {
  const { witnesses: _witnesses, ...own } = path
  return own
}

/** Equal settings, as far as configuration can tell: plain data in the order of the schema. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
