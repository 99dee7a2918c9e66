import type { Condition } from '../core/condition.ts'
import type { Command, CommandResult } from '../core/command.ts'
import type { StreamFault } from '../core/fault.ts'
import type { Mode } from '../core/group.ts'
import type { GroupSettings, Settings } from '../core/settings.ts'
import type { Published } from '../plugin/actuator.ts'
import type { Alerting } from './alerting/alerting-options.ts'
import { faultOf, withOrigin, withPlace } from './fault-places.ts'
import { GroupController } from './group/group-controller.ts'
import type { HealthBoard } from './health-board.ts'
import type { Installation } from './installation.ts'
import { isSame, type PathWatchers } from './path-watchers.ts'
import { bindActuators } from './plugin-binding.ts'
import { publishedOf } from './published.ts'
import { queueConditions } from './queue-conditions.ts'
import type { WatchdogOptions } from './watchdog-options.ts'

/** What the groups of a watchdog need of it. */
export interface RunningGroupsDeps {
  readonly options: WatchdogOptions
  /** Identity of this process as a lease owner. */
  readonly owner: string
  readonly installation: Installation
  readonly board: HealthBoard
  readonly paths: PathWatchers
  /** The configuration in force, and alerting built from it: another one after a reload. */
  readonly settings: () => Settings
  readonly alerting: () => Alerting
  /** That a group was not rehearsed for too long is told by whoever leads it, as everything else. */
  readonly overdue: (group: GroupSettings) => readonly Condition[]
  readonly onChange: () => void
}

/** A group with the controller that leads it. */
export interface RunningGroup {
  readonly settings: GroupSettings
  readonly controller: GroupController
}

interface Running extends RunningGroup {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** The groups of a watchdog by full name, each with its controller, from start to end. */
export class RunningGroups {
  readonly #deps: RunningGroupsDeps
  readonly #running = new Map<string, Running>()

  constructor(deps: RunningGroupsDeps) {
    this.#deps = deps
  }

  get(group: string): RunningGroup | undefined {
    return this.#running.get(group)
  }

  all(): Iterable<RunningGroup> {
    return this.#running.values()
  }

  start(group: GroupSettings): void {
    const { options, owner, installation, board, paths, settings, alerting, overdue, onChange } =
      this.#deps
    paths.start(group)
    const { clock, ids, store, log, hooks, tickMs, withoutGuards } = options
    const stop = new AbortController()
    const current = () => this.#running.get(group.name)?.settings ?? group
    const controller: GroupController = new GroupController({
      clock,
      ids,
      store,
      log,
      owner,
      settings: group,
      actuators: bindActuators(options, group),
      installation,
      mode: (): Mode => settings().mode,
      health: () => board.health(current()),
      look: (path, signal) => paths.look(group.name, path, signal),
      verify: (path, signal) => paths.verify(current(), path, signal),
      onChange,
      onConditions: (conditions) => {
        const fault = conditions.length === 0 ? undefined : this.fault(group.stream)
        const placed = withPlace(conditions, fault)
        const all = [...placed, ...overdue(current())]
        alerting().conditions(group.name, withOrigin(all, current()))
      },
      onAside: () => alerting().aside(group.name),
      tickMs: () => tickMs?.(settings()) ?? 1_000,
      onDecision: () => {
        this.#tellQueue()
        hooks?.onTurn?.()
      },
      ...(hooks?.onPhase !== undefined && { onPhase: hooks.onPhase }),
      ...(withoutGuards !== undefined && { withoutGuards }),
    })
    const done = controller.run(stop.signal)
    this.#running.set(group.name, { settings: group, controller, stop, done })
  }

  /** Ends what is not configured any more; nothing is wrong with a group that is gone. */
  async end(wanted: ReadonlySet<string>): Promise<void> {
    for (const [name, running] of this.#running) {
      if (wanted.has(name)) continue
      this.#running.delete(name)
      running.stop.abort()
      await running.done
      this.#deps.alerting().conditions(name, [])
    }
  }

  /** Starts a group, or hands it what changed in its configuration. */
  reload(group: GroupSettings): void {
    const running = this.#running.get(group.name)
    if (running === undefined) {
      this.start(group)
      return
    }
    if (isSame(running.settings, group)) {
      // The mode or the health of a path may be another one now.
      running.controller.wake()
      return
    }
    this.#running.set(group.name, { ...running, settings: group })
    this.#deps.paths.start(group)
    running.controller.reconfigure(group, bindActuators(this.#deps.options, group))
  }

  async stop(): Promise<void> {
    const groups = [...this.#running.values()]
    for (const each of groups) each.stop.abort()
    await Promise.all(groups.map((each) => each.done))
  }

  async command(command: Command): Promise<CommandResult> {
    const controller = this.get(command.group)?.controller
    if (controller !== undefined) return await controller.command(command)
    const known = [...this.#running.keys()].join(', ')
    return {
      ok: false,
      code: 'not-found',
      says: `there is no group ${command.group}`,
      todo: `Groups: ${known}.`,
    }
  }

  /** What pull actuators of a group answer from; `undefined` where there is no such group. */
  published(group: string): Published | undefined {
    const seen = this.get(group)?.controller.snapshot()
    if (seen === undefined) return undefined
    return publishedOf(seen.situation, seen.decision, this.#deps.settings().mode)
  }

  /** Where the fault of a stream lies, as far as its groups show it together. */
  fault(stream: string): StreamFault | undefined {
    const groups = this.#running
      .values()
      .filter(({ settings }) => settings.stream === stream)
      .map(({ settings, controller }) => ({
        settings,
        health: this.#deps.board.health(settings),
        serving: controller.serving(),
      }))
    return faultOf(stream, [...groups])
  }

  /** One incident for all groups that wait for the blast radius, however many (invariant 19). */
  #tellQueue(): void {
    const { options, installation, alerting } = this.#deps
    const wall = options.clock.wall()
    alerting().conditions('installation', queueConditions(installation.queue(), wall))
  }
}
