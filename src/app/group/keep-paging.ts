import type { Clock } from '../../core/clock.ts'
import type { GroupState } from '../../core/group.ts'
import { conditionsOf } from '../../engine/group/conditions.ts'
import type { Decision } from '../../engine/group/decide.ts'
import type { Situation } from '../../engine/group/situation.ts'
import { stay } from './narrator.ts'

/** What paging beside the evaluations needs of a group's controller. */
export interface PagingDeps {
  readonly clock: Clock
  /** Milliseconds between evaluations when nothing changes. */
  readonly tickMs: () => number
  /** Monotonic time at which people were last told what is wrong. */
  readonly shownAt: () => number
  readonly situation: () => Situation
  readonly decide: () => Decision
  /** What the controller does now. */
  readonly now: () => { readonly state: GroupState; readonly busy: string | undefined }
  /** What views show in place of the decision of an evaluation that is long over. */
  readonly show: (decision: Decision) => void
  readonly tell: (decision: Decision) => void
}

/**
 * While an evaluation takes long (a change under way, a store or a target that does not answer),
 * people still hear of what is wrong, and views say why nothing happens: paging waits for nothing
 * (invariants 37, 43).
 */
export async function keepPaging(deps: PagingDeps, signal: AbortSignal): Promise<void> {
  const { clock, tickMs } = deps
  while (await clock.sleep(tickMs(), signal)) {
    if (clock.now() - deps.shownAt() < 2 * tickMs()) continue
    const decision = deps.decide()
    const { state, busy } = deps.now()
    const now = decision.kind === 'stay' ? decision : stay(waiting(state), busy ?? decision.says)
    if (busy === undefined) deps.show(now)
    const conditions = conditionsOf(deps.situation(), now, clock.wall())
    // What is not urgent waits for the end, when more is known of it.
    if (conditions.some((condition) => condition.severity === 'critical')) deps.tell(now)
  }
}

/** What is wanted and waits for an evaluation that hangs is no steady state. */
function waiting(state: GroupState): GroupState {
  return state === 'STEADY' ? 'EVALUATE' : state
}
