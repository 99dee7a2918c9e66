import { serving } from '../core/allocation.ts'
import type { Clock, Ids, Random } from '../core/clock.ts'
import type { Command, CommandResult } from '../core/command.ts'
import type { Mode } from '../core/group.ts'
import type { VantageReport } from '../core/health.ts'
import type { Log } from '../core/log.ts'
import type { Sample } from '../core/sample.ts'
import type { GroupSettings, PathSettings, RuleTiming, Settings } from '../core/settings.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import { isBadNow } from '../engine/quorum.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Published } from '../plugin/actuator.ts'
import type { Net } from '../plugin/net.ts'
import type { Delivery } from '../plugin/notifier.ts'
import type { Store } from '../plugin/store.ts'
import { createAlerting, type Alerting } from './alerting/alerting.ts'
import { CheckSession } from './check-session.ts'
import type { Verified } from './group/change.ts'
import { GroupController } from './group/group-controller.ts'
import { HealthBoard, type Transition } from './health-board.ts'
import { Installation } from './installation.ts'
import { JournalWriter } from './journal-writer.ts'
import { alertRoutes, bindActuators, probeOf, type Plugins } from './plugin-binding.ts'
import { runSelfCheck, type SelfHealth } from './self-check.ts'
import { verifyPublicName } from './verification.ts'
import { WatchedPath } from './watched-path.ts'

/** What is observed from outside: metrics hook in here. */
export interface WatchdogHooks {
  readonly onSample?: (sample: Sample) => void
  readonly onTransition?: (transition: Transition) => void
  readonly onLag?: (ms: number) => void
  readonly onPhase?: (phase: 'detect' | 'apply' | 'verify', ms: number) => void
  readonly onDelivered?: (route: string, delivery: Delivery) => void
  readonly onForget?: (path: string) => void
  /** A group was evaluated. */
  readonly onTurn?: () => void
}

export interface WatchdogOptions {
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly net: Net
  readonly store: Store
  readonly log: Log
  readonly plugins: Plugins
  readonly settings: Settings
  /** Rules of every pack, compiled against the probes' declarations. */
  readonly rules: RuleSet
  readonly lagMs: () => number
  readonly hooks?: WatchdogHooks
  /** Guards to leave out; only the mutation tests use it. */
  readonly withoutGuards?: readonly string[]
  /** Milliseconds between evaluations of a group when nothing changes. */
  readonly tickMs?: number
}

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
}

interface RunningGroup extends Running {
  readonly settings: GroupSettings
  readonly controller: GroupController
}

interface RunningPath extends Running {
  readonly settings: PathSettings
  readonly watched: WatchedPath
}

const maxLagMs = 1_000
const selfCheckEveryMs = 5_000

/** The whole watchdog: probes, rules, groups and alerting on one clock, built from one configuration. */
export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #board: HealthBoard
  readonly #installation: Installation
  readonly #journal: JournalWriter
  #alerting: Alerting
  readonly #groups = new Map<string, RunningGroup>()
  readonly #paths = new Map<string, RunningPath>()
  readonly #listeners = new Set<() => void>()
  readonly #owner: string
  readonly #stop = new AbortController()
  #settings: Settings
  #rules: RuleSet
  #self: SelfHealth = { ok: true, says: 'not checked yet' }
  #selfCheck: Running | undefined
  readonly startedAt: number

  constructor(options: WatchdogOptions) {
    const { clock, store, log, settings, hooks } = options
    this.#options = options
    this.#settings = settings
    this.#rules = options.rules
    this.#owner = options.ids.next()
    this.startedAt = clock.wall()
    this.#journal = new JournalWriter(store, log)
    this.#installation = new Installation(clock, settings.installation, settings.groups.length)
    this.#board = new HealthBoard({
      clock,
      staleAfterMs: settings.timing.staleAfterMs,
      onTransition: (transition) => {
        this.#journal.add(healthEntry(transition))
        hooks?.onTransition?.(transition)
        this.#changed()
      },
    })
    this.#alerting = this.#createAlerting(settings)
  }

  get settings(): Settings {
    return this.#settings
  }

  get self(): SelfHealth {
    return this.#self
  }

  get board(): HealthBoard {
    return this.#board
  }

  get alerting(): Alerting {
    return this.#alerting
  }

  /** Begins to watch. */
  async start(): Promise<void> {
    this.#journal.add({
      kind: 'boot',
      says: `Changeover starts: mode ${this.#settings.mode}, ${this.#settings.groups.length} groups, vantage ${this.#settings.vantage.name}`,
    })
    for (const group of this.#settings.groups) this.#startGroup(group)
    this.#startSelfCheck()
  }

  /** Stops everything and gives the leases back. Nothing fails over because we stopped. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const running = [...this.#groups.values(), ...this.#paths.values()]
    if (this.#selfCheck !== undefined) await this.#selfCheck.done
    for (const each of running) each.stop.abort()
    await Promise.all(running.map((each) => each.done))
    this.#journal.add({ kind: 'stop', says: 'Changeover stops; traffic stays as it is' })
    await this.#journal.flush()
    await this.#alerting.stop()
  }

  /**
   * Takes a new configuration over. Paths and groups that did not change go on undisturbed; health
   * windows survive wherever a rule did not change (invariant 46).
   */
  async reload(settings: Settings, rules: RuleSet): Promise<void> {
    const { clock } = this.#options
    const before = this.#settings
    this.#settings = settings
    this.#rules = rules
    this.#installation.configure(settings.installation, settings.groups.length)
    if (!isSame(before.notify, settings.notify) || before.publicUrl !== settings.publicUrl) {
      // What is open or undelivered lies in the store; the next one takes it up.
      await this.#alerting.stop()
      this.#alerting = this.#createAlerting(settings)
    }
    const wanted = new Map(settings.groups.map((group) => [group.name, group]))
    for (const [name, running] of this.#groups) {
      if (wanted.has(name)) continue
      this.#groups.delete(name)
      running.stop.abort()
      await running.done
      this.#alerting.conditions(name, [])
    }
    const paths = new Map(settings.groups.flatMap((group) => pathsOf(group)))
    for (const [name, running] of this.#paths) {
      const next = paths.get(name)
      if (next !== undefined && isSame(next, running.settings)) {
        running.watched.watch.replaceRules(rules, this.#timingOf(next), clock.now())
        continue
      }
      this.#paths.delete(name)
      running.stop.abort()
      await running.done
      if (next !== undefined) continue
      this.#board.forget(name)
      this.#options.hooks?.onForget?.(name)
    }
    for (const group of settings.groups) {
      const running = this.#groups.get(group.name)
      if (running === undefined) {
        this.#startGroup(group)
        continue
      }
      for (const [name, path] of pathsOf(group)) {
        if (!this.#paths.has(name)) this.#startPath(group, path)
      }
      if (!isSame(running.settings, group)) {
        running.controller.reconfigure(group, bindActuators(this.#options, group))
        this.#groups.set(group.name, { ...running, settings: group })
      }
    }
    this.#journal.add({ kind: 'config', says: 'the configuration was reloaded' })
    this.#changed()
  }

  /** Calls `listener` after anything changed that views show. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  controller(group: string): GroupController | undefined {
    return this.#groups.get(group)?.controller
  }

  watched(path: string): WatchedPath | undefined {
    return this.#paths.get(path)?.watched
  }

  async command(command: Command): Promise<CommandResult> {
    const controller = this.controller(command.group)
    if (controller !== undefined) return await controller.command(command)
    const known = [...this.#groups.keys()].join(', ')
    return {
      ok: false,
      code: 'not-found',
      says: `there is no group ${command.group}`,
      todo: `Groups: ${known}.`,
    }
  }

  /** What pull actuators of a group answer from. */
  published(group: string): Published | undefined {
    const running = this.#groups.get(group)
    if (running === undefined) return undefined
    const { situation, decision } = running.controller.snapshot()
    const { row } = situation.memory
    const allocation = row.published ?? row.allocation ?? {}
    const isAllDown = decision.kind === 'stay' && decision.state === 'ALL-DOWN'
    const isUnknown = serving(allocation).length === 0
    const serveAll = this.#settings.mode !== 'armed' || isAllDown || isUnknown
    return { allocation, serveAll }
  }

  /** Paths that carry a group's traffic, for refusing a reload that would remove one. */
  serving(group: string): string[] {
    return this.#groups.get(group)?.controller.serving() ?? []
  }

  #createAlerting(settings: Settings): Alerting {
    const { clock, ids, random, store, log, hooks } = this.#options
    return createAlerting({
      clock,
      ids,
      random,
      store,
      log,
      clearForMs: settings.timing.clearForMs,
      routes: alertRoutes(this.#options, settings),
      groups: settings.groups.map((group) => group.name),
      ...(settings.publicUrl !== undefined && { link: settings.publicUrl }),
      ...(hooks?.onDelivered !== undefined && { onDelivered: hooks.onDelivered }),
    })
  }

  #startGroup(group: GroupSettings): void {
    for (const [, path] of pathsOf(group)) this.#startPath(group, path)
    const { clock, ids, store, log, hooks } = this.#options
    const stop = new AbortController()
    const controller: GroupController = new GroupController({
      clock,
      ids,
      store,
      log,
      owner: this.#owner,
      settings: group,
      actuators: bindActuators(this.#options, group),
      installation: this.#installation,
      mode: (): Mode => this.#settings.mode,
      health: () => this.#board.health(this.#groups.get(group.name)?.settings ?? group),
      look: (path, signal) => this.#look(group, path, signal),
      verify: (path, signal) => this.#verify(group.name, path, signal),
      onChange: () => this.#changed(),
      onConditions: (conditions) => this.#alerting.conditions(group.name, conditions),
      tickMs: this.#options.tickMs ?? 1_000,
      onDecision: () => hooks?.onTurn?.(),
      ...(hooks?.onPhase !== undefined && { onPhase: hooks.onPhase }),
      ...(this.#options.withoutGuards !== undefined && {
        withoutGuards: this.#options.withoutGuards,
      }),
    })
    this.#groups.set(group.name, {
      settings: group,
      controller,
      stop,
      done: controller.run(stop.signal),
    })
  }

  #startPath(group: GroupSettings, path: PathSettings): void {
    const { clock, random, net, log, hooks } = this.#options
    const full = `${group.name}/${path.name}`
    const vantage = this.#settings.vantage.name
    const plugin = probeOf(this.#options.plugins, path.type)
    const watch = createPathWatch({
      path: full,
      vantage,
      rules: this.#rules,
      timing: this.#timingOf(path),
      probe: plugin,
      now: clock.now(),
    })
    const session = new CheckSession({
      clock,
      random,
      net,
      log,
      plugin,
      settings: path,
      path: full,
      vantage,
      onSample: (sample) => {
        this.#paths.get(full)?.watched.apply(sample)
        hooks?.onSample?.(sample)
      },
      ...(hooks?.onLag !== undefined && { onLag: hooks.onLag }),
    })
    const watched = new WatchedPath({
      clock,
      session,
      watch,
      onReport: (report) => this.receive(group.name, report),
    })
    if (!this.#self.ok) watched.self(false, this.#self.says)
    const stop = new AbortController()
    this.#paths.set(full, { settings: path, watched, stop, done: watched.run(stop.signal) })
  }

  /** Takes the report of a vantage: our own, or one that another process sent. */
  receive(group: string, report: VantageReport): void {
    const before = this.#board.reports(report.path).get(report.vantage)
    this.#board.report(report)
    const running = this.#groups.get(group)
    if (running === undefined) return
    const turned = before === undefined || isBadNow(before) !== isBadNow(report)
    if (turned || before.health !== report.health || before.suspect !== report.suspect) {
      this.#board.health(running.settings)
      running.controller.wake()
    }
    this.#changed()
  }

  #startSelfCheck(): void {
    const { clock, net, lagMs } = this.#options
    const done = runSelfCheck(
      {
        clock,
        net,
        lagMs,
        maxLagMs,
        everyMs: selfCheckEveryMs,
        reference: this.#settings.vantage.reference,
        onChange: (health) => {
          this.#self = health
          for (const path of this.#paths.values()) path.watched.self(health.ok, health.says)
          this.#changed()
        },
      },
      this.#stop.signal,
    )
    this.#selfCheck = { stop: this.#stop, done }
  }

  /** The pre-check of a target: one fresh look from this vantage, and no rule against it. */
  async #look(group: GroupSettings, path: string, signal: AbortSignal): Promise<Verified> {
    const watched = this.#paths.get(`${group.name}/${path}`)?.watched
    if (watched === undefined) return { ok: false, says: `${path} is not watched here` }
    const sample = await watched.session.look('precheck', signal)
    if (sample === undefined) return { ok: false, says: 'no look was completed' }
    if (sample.outcome !== 'pass') return { ok: false, says: sample.reason ?? sample.outcome }
    const { report } = watched
    if (report.health === 'down' || report.suspect) return { ok: false, says: report.says }
    return { ok: true, says: 'a fresh look passed' }
  }

  async #verify(group: string, target: string, signal: AbortSignal): Promise<Verified> {
    const settings = this.#groups.get(group)?.settings
    if (settings === undefined) return { ok: false, says: `${group} is not configured any more` }
    const { verify } = settings
    if (verify.path === undefined) {
      const own = await this.#look(settings, target, signal)
      return own.ok
        ? { ok: true, says: 'a fresh look at the target passed; no public name is configured' }
        : own
    }
    const { clock, random, net, log } = this.#options
    return await verifyPublicName(
      {
        clock,
        random,
        net,
        log,
        plugin: probeOf(this.#options.plugins, verify.path.type),
        settings: verify.path,
        rules: this.#rules,
        timing: this.#timingOf(verify.path),
        vantage: this.#settings.vantage.name,
        path: `${group}/verify`,
        forMs: verify.forMs,
      },
      signal,
    )
  }

  #timingOf(path: PathSettings): RuleTiming {
    return { ...this.#settings.timing, everyMs: path.everyMs }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

function pathsOf(group: GroupSettings): [string, PathSettings][] {
  return group.paths.map((path) => [`${group.name}/${path.name}`, path])
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function healthEntry({ group, path, from, to }: Transition) {
  return {
    kind: 'health' as const,
    group,
    path,
    says: `${path} is ${to.health}${from === undefined ? '' : `, was ${from.health}`}: ${to.says}`,
    data: { health: to.health, ...(to.diagnosis !== undefined && { diagnosis: to.diagnosis }) },
  }
}
