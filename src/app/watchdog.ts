import type { Command, CommandResult } from '../core/command.ts'
import type { StreamFault } from '../core/fault.ts'
import type { VantageReport } from '../core/health.ts'
import type { JournalDraft } from '../core/journal.ts'
import type { Settings } from '../core/settings.ts'
import { isBadNow } from '../engine/quorum.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Published } from '../plugin/actuator.ts'
import type { OutboxItem } from '../plugin/store.ts'
import { createAlerting } from './alerting/alerting.ts'
import type { Alerting } from './alerting/alerting-options.ts'
import { Drills } from './drills/drills.ts'
import type { GroupController } from './group/group-controller.ts'
import { HealthBoard } from './health-board.ts'
import { keepBeating } from './heartbeat.ts'
import { healthEntry } from './health-entry.ts'
import { Installation } from './installation.ts'
import { JournalWriter } from './journal-writer.ts'
import { stuckGroup } from './loop-health.ts'
import { settleChanges } from './settle-changes.ts'
import { isSame, PathWatchers } from './path-watchers.ts'
import { needsOf } from './path-trend.ts'
import { alertRoutes } from './plugin-binding.ts'
import { RunningGroups } from './running-groups.ts'
import { runSelfCheck, type SelfHealth } from './self-check.ts'
import { tappedStore } from './tapped-store.ts'
import type { WatchedPath } from './watched-path.ts'
import type { WatchdogOptions } from './watchdog-options.ts'

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
}

const maxLagMs = 1_000
const selfCheckEveryMs = 5_000
/** After so many the heartbeat goes silent (invariant 45). */
const missedEvaluations = 3

/** The whole watchdog: probes, rules, groups and alerting on one clock, built from one configuration. */
export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #board: HealthBoard
  readonly #installation: Installation
  readonly #journal: JournalWriter
  #alerting: Alerting
  readonly #groups: RunningGroups
  readonly #drills: Drills
  #rules: RuleSet
  readonly #paths: PathWatchers
  readonly #listeners = new Set<() => void>()
  #settings: Settings
  #self: SelfHealth = { ok: true, says: 'not checked yet' }
  #selfCheck: Running | undefined
  #heartbeat: AbortController | undefined
  /** Reloads and the end come one after the other. */
  #turn: Promise<void> = Promise.resolve()
  readonly #stopping = new AbortController()
  readonly startedAt: number

  constructor(options: WatchdogOptions) {
    const { clock, random, net, processes, log, plugins, settings, rules, hooks } = options
    // Drills, and people who want to know of changes, hear of everything that is written here, in order.
    const store = tappedStore(
      options.store,
      (entries) => {
        for (const entry of entries) this.#drills.entry(entry)
      },
      {
        of: (entries) => entries.flatMap((entry) => this.#noticesOf(entry)),
        send: (items) => this.#alerting.send(items),
      },
    )
    this.#options = { ...options, store }
    this.#rules = rules
    this.#settings = settings
    this.startedAt = clock.wall()
    this.#journal = new JournalWriter({ clock, store, log })
    this.#installation = new Installation(clock, settings.installation, settings.groups.length)
    this.#board = new HealthBoard({
      clock,
      rules: { rules, timing: settings.timing, probes: plugins.probes },
      onTransition: (transition) => {
        this.#journal.add(healthEntry(transition))
        hooks?.onTransition?.(transition)
        this.#changed()
      },
    })
    this.#paths = new PathWatchers({
      clock,
      random,
      net,
      processes,
      log,
      plugins,
      settings,
      rules,
      onReport: (group, report) => this.receive(group, report),
      ...(hooks?.onSample !== undefined && { onSample: hooks.onSample }),
      ...(hooks?.onLag !== undefined && { onLag: hooks.onLag }),
    })
    this.#alerting = this.#createAlerting(settings)
    const owner = options.ids.next()
    this.#groups = new RunningGroups({
      options: this.#options,
      owner,
      installation: this.#installation,
      board: this.#board,
      paths: this.#paths,
      settings: () => this.#settings,
      alerting: () => this.#alerting,
      overdue: (group) => this.#drills.overdue(group),
      onChange: () => this.#changed(),
    })
    this.#drills = new Drills({
      clock,
      ids: options.ids,
      random,
      net,
      processes,
      log,
      store,
      plugins,
      version: options.version ?? '',
      owner,
      ...(options.schedules !== undefined && { schedules: options.schedules }),
      ...(options.drillArchive !== undefined && { archive: options.drillArchive }),
      settings: () => this.#settings,
      rules: () => this.#rules,
      snapshot: (group) => this.controller(group)?.snapshot(),
      termOf: (group) => this.controller(group)?.term,
      command: (command) => this.command(command),
      incidents: () => this.#alerting.view(),
      look: (group, path, signal) => this.#paths.look(group, path, signal),
      onChange: () => this.#changed(),
    })
  }

  get drills(): Drills {
    return this.#drills
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
    for (const group of this.#settings.groups) this.#groups.start(group)
    this.#startSelfCheck()
    this.#startHeartbeat()
    this.#drills.start()
  }

  /** Stops everything and gives the leases back. Nothing fails over because we stopped. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#heartbeat?.abort()
    const drills = this.#drills.stop()
    await this.#inTurn(async () => {
      await Promise.all([this.#stopSelfCheck(), this.#paths.stop(), this.#groups.stop(), drills])
      this.#journal.add({ kind: 'stop', says: 'Changeover stops; traffic stays as it is' })
      await this.#journal.close()
      await this.#alerting.stop()
    })
  }

  /**
   * Takes a new configuration over, once no change is under way any more. Paths and groups that did not change go on undisturbed; health
   * windows survive wherever a rule did not change (invariant 46). `objection` is asked when open
   * changes are over, because they decide what serves; what it says is given back, and the old
   * configuration kept.
   */
  async reload(
    settings: Settings,
    rules: RuleSet,
    objection?: () => string | undefined,
  ): Promise<string | undefined> {
    let refusal: string | undefined
    await this.#inTurn(async () => {
      const { mode } = this.#settings
      await this.#settle(settings)
      refusal = objection?.()
      if (refusal !== undefined) this.#settings = { ...this.#settings, mode }
      else if (!this.#stopping.signal.aborted) await this.#reload(settings, rules)
    })
    return refusal
  }

  async #settle(settings: Settings): Promise<void> {
    // Whoever takes the power to act away means it now; everything else waits for open changes.
    if (settings.mode !== 'armed') this.#settings = { ...this.#settings, mode: settings.mode }
    const say = (groups: readonly string[]) =>
      this.#journal.add({
        kind: 'config',
        says: `a reload waits for the change of ${groups.join(', ')} to end`,
      })
    const { clock } = this.#options
    await settleChanges(clock, () => this.#groups.all(), say, this.#stopping.signal)
  }

  async #reload(settings: Settings, rules: RuleSet): Promise<void> {
    const before = this.#settings
    this.#settings = settings
    this.#rules = rules
    this.#drills.configure()
    this.#board.configure({ ...settings, rules, probes: this.#options.plugins.probes })
    this.#installation.configure(settings.installation, settings.groups.length)
    if (!isSame(alertingPart(before), alertingPart(settings))) {
      // What is open or undelivered lies in the store; the next one takes it up.
      await this.#alerting.stop()
      this.#alerting = this.#createAlerting(settings)
    }
    if (!isSame(before.heartbeat, settings.heartbeat)) {
      this.#heartbeat?.abort()
      this.#startHeartbeat()
    }
    if (!isSame(before.vantage.reference, settings.vantage.reference)) {
      await this.#stopSelfCheck()
      this.#startSelfCheck()
    }
    const wanted = new Set(settings.groups.map((group) => group.name))
    await this.#groups.end(wanted)
    for (const path of await this.#paths.reload(settings, rules)) {
      this.#board.forget(path)
      this.#options.hooks?.onForget?.(path)
    }
    for (const group of settings.groups) this.#groups.reload(group)
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
    return this.#paths.watched(path)
  }

  async command(command: Command): Promise<CommandResult> {
    return await this.#groups.command(command)
  }

  /** What pull actuators of a group answer from; `undefined` where there is no such group. */
  published(group: string): Published | undefined {
    return this.#groups.published(group)
  }

  /** Where the fault of a stream lies, as far as its groups show it together. */
  fault(stream: string): StreamFault | undefined {
    return this.#groups.fault(stream)
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
      trend: (group, path) => this.#trend(`${group}/${path}`),
      ...(settings.publicUrl !== undefined && {
        link: settings.publicUrl,
        picture: (group, path) =>
          this.watched(`${group}/${path}`)?.pictures.address(`${settings.publicUrl}`, group, path),
      }),
      ...(hooks?.onDelivered !== undefined && { onDelivered: hooks.onDelivered }),
    })
  }

  #noticesOf(entry: JournalDraft): readonly OutboxItem[] {
    const { tags } = this.#settings.groups.find(({ name }) => name === entry.group) ?? {}
    return this.#alerting.changes(entry, tags)
  }

  /** What the active rules of a path look at, as this vantage saw it. */
  #trend(path: string): string | undefined {
    const watched = this.watched(path)
    return watched?.trend.line(watched.report, needsOf(this.#rules, path))
  }

  /** Takes the report of a vantage: our own, or one that another process sent. */
  receive(group: string, given: VantageReport): void {
    const before = this.#board.reports(given.path).get(given.vantage)
    const report = this.#board.report(given)
    const running = this.#groups.get(group)
    if (running === undefined) return
    const turned = before === undefined || isBadNow(before) !== isBadNow(report)
    if (turned || before.health !== report.health || before.suspect !== report.suspect) {
      this.#board.health(running.settings)
      running.controller.wake()
    }
    this.#changed()
  }

  #stuckGroup(afterMs: number): string | undefined {
    const groups = [...this.#groups.all()].map(({ settings, controller }) => ({
      settings,
      snapshot: controller.snapshot(),
    }))
    return stuckGroup(groups, this.#options.clock.now(), afterMs)
  }

  #startHeartbeat(): void {
    const { heartbeat } = this.#settings
    if (heartbeat === undefined) return
    const { clock, net, log, hooks, tickMs } = this.#options
    this.#heartbeat = new AbortController()
    const evaluationMs = () => tickMs?.(this.#settings) ?? 1_000
    const options = {
      clock,
      net,
      ...heartbeat,
      stuck: () => this.#stuckGroup(missedEvaluations * evaluationMs()),
      onBeat: (says: string | undefined) => {
        if (says !== undefined) log.warn({ says }, 'the heartbeat was not taken')
        hooks?.onHeartbeat?.(says === undefined)
      },
    }
    void keepBeating(options, this.#heartbeat.signal)
  }

  #startSelfCheck(): void {
    const { clock, net, lagMs } = this.#options
    const stop = new AbortController()
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
          this.#paths.self(health)
          this.#changed()
        },
      },
      stop.signal,
    )
    this.#selfCheck = { stop, done }
  }

  async #stopSelfCheck(): Promise<void> {
    this.#selfCheck?.stop.abort()
    await this.#selfCheck?.done
  }

  /** Runs `work` after everything that was handed over before it. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    await turn
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** What alerting is built from: another one is built when this changes. */
function alertingPart({ notify, publicUrl, timing }: Settings): unknown {
  return [notify, publicUrl, timing.clearForMs]
}
