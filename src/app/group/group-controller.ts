import { serving } from '../../core/allocation.ts'
import { withDeadline, type Clock, type Ids } from '../../core/clock.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import type { Condition } from '../../core/condition.ts'
import type { GroupState, GuardAnswer, Mode } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Log } from '../../core/log.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { conditionsOf } from '../../engine/group/conditions.ts'
import { decide, type Decision } from '../../engine/group/decide.ts'
import { firstVeto } from '../../engine/group/guards.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import type { Store } from '../../plugin/store.ts'
import type { Installation } from '../installation.ts'
import { Latch } from '../latch.ts'
import type { BoundActuator } from './bound-actuator.ts'
import { makeChange } from './change.ts'
import type { ChangeDeps, Verified } from './change-deps.ts'
import { carryOutCommand, type Weigh } from './commands.ts'
import { expectedVersions } from './expected-versions.ts'
import { FailureCount } from './failure-count.ts'
import { freeze } from './give-up.ts'
import { GroupRecord, without } from './group-record.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import {
  acceptEdit,
  acceptSplit,
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
  /** Another process leads: what goes on, and when it is over, is for that one to tell. */
  readonly onAside?: () => void
  readonly onDecision?: (decision: Decision) => void
  readonly onPhase?: (phase: 'apply' | 'verify' | 'detect', ms: number) => void
  /** Guards to leave out; only the mutation tests use it. */
  readonly withoutGuards?: readonly string[]
  /** Milliseconds between evaluations when nothing changes. */
  readonly tickMs: number
}

/** Between two looks of a verification, and what a look may take beyond its time. */
const verifyPauseMs = 1_000
const verifyMarginMs = 5_000

const stopped = {
  says: 'this group is being stopped',
  todo: 'Ask the process that leads, or try again in a moment.',
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
  readonly #failures: FailureCount
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
  #shownAt: number
  #isSplit = false
  #isOver = false
  /** A configuration that waits until the change under way is over. */
  #next: (() => void) | undefined

  constructor(deps: GroupControllerDeps) {
    const { clock, store, owner, settings } = deps
    this.#deps = deps
    this.#settings = settings
    this.#actuators = deps.actuators
    this.#stateSince = clock.now()
    this.#lastTurn = clock.now()
    this.#shownAt = clock.now()
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
    this.#decision = { kind: 'stay', state: 'OBSERVE', says: 'starting', guards: [] }
  }

  /** Evaluates again soon: health changed, or configuration did. */
  wake(): void {
    this.#latch.open()
  }

  /** Runs until `signal` aborts; then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const others = [this.#keepLease(signal), this.#keepPaging(signal)]
    while (!signal.aborted) {
      try {
        // What else is due at this moment is seen first: other paths' limits before our writes.
        await this.#deps.clock.sleep(0, signal)
        await this.turn(signal)
      } catch (error) {
        await this.#survive(error)
      }
      await this.#latch.wait(this.#deps.clock, this.#deps.tickMs, signal)
    }
    await Promise.all(others)
    this.#isOver = true
    this.#refuseCommands(stopped.says)
    await this.#lease.release()
  }

  /** A defect of a plug-in or of ours must not end the loop: it is told, and the next turn begins afresh. */
  async #survive(error: unknown): Promise<void> {
    const says = error instanceof Error ? error.message : String(error)
    this.#deps.log.error({ group: this.#settings.name, error: says }, 'an evaluation failed')
    this.#busy = undefined
    this.#record.forget()
    const decision = stay('BLIND', `the evaluation itself failed, which is a defect: ${says}`)
    this.#decision = decision
    this.#tell(decision)
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
      this.#startObserving()
    }
    this.wake()
  }

  /** Hands over what a person wants; answered when it is done or refused. */
  async command(command: Command): Promise<CommandResult> {
    if (this.#isOver) return { ok: false, code: 'unavailable', ...stopped }
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
    this.#next?.()
    this.#next = undefined
    if (!(await this.#lead(signal))) return
    await this.#expireHold()
    await this.#serveCommand(signal)
    if (signal.aborted) return
    this.#failures.count(this.#deps.health(), this.#settings)
    const decision = decide(this.#situation(), this.#deps.withoutGuards)
    await this.#show(decision)
    this.#line(decision)
    if (decision.kind === 'stay') await this.#failures.keep()
    if (decision.kind === 'freeze') {
      await freeze(this.#changeDeps(), undefined, decision.says, [])
      this.wake()
    } else if (decision.kind === 'change') {
      await this.#change(decision.proposal, signal)
      this.#deps.installation.tried(this.#settings.name)
    }
  }

  /** Stands in line for the blast radius as long as nothing else keeps a change from being made. */
  #line(decision: Decision): void {
    const { installation } = this.#deps
    const { name, priority } = this.#settings
    const vetoes = decision.guards.filter((answer) => !answer.pass)
    const isDue = decision.kind === 'change' || vetoes.length > 0
    const waits = isDue && vetoes.every((answer) => answer.guard === 'blast-radius')
    const isUrgent = decision.kind === 'change' && decision.proposal.reason !== 'failback'
    const isStuck = decision.kind === 'stay' && decision.state === 'EVALUATE'
    if (waits && decision.kind !== 'freeze') {
      installation.want(name, priority, isUrgent || isStuck)
    } else installation.leave(name)
  }

  /**
   * While an evaluation takes long (a change under way, a store or a target that does not answer),
   * people still hear of what is wrong: paging waits for nothing (invariant 43).
   */
  async #keepPaging(signal: AbortSignal): Promise<void> {
    const { clock, tickMs } = this.#deps
    while (await clock.sleep(tickMs, signal)) {
      if (clock.now() - this.#shownAt < 2 * tickMs) continue
      const decision = decide(this.#situation(), this.#deps.withoutGuards)
      const now =
        decision.kind === 'stay' ? decision : stay(this.#state, this.#busy ?? decision.says)
      const conditions = conditionsOf(this.#situation(), now, clock.wall())
      // What is not urgent waits for the end, when more is known of it.
      if (conditions.some((condition) => condition.severity === 'critical')) this.#tell(now)
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
      await this.#stepAside()
      return false
    }
    const token = this.#lease.current()?.token
    if (!this.#record.isLoaded || token !== this.#token) {
      if (!(await this.#record.load())) return await this.#wait('the store cannot be read', signal)
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
      const says = await judgeOpenIntent(this.#changeDeps(), signal)
      this.#endBusy()
      if (says !== undefined || this.#record.memory.row.intent !== undefined) {
        return await this.#wait(
          `an open intent waits to be judged: ${says ?? 'not recorded'}`,
          signal,
        )
      }
      this.wake()
    }
    return await this.#observe(signal)
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
    if (isWritable && clock.now() - this.#observedAt >= this.#settings.observeEveryMs) {
      this.#observedAt = clock.now()
      this.#record.forget()
      if (await this.#record.follow()) this.#chargeInstallation()
      this.#deps.onChange()
    }
    const { ok, says } = this.#record.storeHealth
    const why = ok
      ? `another process leads ${this.#settings.name}`
      : `the store cannot be written: ${says}`
    this.#refuseCommands(why)
    await this.#show(decide(this.#situation(), this.#deps.withoutGuards))
  }

  #refuseCommands(says: string): void {
    const { todo } = stopped
    for (const { answer } of this.#commands.splice(0)) {
      answer({ ok: false, code: 'unavailable', says, todo })
    }
  }

  /** Changes of an earlier process count for the blast radius too, and those of other leaders. */
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
    if (seen.result === 'unreadable') {
      return this.#record.memory.readBack || (await this.#wait(seen.says, signal))
    }
    if (seen.result === 'foreign') return await this.#wait(seen.says, signal)
    if (this.#deps.mode() === 'off' && seen.result === 'first') {
      return await this.#wait('mode is off', signal)
    }
    if (!(await this.#believe(seen))) return await this.#wait('the world is not recorded', signal)
    this.#record.remember((memory) => ({ ...memory, readBack: true }))
    this.#deps.onChange()
    return true
  }

  /** Takes into the row what was read back; false where that could not be recorded. */
  async #believe(seen: ReadBack): Promise<boolean> {
    const { frozen, hold } = this.#record.memory.row
    if (seen.result === 'first') {
      return await adoptWorld(this.#changeDeps(), seen.observed, undefined)
    }
    const wasSplit = this.#isSplit
    this.#isSplit = seen.result === 'split'
    // While frozen the world is known to differ, and an `ack` takes it over as it is.
    if (frozen !== undefined) return true
    if (seen.result === 'edited') {
      return await acceptEdit(this.#changeDeps(), seen.observed, seen.says)
    }
    if (seen.result !== 'split' || (wasSplit && hold !== undefined)) return true
    if (!wasSplit) return await acceptSplit(this.#changeDeps(), seen.says)
    const says = `the targets disagree, and nobody brought them in line: ${seen.says}`
    await freeze(this.#changeDeps(), undefined, says, [])
    return true
  }

  /** Nothing can be decided now: people hear why, and what they ask for is still served. */
  async #wait(says: string, signal: AbortSignal): Promise<false> {
    await this.#show(stay('OBSERVE', says))
    await this.#serveCommand(signal)
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
      act: (proposal, weigh) => this.#change(proposal, signal, weigh),
    })
    next.answer(answer)
    this.#deps.onChange()
    this.wake()
  }

  /** A hold does not wait for the end of a change: before the next write begins, it is in force. */
  async #serveHolds(): Promise<void> {
    for (;;) {
      const at = this.#commands.findIndex(({ command }) => command.kind === 'hold')
      const each = this.#commands[at]
      if (each === undefined) return
      this.#commands.splice(at, 1)
      each.answer(
        await carryOutCommand(each.command, {
          change: this.#changeDeps(),
          situation: () => this.#situation(),
          foreign: this.#foreign,
          startObserving: () => this.#startObserving(),
          act: async () => {},
        }),
      )
    }
  }

  /** Pre-check, then the change; decided once more in between on what is true by then. */
  async #change(proposal: Proposal, signal: AbortSignal, weigh?: Weigh): Promise<void> {
    const { clock } = this.#deps
    this.#enter('PRECHECK')
    const checkedAt = clock.now()
    const [look, expected] = await Promise.all([
      this.#look(proposal.target, signal),
      expectedVersions(this.#changeDeps(), proposal, signal),
    ])
    if (signal.aborted) return
    if (!expected.ok) {
      if (expected.isEdited) this.#startObserving()
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
    await this.#serveHolds()
    if (clock.now() - checkedAt > this.#settings.precheckTtlMs) {
      await this.#refuse(`the pre-check of ${proposal.target} took too long`)
      return
    }
    const guards = weigh === undefined ? this.#stillWanted(proposal) : weigh().guards
    const veto = guards === undefined ? undefined : firstVeto(guards)
    if (guards === undefined || veto !== undefined) {
      if (veto !== undefined) await this.#refuse(`${veto.guard}: ${veto.says}`)
      this.wake()
      return
    }
    this.#busy = `moving to ${proposal.target}`
    this.#enter('ACTUATE')
    await makeChange(this.#changeDeps(), proposal, guards, expected.versions, signal)
    this.#endBusy()
    this.#observedAt = clock.now()
    this.wake()
  }

  /** The guards' answers if the same change would be decided now. */
  #stillWanted(proposal: Proposal): readonly GuardAnswer[] | undefined {
    const again = decide(this.#situation(), this.#deps.withoutGuards)
    return again.kind === 'change' && isSame(again.proposal, proposal) ? again.guards : undefined
  }

  /** One look, bounded: a probe that hangs must not hold the decision. */
  async #look(path: string, signal: AbortSignal): Promise<Verified> {
    const { clock, look } = this.#deps
    const seen = await withDeadline(clock, this.#settings.precheckTtlMs, signal, (inner) =>
      look(path, inner),
    )
    return seen ?? { ok: false, says: 'no look was completed in time' }
  }

  /**
   * Fresh looks at what was applied, until one is good or the time is up: one bad look in the
   * beginning is no verdict. Holds that come meanwhile are in force before anything else is written.
   */
  async #verify(target: string, signal: AbortSignal): Promise<Verified> {
    const { clock, verify } = this.#deps
    this.#enter('VERIFY')
    const { forMs } = this.#settings.verify
    const until = clock.now() + forMs
    const ended = new AbortController()
    const holds = this.#serveHoldsUntil(ended.signal)
    let seen: Verified | undefined
    do {
      const leftMs = Math.max(until - clock.now(), 0) + verifyMarginMs
      seen = await withDeadline(clock, leftMs, signal, (inner) => verify(target, inner))
      if (seen?.ok === true) break
    } while (clock.now() + verifyPauseMs < until && (await clock.sleep(verifyPauseMs, signal)))
    ended.abort()
    await holds
    await this.#serveHolds()
    return seen ?? { ok: false, says: `no look was completed in time`, isBlind: true }
  }

  async #serveHoldsUntil(signal: AbortSignal): Promise<void> {
    while (await this.#deps.clock.sleep(verifyPauseMs, signal)) await this.#serveHolds()
  }

  async #refuse(says: string): Promise<void> {
    if (says === this.#explained) return
    this.#explained = says
    await this.#record.append([{ kind: 'decision', group: this.#settings.name, says }])
  }

  /** Publishes a decision: state, journal where it changed, conditions for people. */
  async #show(decision: Decision): Promise<void> {
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
    this.#enter(state)
    if (entries.length > 0 && leads && this.#record.isLoaded) await this.#record.append(entries)
    this.#tell(decision)
  }

  /** Hands people's part over: what is wrong now. Whoever neither leads nor misses the store leaves that to the leader. */
  #tell(decision: Decision): void {
    const { clock, onConditions } = this.#deps
    this.#shownAt = clock.now()
    if (this.#lease.current() === undefined && this.#record.storeHealth.ok) {
      this.#deps.onAside?.()
      return
    }
    onConditions(conditionsOf(this.#situation(), decision, clock.wall()))
  }

  #enter(state: GroupState): void {
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
      installation: this.#deps.installation.ask(this.#settings.name, this.#settings.priority),
      actuators: this.#readings,
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
      verify: (target, signal) => this.#verify(target, signal),
      onChange: this.#deps.onChange,
      ...(onPhase !== undefined && { onPhase }),
    }
  }

  /** Paths that carry traffic by the last applied allocation, or are about to. */
  serving(): string[] {
    const { allocation, intent } = this.#record.memory.row
    return [...new Set([...serving(allocation ?? {}), ...serving(intent?.to ?? {})])]
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

function isSame(again: Proposal, proposal: Proposal): boolean {
  return again.reason === proposal.reason && again.target === proposal.target
}

function stay(state: GroupState, says: string): Extract<Decision, { kind: 'stay' }> {
  return { kind: 'stay', state, says, guards: [] }
}
