import type { Clock } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import type { GroupState } from '../../core/group.ts'
import { conditionsOf } from '../../engine/group/conditions.ts'
import type { Decision } from '../../engine/group/decide.ts'
import type { Situation } from '../../engine/group/situation.ts'
import type { GroupRecord } from './group-record.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { Narrator, stateOf } from './narrator.ts'

/** What a group needs to say what it does. */
export interface GroupVoiceDeps {
  readonly clock: Clock
  readonly group: string
  readonly record: GroupRecord
  readonly lease: LeaseKeeper
  /** What a sentence stands on. */
  readonly situation: () => Situation
  readonly onChange: () => void
  readonly onConditions: (conditions: readonly Condition[]) => void
  readonly onAside?: () => void
  readonly onDecision?: (decision: Decision) => void
}

/** What a group shows of itself: its state, its last decision, the journal of both, conditions for people. */
export class GroupVoice {
  readonly #deps: GroupVoiceDeps
  readonly #narrator: Narrator
  #decision: Decision = { kind: 'stay', state: 'OBSERVE', says: 'starting', guards: [] }
  #state: GroupState = 'OBSERVE'
  #stateSince: number
  #shownAt: number

  constructor(deps: GroupVoiceDeps) {
    const { clock, record, group, situation } = deps
    this.#deps = deps
    this.#stateSince = clock.now()
    this.#shownAt = clock.now()
    this.#narrator = new Narrator(record, group, situation)
  }

  get decision(): Decision {
    return this.#decision
  }

  get state(): GroupState {
    return this.#state
  }

  get stateSince(): number {
    return this.#stateSince
  }

  /** Monotonic time at which people were last told what is wrong. */
  get shownAt(): number {
    return this.#shownAt
  }

  /** Publishes a decision: state, journal where it changed, conditions for people. */
  async show(decision: Decision): Promise<void> {
    const { record, lease, onDecision } = this.#deps
    this.#decision = decision
    onDecision?.(decision)
    const state = stateOf(decision)
    const entries = this.#narrator.entriesOf(decision, this.#state, state)
    const leads = lease.current() !== undefined
    this.enter(state)
    if (entries.length > 0 && leads && record.isLoaded) await record.append(entries)
    this.tell(decision)
  }

  /** What views show from here on, while an evaluation hangs; the next one says more. */
  put(decision: Decision): void {
    this.#decision = decision
  }

  /** As `show` where the journal cannot be asked: the evaluation itself failed. */
  cry(decision: Decision): void {
    this.#decision = decision
    this.tell(decision)
  }

  /** A change was not made; nothing is said twice in a row. */
  async refuse(says: string): Promise<void> {
    await this.#narrator.refuse(says)
  }

  /** Hands people's part over: what is wrong now. Whoever neither leads nor misses the store leaves that to the leader. */
  tell(decision: Decision): void {
    const { clock, record, lease, situation, onConditions, onAside } = this.#deps
    this.#shownAt = clock.now()
    if (lease.current() === undefined && record.storeHealth.ok) {
      onAside?.()
      return
    }
    onConditions(conditionsOf(situation(), decision, clock.wall()))
  }

  enter(state: GroupState): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateSince = this.#deps.clock.now()
    this.#deps.onChange()
  }
}
