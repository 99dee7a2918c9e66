import { describeAllocation, serving } from '../../core/allocation.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { decide, type Decision } from '../../engine/group/decide.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import { Latch } from '../latch.ts'
import type { BoundActuator } from './bound-actuator.ts'
import { makeChange } from './change.ts'
import type { ChangeDeps, Verified } from './change-deps.ts'
import type { GroupControllerDeps, GroupSnapshot } from './controller-deps.ts'
import type { CommandContext, Weigh } from './commands.ts'
import { EffectWatch } from './effect-watch.ts'
import { FailureCount } from './failure-count.ts'
import { settleDrill } from './drill-over.ts'
import { expireHold } from './expire-hold.ts'
import { freeze } from './give-up.ts'
import { GroupRecord } from './group-record.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { GroupVoice } from './group-voice.ts'
import { stay } from './narrator.ts'
import { beingStopped, PeopleQueue } from './people-queue.ts'
import { prepareChange } from './prepare-change.ts'
import { keepPaging } from './keep-paging.ts'
import { settleIntent } from './recovery.ts'
import { standInLine } from './stand-in-line.ts'
import { verifyLooks } from './verify-looks.ts'
import { WorldReader } from './world-reader.ts'

/**
 * Leads one group: holds its lease, reads the world back, decides at each tick and after every
 * change of health, and carries changes out. One thing at a time; what happened meanwhile is seen
 * by the next decision, which is taken afresh.
 */
export class GroupController {
  readonly #deps: GroupControllerDeps
  readonly #lease: LeaseKeeper
  readonly #record: GroupRecord
  readonly #failures: FailureCount
  readonly #latch = new Latch()
  readonly #people = new PeopleQueue()
  readonly #voice: GroupVoice
  readonly #world: WorldReader
  readonly #effects: EffectWatch
  #settings: GroupSettings
  #actuators: readonly BoundActuator[]
  #busy: string | undefined
  #token: number | undefined
  #lastTurn: number
  #isOver = false
  /** A configuration that waits until the change under way is over. */
  #next: (() => void) | undefined

  constructor(deps: GroupControllerDeps) {
    const { clock, store, owner, settings } = deps
    this.#deps = deps
    this.#settings = settings
    this.#actuators = deps.actuators
    this.#lastTurn = clock.now()
    this.#lease = new LeaseKeeper({
      clock,
      store,
      group: settings.name,
      owner,
      ttlMs: settings.leaseMs,
      callTimeoutMs: settings.callTimeoutMs,
    })
    this.#record = new GroupRecord({ clock, store, owner, lease: this.#lease, settings })
    this.#failures = new FailureCount(clock, this.#record)
    this.#voice = new GroupVoice({
      ...deps,
      group: settings.name,
      record: this.#record,
      lease: this.#lease,
      situation: () => this.#situation(),
    })
    this.#world = new WorldReader(clock)
    this.#effects = new EffectWatch({ ...deps, record: this.#record, lease: this.#lease })
  }

  /** Evaluates again soon: health changed, or configuration did. */
  wake(): void {
    this.#latch.open()
  }

  /** Runs until `signal` aborts; then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const paging = {
      clock: this.#deps.clock,
      tickMs: this.#deps.tickMs,
      shownAt: () => this.#voice.shownAt,
      situation: () => this.#situation(),
      decide: () => decide(this.#situation(), this.#deps.withoutGuards),
      now: () => ({ state: this.#voice.state, busy: this.#busy }),
      show: (decision: Decision) => this.#voice.put(decision),
      tell: (decision: Decision) => this.#voice.tell(decision),
    }
    const lease = {
      everyMs: () => this.#settings.renewMs,
      // Is the store down? People should hear of it before the lease has run out.
      onLost: async () => {
        await this.#record.probeStore()
        this.wake()
      },
    }
    const others = [this.#lease.keep(lease, signal), keepPaging(paging, signal)]
    while (!signal.aborted) {
      try {
        // What else is due at this moment is seen first: other paths' limits before our writes.
        await this.#deps.clock.sleep(0, signal)
        await this.turn(signal)
      } catch (error) {
        await this.#survive(error)
      }
      await this.#latch.wait(this.#deps.clock, this.#deps.tickMs(), signal)
    }
    await Promise.all([...others, this.#effects.end()])
    this.#isOver = true
    this.#people.refuseAll(beingStopped.says)
    await this.#lease.release()
  }

  /** A defect of a plug-in or of ours must not end the loop: it is told, and the next turn begins afresh. */
  async #survive(error: unknown): Promise<void> {
    const says = error instanceof Error ? error.message : String(error)
    this.#deps.log.error({ group: this.#settings.name, error: says }, 'an evaluation failed')
    this.#busy = undefined
    this.#record.forget()
    this.#voice.cry(stay('BLIND', `the evaluation itself failed, which is a defect: ${says}`))
  }

  /**
   * New settings and actuators after a reload, taken over between two evaluations: a change under
   * way comes to its end under the old ones. Health windows live elsewhere and survive.
   */
  reconfigure(settings: GroupSettings, actuators: readonly BoundActuator[]): void {
    this.#next = () => {
      this.#settings = settings
      this.#actuators = actuators
      this.#record.configure(settings)
      this.#effects.reconfigure(actuators, settings)
      this.#startObserving()
    }
    this.wake()
  }

  /** Hands over what a person wants; answered when it is done or refused. */
  async command(command: Command): Promise<CommandResult> {
    if (this.#isOver) return beingStopped
    const answer = this.#people.add(command)
    this.wake()
    return await answer
  }

  /** The fencing token of the lease that is held now; `undefined` where another process leads. */
  get term(): number | undefined {
    return this.#lease.current()?.token
  }

  /** Everything that views, metrics and pull actuators show of this group. */
  snapshot(): GroupSnapshot {
    return {
      situation: this.#situation(),
      decision: this.#voice.decision,
      state: this.#voice.state,
      stateSince: this.#voice.stateSince,
      busy: this.#busy,
      readings: this.#world.readings,
      lastTurn: this.#lastTurn,
    }
  }

  /** One evaluation: lease, row, open intent, read-back, people, decision. */
  async turn(signal: AbortSignal): Promise<void> {
    this.#lastTurn = this.#deps.clock.now()
    this.#next?.()
    this.#next = undefined
    if (!(await this.#lead(signal))) return
    if (await expireHold(this.#changeDeps())) this.#startObserving()
    await settleDrill(this.#changeDeps())
    await this.#serveCommand(signal)
    if (signal.aborted) return
    this.#failures.count(this.#deps.health(), this.#settings)
    const decision = decide(this.#situation(), this.#deps.withoutGuards)
    await this.#voice.show(decision)
    standInLine(this.#deps.installation, this.#settings, decision)
    if (decision.kind === 'stay') await this.#failures.keep()
    if (decision.kind === 'freeze') {
      await freeze(this.#changeDeps(), undefined, decision.says, [])
      this.wake()
    } else if (decision.kind === 'change') {
      await this.#change(decision.proposal, signal)
      this.#deps.installation.tried(this.#settings.name)
    }
  }

  /** Makes sure that this process leads, remembers the row, judged any open intent and read the world back. */
  async #lead(signal: AbortSignal): Promise<boolean> {
    if (!this.#record.storeHealth.ok) await this.#record.probeStore()
    if (this.#lease.current() === undefined && !(await this.#lease.renew())) {
      await this.#stepAside()
      return false
    }
    const token = this.#lease.current()?.token
    if (!this.#record.isLoaded || token !== this.#token) {
      if (!(await this.#record.load())) return await this.#wait('the store cannot be read', signal)
      this.#token = token
      this.#deps.installation.recall(this.#settings.name, this.#record.memory.changes)
      this.#deps.onChange()
    }
    if (
      this.#record.memory.row.intent !== undefined &&
      this.#record.memory.row.frozen === undefined
    ) {
      this.#voice.enter('OBSERVE')
      this.#busy = 'an open intent of an earlier moment is being judged'
      const says = await settleIntent(this.#changeDeps(), signal)
      this.#endBusy()
      if (signal.aborted) return false
      if (says !== undefined) return await this.#wait(says, signal)
      this.wake()
    }
    if (!(await this.#observe(signal))) return false
    this.#effects.takeOver(this.#actuators, this.#settings)
    return true
  }

  /** Who watches the evaluations from outside counts from here: this one took as long as its change. */
  #endBusy(): void {
    this.#busy = undefined
    this.#lastTurn = this.#deps.clock.now()
  }

  /** Another process leads, or the store is down: nothing is decided here, and nobody is kept waiting. */
  async #stepAside(): Promise<void> {
    const { clock } = this.#deps
    const isWritable = await this.#record.probeStore()
    if (isWritable && this.#world.isDue(clock.now(), this.#settings.observeEveryMs)) {
      this.#world.seen()
      this.#record.forget()
      if (await this.#record.follow())
        this.#deps.installation.recall(this.#settings.name, this.#record.memory.changes)
      this.#deps.onChange()
    }
    const { ok, says } = this.#record.storeHealth
    const why = ok
      ? `another process leads ${this.#settings.name}`
      : `the store cannot be written: ${says}`
    this.#people.refuseAll(why)
    await this.#voice.show(decide(this.#situation(), this.#deps.withoutGuards))
  }

  async #observe(signal: AbortSignal): Promise<boolean> {
    const says = await this.#world.observe(
      {
        change: this.#changeDeps(),
        mode: this.#deps.mode(),
        everyMs: this.#settings.observeEveryMs,
      },
      signal,
    )
    if (says === undefined) return true
    return says === 'stopped' ? false : await this.#wait(says, signal)
  }

  /** Nothing can be decided now: people hear why, and what they ask for is still served. */
  async #wait(says: string, signal: AbortSignal): Promise<false> {
    await this.#voice.show(stay('OBSERVE', says))
    await this.#serveCommand(signal)
    return false
  }

  #startObserving(): void {
    this.#record.remember((memory) => ({
      ...memory,
      readBack: false,
      observingSince: this.#deps.clock.now(),
    }))
    this.wake()
  }

  async #serveCommand(signal: AbortSignal): Promise<void> {
    const isServed = await this.#people.serveNext({
      ...this.#commandContext(),
      act: (proposal, weigh) => this.#change(proposal, signal, weigh),
    })
    if (!isServed) return
    this.#deps.onChange()
    this.wake()
  }

  #commandContext(): Omit<CommandContext, 'act'> {
    return {
      change: this.#changeDeps(),
      owner: this.#deps.owner,
      situation: () => this.#situation(),
      foreign: this.#world.foreign,
      startObserving: () => this.#startObserving(),
    }
  }

  /** Pre-check, then the change; decided once more in between on what is true by then. Why it was not made, where it was not. */
  async #change(
    proposal: Proposal,
    signal: AbortSignal,
    weigh?: Weigh,
  ): Promise<string | undefined> {
    this.#voice.enter('PRECHECK')
    const prepared = await prepareChange(
      {
        change: this.#changeDeps(),
        look: this.#deps.look,
        serveHolds: () => this.#people.serveHolds(this.#commandContext()),
        decideAgain: () => decide(this.#situation(), this.#deps.withoutGuards),
        ...(weigh !== undefined && { weigh }),
      },
      proposal,
      signal,
    )
    if (prepared.result === 'stopped') return 'stopped'
    if (prepared.result === 'not-now') {
      if (prepared.isEdited) this.#startObserving()
      if (prepared.says !== undefined) await this.#voice.refuse(prepared.says)
      if (prepared.isOpen) this.wake()
      return prepared.says
    }
    this.#busy = `moving to ${describeAllocation(proposal.to)}`
    this.#voice.enter('ACTUATE')
    await makeChange(this.#changeDeps(), proposal, prepared.guards, prepared.versions, signal)
    this.#endBusy()
    this.#world.seen()
    this.wake()
    return undefined
  }

  async #verify(targets: readonly string[], signal: AbortSignal): Promise<Verified> {
    this.#voice.enter('VERIFY')
    return await verifyLooks(
      {
        clock: this.#deps.clock,
        settings: this.#settings,
        verify: this.#deps.verify,
        serveHolds: () => this.#people.serveHolds(this.#commandContext()),
      },
      targets,
      signal,
    )
  }

  #situation(): Situation {
    return {
      settings: this.#settings,
      memory: this.#record.memory,
      paths: this.#deps.health(),
      mode: this.#deps.mode(),
      lease: this.#lease.current(),
      store: this.#record.storeHealth,
      installation: this.#deps.installation.ask(this.#settings.name, this.#settings.priority),
      owner: this.#deps.owner,
      actuators: this.#world.readings,
      effect: this.#effects.effect,
      now: this.#deps.clock.now(),
      wall: this.#deps.clock.wall(),
    }
  }

  #changeDeps(): ChangeDeps {
    const { clock, ids, installation, onPhase } = this.#deps
    return {
      clock,
      ids,
      settings: this.#settings,
      actuators: this.#actuators,
      record: this.#record,
      lease: this.#lease,
      installation,
      situation: () => this.#situation(),
      verify: (targets, signal) => this.#verify(targets, signal),
      onChange: this.#deps.onChange,
      onApplied: (intent) => this.#effects.begin(intent, this.#actuators, this.#settings),
      ...(onPhase !== undefined && { onPhase }),
    }
  }

  /** Paths that carry traffic by the last applied allocation, or are about to. */
  serving(): string[] {
    const { allocation, intent } = this.#record.memory.row
    return [...new Set([...serving(allocation ?? {}), ...serving(intent?.to ?? {})])]
  }
}
