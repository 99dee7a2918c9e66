import {
  describeAllocation,
  heaviest,
  raisedPaths,
  sameAllocation,
  type Allocation,
} from '../../core/allocation.ts'
import type { Intent } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import { enteredPaths } from '../../engine/group/situation.ts'
import { compensationFor } from '../../engine/group/compensation.ts'
import { entryOf, intentBudgetMs, type ChangeDeps } from './change-deps.ts'
import { freeze } from './give-up.ts'
import { without } from './group-record.ts'

/**
 * Verifies the applied intent in the row; also after a restart. Returns the compensation that was
 * opened under the same intent, if there is one to be carried out.
 */
export async function verifyApplied(
  deps: ChangeDeps,
  signal: AbortSignal,
): Promise<Intent | undefined> {
  const { clock, record, settings } = deps
  const intent = record.memory.row.intent
  if (intent === undefined) return undefined
  const startedAt = clock.now()
  if (intent.reason === 'spread') {
    // Every path is known to be bad: there is nothing that a look could prove.
    await close(deps, entryOf(settings, 'verified', intent, 'a last resort is not verified'))
    return undefined
  }
  const verified = await deps.verify(enteredPaths(intent), signal)
  if (signal.aborted) return undefined
  if (verified.ok) {
    deps.onPhase?.('verify', clock.now() - startedAt)
    await close(deps, entryOf(settings, 'verified', intent, `verified: ${verified.says}`))
    return undefined
  }
  record.remember((memory) => ({
    ...memory,
    unverified: {
      until: clock.now() + settings.holddownMs,
      reason: intent.reason,
      says: `${intent.target}: ${verified.says}`,
    },
  }))
  const failed = entryOf(settings, 'verify-failed', intent, `not verified: ${verified.says}`)
  if (verified.isBlind === true) {
    // Not seeing is not failing (invariant 2): what could not be looked at is no reason to move.
    await close(deps, failed)
    return undefined
  }
  const target = `${intent.target} could not be verified`
  const veto = vetoOf(deps, intent)
  if (veto !== undefined) {
    await freeze(deps, intent, `${target}, and ${veto}: ${verified.says}`, [failed])
    return undefined
  }
  const next = intent.compensating ? undefined : compensationFor(deps.situation(), intent)
  if (next === undefined) {
    const says = `${target} and no other path is eligible: ${verified.says}`
    await freeze(deps, intent, says, [failed])
    return undefined
  }
  return await openCompensation(deps, intent, next, failed)
}

/** The change stands. */
async function close({ record, onChange }: ChangeDeps, entry: JournalDraft): Promise<void> {
  await record.save((row) => ({ ...without(row, 'intent'), state: 'STEADY' }), [entry])
  onChange()
}

/** What came up since the change began and forbids a further write: a hold, another mode (invariants 33, 35). */
function vetoOf(deps: ChangeDeps, intent: Intent): string | undefined {
  const { memory, mode } = deps.situation()
  const { hold } = memory.row
  const isOwn = hold?.reason === impliedReason && hold.owner === intent.actor
  const isBypassed = intent.basis.guards.some(
    ({ guard, bypassed }) => guard === 'hold' && bypassed === true,
  )
  if (hold !== undefined && !isOwn && !isBypassed) return `${hold.owner} holds the group`
  // A person who steered in advise said that the traffic shall really move; that covers the way back.
  return mode === 'armed' || intent.reason === 'steer' ? undefined : `mode is ${mode}`
}

/** The reason of the hold that a steer puts on its group. */
export const impliedReason = 'implied by steer'

async function openCompensation(
  deps: ChangeDeps,
  intent: Intent,
  to: Allocation,
  failed: JournalDraft,
): Promise<Intent | undefined> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const { ramp: _, ...whole } = intent
  const target = raisedPaths(intent.to, to)[0] ?? heaviest(to) ?? ''
  const second: Intent = {
    ...whole,
    // The lease may have been taken anew since the change began, and it is this one that writes.
    token: deps.lease.current()?.token ?? intent.token,
    phase: 'open',
    compensating: true,
    from: intent.to,
    to,
    target,
    deadline: wall + intentBudgetMs(settings),
    steps: intent.steps.map((step) => ({ ...step, result: 'waiting' as const })),
  }
  const isReturn = sameAllocation(second.to, intent.from)
  // Weight that returned and could not be verified does not return again soon, by whatever step it came.
  const isFailback =
    intent.reason === 'failback' || intent.reason === 'ramp' || intent.drill?.part === 'return'
  const opened = await record.save(
    (row) => ({
      ...row,
      state: isReturn ? 'ROLLBACK' : 'ACTUATE',
      intent: second,
      failback: isFailback
        ? { ...row.failback, blockedUntil: wall + settings.budget.perMs }
        : row.failback,
    }),
    [
      failed,
      entryOf(
        settings,
        'decision',
        second,
        `compensating once: ${isReturn ? 'back' : 'on'} to ${describeAllocation(to)}`,
      ),
    ],
  )
  if (!opened.ok) return undefined
  if (isFailback) {
    record.remember((memory) => ({
      ...memory,
      failbackBlockedUntil: clock.now() + settings.budget.perMs,
    }))
  }
  deps.onChange()
  return second
}
