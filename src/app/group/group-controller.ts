import { describeAllocation, serving } from '../../core/allocation.ts'
import type { Clock, Ids } from '../../core/clock.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import type { Condition } from '../../core/condition.ts'
import type { GroupState, Mode } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Log } from '../../core/log.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { conditionsOf } from '../../engine/group/conditions.ts'
import { decide, type Decision } from '../../engine/group/decide.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import type { Store } from '../../plugin/store.ts'
import type { Installation } from '../installation.ts'
import { Latch } from '../latch.ts'
import { observeBounded, type BoundActuator } from './bound-actuator.ts'
import { freeze, makeChange, type ChangeDeps, type Verified } from './change.ts'
import { carryOutCommand } from './commands.ts'
import { GroupRecord, without } from './group-record.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import {
  acceptEdit,
  adoptWorld,
  readBack,
  type ActuatorReading,
  type ReadBack,
} from './read-back.ts'
import { judgeOpenIntent, recoveryWaitMs } from './recovery.ts'

/** What a group controller needs from the outside. */
export interface GroupControllerDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly store: Store
  readonly log: Log
  /** Identity of this process as a lease owner. */
  readonly owner: string
  readonly settings: GroupSettings
  readonly actuators: readonly BoundActuator[]
  readonly installation: Installation
  readonly mode: () => Mode
  /** Health by short path name, now. */
  readonly health: () => ReadonlyMap<string, PathHealth>
  /** One fresh look at a path: the pre-check of a target. */
  readonly look: (path: string, signal: AbortSignal) => Promise<Verified>
  /** Fresh looks through the public name until good, bad or out of time. */
  readonly verify: (target: string, signal: AbortSignal) => Promise<Verified>
  readonly onChange: () => void
  readonly onConditions: (conditions: readonly Condition[]) => void
  readonly onDecision?: (decision: Decision) => void
  readonly onPhase?: (phase: 'apply' | 'verify' | 'detect', ms: number) => void
  /** Guards to leave out; only the mutation tests use it. */
  readonly withoutGuards?: readonly string[]
  /** Milliseconds between evaluations when nothing changes. */
  readonly tickMs: number
}

/**
 * Leads one group: holds its lease, reads the world back, decides at each tick and after every
 * change of health, and carries changes out. One thing at a time; what happened meanwhile is seen
 * by the next decision, which is taken afresh.
 */
export class GroupController {
  readonly #deps: GroupControllerDeps
  readonly #lease: LeaseKeeper
  readonly #record: GroupRecord
  readonly #latch = new Latch()
  readonly #commands: { command: Command; answer: (answer: CommandResult) => void }[] = []
  #settings: GroupSettings
  #actuators: readonly BoundActuator[]
  #decision: Decision
  #state: GroupState = 'OBSERVE'
  #stateSince: number
  #busy: string | undefined
  #readings: readonly ActuatorReading[] = []
  #foreign: ReadBack | undefined
  #observedAt = Number.NEGATIVE_INFINITY
  #token: number | undefined
  #explained = ''
  #lastTurn: number

  constructor(deps: GroupControllerDeps) {
    const { clock, store, owner, settings } = deps
    this.#deps = deps
    this.#settings = settings
    this.#actuators = deps.actuators
    this.#stateSince = clock.now()
    this.#lastTurn = clock.now()
    this.#lease = new LeaseKeeper({
      clock,
      store,
      group: settings.name,
      owner,
      ttlMs: settings.leaseMs,
    })
    this.#record = new GroupRecord({ clock, store, owner, lease: this.#lease, settings })
    this.#decision = { kind: 'stay', state: 'OBSERVE', says: 'starting', guards: [] }
  }

  /** Evaluates again soon: health changed, or configuration did. */
  wake(): void {
    this.#latch.open()
  }

  /** Runs until `signal` aborts; then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const renewal = this.#keepLease(signal)
    while (!signal.aborted) {
      await this.turn(signal)
      await this.#latch.wait(this.#deps.clock, this.#deps.tickMs, signal)
    }
    await renewal
    await this.#lease.release()
  }

  /** New settings and actuators after a reload; health windows live elsewhere and survive. */
  reconfigure(settings: GroupSettings, actuators: readonly BoundActuator[]): void {
    this.#settings = settings
    this.#actuators = actuators
    this.#record.configure(settings)
    this.#record.remember((memory) => ({
      ...memory,
      readBack: false,
      observingSince: this.#deps.clock.now(),
    }))
    this.wake()
  }

  /** Hands over what a person wants; answered when it is done or refused. */
  async command(command: Command): Promise<CommandResult> {
    return await new Promise((answer) => {
      this.#commands.push({ command, answer })
      this.wake()
    })
  }

  /** Everything that views, metrics and pull actuators show of this group. */
  snapshot(): {
    readonly situation: Situation
    readonly decision: Decision
    readonly state: GroupState
    readonly stateSince: number
    readonly busy: string | undefined
    readonly readings: readonly ActuatorReading[]
    readonly lastTurn: number
  } {
    return {
      situation: this.#situation(),
      decision: this.#decision,
      state: this.#state,
      stateSince: this.#stateSince,
      busy: this.#busy,
      readings: this.#readings,
      lastTurn: this.#lastTurn,
    }
  }

  /** One evaluation: lease, row, open intent, read-back, people, decision. */
  async turn(signal: AbortSignal): Promise<void> {
    this.#lastTurn = this.#deps.clock.now()
    if (!(await this.#lead(signal))) return
    await this.#expireHold()
    await this.#serveCommand(signal)
    if (signal.aborted) return
    const decision = decide(this.#situation(), this.#deps.withoutGuards)
    await this.#show(decision)
    if (decision.kind === 'freeze') {
      await freeze(this.#changeDeps(), undefined, decision.says, [])
      this.wake()
    } else if (decision.kind === 'change') {
      await this.#change(decision.proposal, signal)
    }
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    while (await this.#deps.clock.sleep(this.#settings.renewMs, signal)) {
      if (this.#lease.current() === undefined || (await this.#lease.renew())) continue
      // Is the store down? People should hear of it before the lease has run out.
      await this.#record.probeStore()
      this.wake()
    }
  }

  /** Makes sure that this process leads, remembers the row, judged any open intent and read the world back. */
  async #lead(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#deps
    if (!this.#record.storeHealth.ok) await this.#record.probeStore()
    if (this.#lease.current() === undefined && !(await this.#lease.renew())) {
      await this.#record.probeStore()
      await this.#show(decide(this.#situation(), this.#deps.withoutGuards))
      return false
    }
    const token = this.#lease.current()?.token
    if (!this.#record.isLoaded || token !== this.#token) {
      if (!(await this.#record.load())) return false
      this.#token = token
      this.#chargeInstallation()
      this.#deps.onChange()
    }
    if (
      this.#record.memory.row.intent !== undefined &&
      this.#record.memory.row.frozen === undefined
    ) {
      this.#state = 'OBSERVE'
      this.#busy = 'an open intent of an earlier moment is being judged'
      const waitMs = recoveryWaitMs(this.#changeDeps())
      if (waitMs > 0 && !(await clock.sleep(waitMs, signal))) return false
      const judged = await judgeOpenIntent(this.#changeDeps(), signal)
      this.#busy = undefined
      if (!judged) return false
      this.wake()
    }
    return await this.#observe(signal)
  }

  /** Changes of an earlier process count for the blast radius too. */
  #chargeInstallation(): void {
    for (const change of this.#record.memory.changes) {
      this.#deps.installation.charge(change.intent, this.#settings.name, change.at)
    }
  }

  async #observe(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#deps
    const isDue = clock.now() - this.#observedAt >= this.#settings.observeEveryMs
    if (this.#record.memory.readBack && !isDue) return true
    const seen = await readBack(this.#changeDeps(), signal)
    if (signal.aborted) return false
    this.#observedAt = clock.now()
    this.#readings = seen.readings
    this.#foreign = seen.result === 'foreign' ? seen : undefined
    if (seen.result === 'unreadable') return this.#record.memory.readBack || this.#wait(seen.says)
    if (seen.result === 'foreign') return this.#wait(seen.says)
    if (this.#deps.mode() === 'off' && seen.result === 'first') return this.#wait('mode is off')
    if (seen.result === 'first') {
      if (!(await adoptWorld(this.#changeDeps(), seen.observed, undefined))) return false
    } else if (seen.result === 'edited' && this.#record.memory.row.frozen === undefined) {
      // While frozen the world is known to differ, and an `ack` takes it over as it is.
      const held = await acceptEdit(this.#changeDeps(), seen.observed, seen.says)
      if (!held) return false
    }
    this.#record.remember((memory) => ({ ...memory, readBack: true }))
    this.#deps.onChange()
    return true
  }

  async #wait(says: string): Promise<boolean> {
    await this.#show({ kind: 'stay', state: 'OBSERVE', says, guards: [] })
    await this.#serveCommand(new AbortController().signal)
    return false
  }

  async #expireHold(): Promise<void> {
    const { row, holdUntil } = this.#record.memory
    if (row.hold === undefined || holdUntil === undefined) return
    if (this.#deps.clock.now() < holdUntil) return
    const says = `the hold of ${row.hold.owner} expired: ${row.hold.reason}`
    await this.#record.save(
      (current) => ({ ...without(current, 'hold'), state: 'OBSERVE' }),
      [{ kind: 'release', group: this.#settings.name, actor: 'expiry', says }],
    )
    this.#startObserving()
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
    const next = this.#commands.shift()
    if (next === undefined) return
    const answer = await carryOutCommand(next.command, {
      change: this.#changeDeps(),
      situation: () => this.#situation(),
      foreign: this.#foreign,
      startObserving: () => this.#startObserving(),
      act: (proposal) => this.#change(proposal, signal),
    })
    next.answer(answer)
    this.#deps.onChange()
    this.wake()
  }

  /** Pre-check, then the change; decided once more in between on what is true by then. */
  async #change(proposal: Proposal, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    this.#enter('PRECHECK', `checking ${proposal.target} and the actuators`)
    const checkedAt = clock.now()
    const [look, expected] = await Promise.all([
      this.#deps.look(proposal.target, signal),
      this.#expectedVersions(proposal, signal),
    ])
    if (signal.aborted) return
    if (!expected.ok) {
      await this.#refuse(
        `an actuator is not ready, which is no fault of ${proposal.target}: ${expected.says}`,
      )
      return
    }
    if (!look.ok && proposal.person?.bypass.includes('precheck') !== true) {
      const until = clock.now() + this.#settings.precheckTtlMs
      const failed = { until, says: look.says }
      this.#record.remember((memory) => ({
        ...memory,
        rejected: new Map([...memory.rejected, [proposal.target, failed]]),
      }))
      await this.#refuse(`${proposal.target} failed its pre-check: ${look.says}`)
      this.wake()
      return
    }
    const again =
      proposal.person === undefined
        ? decide(this.#situation(), this.#deps.withoutGuards)
        : undefined
    const isFresh = clock.now() - checkedAt <= this.#settings.precheckTtlMs
    if (!isFresh || (again !== undefined && !isSame(again, proposal))) return this.wake()
    const guards = again?.guards ?? []
    this.#busy = `moving to ${proposal.target}`
    this.#enter('ACTUATE', this.#busy)
    await makeChange(this.#changeDeps(), proposal, guards, expected.versions, signal)
    this.#busy = undefined
    this.#observedAt = clock.now()
    this.wake()
  }

  /** The version of each push actuator right before a change; a target out of line is somebody's edit. */
  async #expectedVersions(
    proposal: Proposal,
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly versions: readonly (string | undefined)[] }
    | { readonly ok: false; readonly says: string }
  > {
    const { clock } = this.#deps
    const versions: (string | undefined)[] = []
    for (const { type, target, required } of this.#actuators) {
      if (target === undefined) {
        versions.push(undefined)
        continue
      }
      const read = await observeBounded(clock, target, this.#settings.callTimeoutMs, signal)
      if (!read.ok) {
        if (required) return { ok: false, says: `${type}: ${read.says}` }
        versions.push(undefined)
        continue
      }
      if (target.plan(read.observed, proposal.from).length > 0) {
        this.#startObserving()
        return {
          ok: false,
          says: `${type} shows ${describeAllocation(read.observed.allocation)}, not what was applied`,
        }
      }
      versions.push(read.observed.version)
    }
    return { ok: true, versions }
  }

  async #refuse(says: string): Promise<void> {
    if (says === this.#explained) return
    this.#explained = says
    await this.#record.append([{ kind: 'decision', group: this.#settings.name, says }])
  }

  /** Publishes a decision: state, journal where it changed, conditions for people. */
  async #show(decision: Decision): Promise<void> {
    const { clock } = this.#deps
    this.#decision = decision
    this.#deps.onDecision?.(decision)
    const state = stateOf(decision)
    const entries: JournalDraft[] = []
    const leads = this.#lease.current() !== undefined
    if (state !== this.#state) {
      entries.push({
        kind: 'state',
        group: this.#settings.name,
        says: `${this.#state} to ${state}: ${decision.says}`,
      })
    }
    const why = explanation(decision)
    if (why !== undefined && why.mark !== this.#explained) {
      entries.push({
        kind: 'decision',
        group: this.#settings.name,
        says: why.says,
        data: { guards: decision.guards },
      })
    }
    if (why !== undefined) this.#explained = why.mark
    else if (decision.kind === 'stay' && decision.state === 'STEADY') this.#explained = ''
    this.#enter(state, decision.says)
    if (entries.length > 0 && leads && this.#record.isLoaded) await this.#record.append(entries)
    if (leads || !this.#record.storeHealth.ok) {
      this.#deps.onConditions(conditionsOf(this.#situation(), decision, clock.wall()))
    }
  }

  #enter(state: GroupState, _says: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateSince = this.#deps.clock.now()
    this.#deps.onChange()
  }

  #situation(): Situation {
    return {
      settings: this.#settings,
      memory: this.#record.memory,
      paths: this.#deps.health(),
      mode: this.#deps.mode(),
      lease: this.#lease.current(),
      store: this.#record.storeHealth,
      installation: this.#deps.installation.ask(this.#settings.name),
      now: this.#deps.clock.now(),
    }
  }

  #changeDeps(): ChangeDeps {
    const { clock, ids, installation, verify, onPhase } = this.#deps
    return {
      clock,
      ids,
      settings: this.#settings,
      actuators: this.#actuators,
      record: this.#record,
      lease: this.#lease,
      installation,
      situation: () => this.#situation(),
      verify: (target, signal) => {
        this.#enter('VERIFY', `verifying ${target}`)
        return verify(target, signal)
      },
      onChange: this.#deps.onChange,
      ...(onPhase !== undefined && { onPhase }),
    }
  }

  /** Paths that carry traffic by the last applied allocation. */
  serving(): string[] {
    return serving(this.#record.memory.row.allocation ?? {})
  }
}

function stateOf(decision: Decision): GroupState {
  if (decision.kind === 'change') return 'EVALUATE'
  return decision.kind === 'freeze' ? 'FROZEN' : decision.state
}

/** The sentence to journal, and a mark without the numbers that count down in it. */
function explanation(
  decision: Decision,
): { readonly says: string; readonly mark: string } | undefined {
  if (decision.kind === 'change')
    return { says: decision.says, mark: `change ${decision.proposal.target}` }
  if (decision.kind === 'freeze') return { says: decision.says, mark: 'freeze' }
  if (decision.whyNot === undefined) return undefined
  const mark = `${decision.state} ${decision.whyNot.guard} ${decision.would?.target ?? ''}`
  return { says: decision.says, mark }
}

function isSame(decision: Decision, proposal: Proposal): boolean {
  return (
    decision.kind === 'change' &&
    decision.proposal.reason === proposal.reason &&
    decision.proposal.target === proposal.target
  )
}
