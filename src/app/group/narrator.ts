import { describeAllocation } from '../../core/allocation.ts'
import type { GroupState } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Decision } from '../../engine/group/decide.ts'
import { basisOf, type Situation } from '../../engine/group/situation.ts'
import type { GroupRecord } from './group-record.ts'

/** Tells the journal what is decided and why, each thing once as long as it stays the same. */
export class Narrator {
  readonly #record: GroupRecord
  readonly #group: string
  /** What a sentence stands on. */
  readonly #situation: () => Situation
  #explained = ''

  constructor(record: GroupRecord, group: string, situation: () => Situation) {
    this.#record = record
    this.#group = group
    this.#situation = situation
  }

  /** A change was not made; nothing is said twice in a row. */
  async refuse(says: string): Promise<void> {
    if (says === this.#explained) return
    this.#explained = says
    const data = { basis: basisOf(this.#situation(), [], says) }
    await this.#record.append([{ kind: 'decision', group: this.#group, says, data }])
  }

  /** What is new in a decision, as entries. */
  entriesOf(decision: Decision, before: GroupState, state: GroupState): JournalDraft[] {
    const entries: JournalDraft[] = []
    const group = this.#group
    if (state !== before) {
      entries.push({ kind: 'state', group, says: `${before} to ${state}: ${decision.says}` })
    }
    const why = explanation(decision)
    if (why !== undefined && why.mark !== this.#explained) {
      entries.push({
        kind: 'decision',
        group,
        says: why.says,
        data: {
          guards: decision.guards,
          basis: basisOf(this.#situation(), decision.guards, why.says),
        },
      })
    }
    if (why !== undefined) this.#explained = why.mark
    else if (decision.kind === 'stay' && decision.state === 'STEADY') this.#explained = ''
    return entries
  }
}

/** The sentence to journal, and a mark without the numbers that count down in it. */
function explanation(
  decision: Decision,
): { readonly says: string; readonly mark: string } | undefined {
  if (decision.kind === 'change') {
    const { reason, target, to } = decision.proposal
    return { says: decision.says, mark: `${reason} ${target} ${describeAllocation(to)}` }
  }
  if (decision.kind === 'freeze') return { says: decision.says, mark: 'freeze' }
  if (decision.whyNot === undefined) return undefined
  const mark = `${decision.state} ${decision.whyNot.guard} ${decision.would?.target ?? ''}`
  return { says: decision.says, mark }
}

/** The state of a group that a decision means. */
export function stateOf(decision: Decision): GroupState {
  if (decision.kind === 'change') return 'EVALUATE'
  return decision.kind === 'freeze' ? 'FROZEN' : decision.state
}

/** Nothing is done, in a state and with a reason, without any guard being asked. */
export function stay(state: GroupState, says: string): Extract<Decision, { kind: 'stay' }> {
  return { kind: 'stay', state, says, guards: [] }
}
