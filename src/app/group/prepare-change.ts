import { sameAllocation } from '../../core/allocation.ts'
import { withDeadline } from '../../core/clock.ts'
import type { GuardAnswer } from '../../core/group.ts'
import type { Decision } from '../../engine/group/decide.ts'
import { firstVeto } from '../../engine/group/guards.ts'
import { enteredPaths, type Proposal } from '../../engine/group/situation.ts'
import type { ChangeDeps, Verified } from './change-deps.ts'
import type { Weigh } from './commands.ts'
import { expectedVersions } from './expected-versions.ts'

/** What comes before a change needs. */
export interface PrepareDeps {
  readonly change: ChangeDeps
  /** One fresh look at a path. */
  readonly look: (path: string, signal: AbortSignal) => Promise<Verified>
  readonly serveHolds: () => Promise<void>
  readonly decideAgain: () => Decision
  /** Given for what a person asks for: asked once more after the pre-check. */
  readonly weigh?: Weigh
}

/** Whether a change may begin now, on which answers of the guards and which versions. */
export type Prepared =
  | {
      readonly result: 'ready'
      readonly guards: readonly GuardAnswer[]
      readonly versions: readonly (string | undefined)[]
    }
  | {
      readonly result: 'not-now'
      /** For the journal, where there is something to say. */
      readonly says?: string
      /** A target shows something else than what was applied. */
      readonly isEdited: boolean
      /** There may be something else to do at once. */
      readonly isOpen: boolean
    }
  | { readonly result: 'stopped' }

/**
 * The pre-check: a fresh look at every path that is to get more (invariant 9), the versions of the
 * actuators, and the decision taken once more on what is true by then.
 */
export async function prepareChange(
  deps: PrepareDeps,
  proposal: Proposal,
  signal: AbortSignal,
): Promise<Prepared> {
  const { clock, record, settings } = deps.change
  const checkedAt = clock.now()
  // A last resort goes to paths that are known to be bad.
  const entered = proposal.reason === 'spread' ? [] : enteredPaths(proposal)
  const [looks, expected] = await Promise.all([
    Promise.all(entered.map(async (name) => ({ name, seen: await look(deps, name, signal) }))),
    expectedVersions(deps.change, proposal, signal),
  ])
  if (signal.aborted) return { result: 'stopped' }
  if (!expected.ok) {
    const says = `an actuator is not ready, which is no fault of ${proposal.target}: ${expected.says}`
    return { result: 'not-now', says, isEdited: expected.isEdited, isOpen: false }
  }
  const failed = looks.filter(({ seen }) => !seen.ok)
  if (failed.length > 0 && proposal.person?.bypass.includes('precheck') !== true) {
    const until = clock.now() + settings.precheckTtlMs
    record.remember((memory) => ({
      ...memory,
      rejected: new Map([
        ...memory.rejected,
        ...failed.map(({ name, seen }) => [name, { until, says: seen.says }] as const),
      ]),
    }))
    const says = failed.map(({ name, seen }) => `${name} failed its pre-check: ${seen.says}`)
    return { result: 'not-now', says: says.join('; '), isEdited: false, isOpen: true }
  }
  await deps.serveHolds()
  if (clock.now() - checkedAt > settings.precheckTtlMs) {
    const says = `the pre-check of ${proposal.target} took too long`
    return { result: 'not-now', says, isEdited: false, isOpen: false }
  }
  const guards = deps.weigh === undefined ? stillWanted(deps, proposal) : deps.weigh().guards
  const veto = guards === undefined ? undefined : firstVeto(guards)
  if (guards === undefined || veto !== undefined) {
    const says = veto === undefined ? {} : { says: `${veto.guard}: ${veto.says}` }
    return { result: 'not-now', ...says, isEdited: false, isOpen: true }
  }
  return { result: 'ready', guards, versions: expected.versions }
}

/** The guards' answers if the same change would be decided now. */
function stillWanted(deps: PrepareDeps, proposal: Proposal): readonly GuardAnswer[] | undefined {
  const again = deps.decideAgain()
  return again.kind === 'change' && isSame(again.proposal, proposal) ? again.guards : undefined
}

function isSame(again: Proposal, proposal: Proposal): boolean {
  return again.reason === proposal.reason && sameAllocation(again.to, proposal.to)
}

/** One look, bounded: a probe that hangs must not hold the decision. */
async function look(deps: PrepareDeps, path: string, signal: AbortSignal): Promise<Verified> {
  const { clock, settings } = deps.change
  const seen = await withDeadline(clock, settings.precheckTtlMs, signal, (inner) =>
    deps.look(path, inner),
  )
  return seen ?? { ok: false, says: 'no look was completed in time' }
}
