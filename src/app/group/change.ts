import { describeAllocation, movedPoints } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { GuardAnswer, Intent, IntentStep, LedgerEntry } from '../../core/group.ts'
import { isQuietSince, isRelapse, returningPaths } from '../../engine/group/failback.ts'
import { drillTimes, heldUntil, type Change } from '../../engine/group/memory.ts'
import { basisOf, intentSays, type Proposal } from '../../engine/group/situation.ts'
import type { OtherChange } from '../../plugin/store.ts'
import { entryOf, intentBudgetMs, type ChangeDeps } from './change-deps.ts'
import { afterApplied } from './after-applied.ts'
import { converge, type Converged } from './converge.ts'
import { drillOver, endedDrill } from './drill-over.ts'
import { giveUp } from './give-up.ts'
import { verifyApplied } from './verify-change.ts'

/**
 * Makes one change as a transaction: durable intent, fenced compare-and-set writes, read-back,
 * verification, commit or one compensation (invariants 26 to 32).
 *
 * `expected` is the version of each actuator that the decision stands on; a pushed one without is
 * left alone. `signal` ends the wait for verification alone: what has begun to be written is brought
 * to an end, which its deadline bounds, so that stopping in good order leaves nothing half-way.
 */
export async function makeChange(
  deps: ChangeDeps,
  proposal: Proposal,
  guards: readonly GuardAnswer[],
  expected: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, record, settings, installation } = deps
  const situation = deps.situation()
  const lease = deps.lease.current()
  // One open intent per group: an earlier one is judged first.
  if (lease === undefined || record.memory.row.intent !== undefined) return
  const intent: Intent = {
    id: deps.ids.next(),
    token: lease.token,
    reason: proposal.reason,
    from: proposal.from,
    to: proposal.to,
    leaving: proposal.leaving,
    target: proposal.target,
    basis: basisOf(situation, guards, proposal.says),
    openedAt: clock.wall(),
    deadline: clock.wall() + intentBudgetMs(settings),
    steps: deps.actuators.map((actuator, index): IntentStep => {
      const version = expected[index]
      return {
        actuator: index,
        type: actuator.type,
        required: actuator.required,
        ...(version !== undefined && { expected: version }),
        result: 'waiting',
        says: 'waiting',
      }
    }),
    phase: 'open',
    charge: proposal.charge,
    compensating: false,
    ...(proposal.ramp !== undefined && { ramp: proposal.ramp }),
    ...(proposal.drill !== undefined && { drill: proposal.drill }),
    ...(proposal.person !== undefined && { actor: proposal.person.actor }),
  }
  // A drill takes no place in the blast radius, and its return asks for none.
  const isFree = intent.drill?.part === 'return' || !isLimited(guards)
  const limit = isFree ? undefined : installation.room(settings.name)
  // It never keeps a failover waiting.
  if (intent.drill === undefined) installation.charge(intent.id, settings.name)
  const drill = intent.drill?.opens
  const opened = await record.save(
    (row) => ({
      ...row,
      state: 'ACTUATE',
      intent,
      ledger: [...row.ledger, ledgerOf(intent)],
      ...(drill !== undefined && { drill }),
    }),
    [
      entryOf(
        settings,
        'intent',
        intent,
        `${proposal.reason} to ${describeAllocation(proposal.to)}: ${intentSays(situation, proposal)}`,
      ),
    ],
    limit,
  )
  if (!opened.ok) {
    installation.refund(intent.id)
    if (opened.cause === 'limited') await wasLimited(deps, opened.says, opened.changed)
    return
  }
  record.remember((memory) => ({
    ...memory,
    changes: [...memory.changes, changeOf(intent, clock)],
    ...(drill !== undefined && { drillTimes: drillTimes(drill, clock.now(), clock.wall()) }),
  }))
  deps.onChange()
  await carryOut(deps, intent, signal)
}

/** What a person answers for, or the guard was not asked, the store is not asked either. */
function isLimited(guards: readonly GuardAnswer[]): boolean {
  const asked = guards.find(({ guard }) => guard === 'blast-radius')
  return asked !== undefined && asked.bypassed !== true
}

/** Leaders elsewhere changed what this process had not heard of: it reckons with them from here on. */
async function wasLimited(
  { clock, installation, record, settings }: ChangeDeps,
  why: string,
  changed: readonly OtherChange[],
): Promise<void> {
  for (const { group, intent, agoMs } of changed) {
    installation.charge(intent, group, clock.now() - agoMs)
  }
  const says = `the change was not begun: ${why}`
  await record.append([{ kind: 'decision', group: settings.name, says }])
}

/** Applies an open intent and verifies it; a compensation is carried out the same way, once. */
async function carryOut(deps: ChangeDeps, intent: Intent, signal: AbortSignal): Promise<void> {
  if (!(await actuate(deps, intent))) return
  await conclude(deps, signal)
}

/** Verifies the applied intent in the row, and makes its compensation where that is called for. */
export async function conclude(deps: ChangeDeps, signal: AbortSignal): Promise<void> {
  const compensation = await verifyApplied(deps, signal)
  if (compensation !== undefined) await carryOut(deps, compensation, signal)
}

/** Brings every actuator to what an open intent wants, and commits. False where it did not come to that. */
async function actuate(deps: ChangeDeps, intent: Intent): Promise<boolean> {
  const { clock, settings, record } = deps
  const startedAt = clock.now()
  if (deps.actuators.some((actuator) => actuator.target === undefined)) {
    // For a pull actuator the durable publication is the write; it goes first and fails static.
    const published = await record.save((row) => ({ ...row, published: intent.to }), [])
    if (!published.ok) return false
    deps.onChange()
  }
  const outcome = await applyAll(deps, intent, startedAt + intentBudgetMs(settings))
  if (outcome.failed !== undefined) {
    await giveUp(deps, intent, outcome.failed, outcome.results)
    return false
  }
  if (!(await commitApplied(deps, outcome.intent))) return false
  deps.onPhase?.('apply', clock.now() - startedAt)
  return true
}

interface Outcome {
  readonly intent: Intent
  readonly results: readonly (Converged | undefined)[]
  readonly failed?: Converged
}

/** Every actuator in order; the first required one that fails ends it. */
async function applyAll(deps: ChangeDeps, intent: Intent, deadline: number): Promise<Outcome> {
  const { clock, settings, lease, record } = deps
  const results: (Converged | undefined)[] = []
  const { signal } = new AbortController()
  let current = intent
  for (const [index, actuator] of deps.actuators.entries()) {
    const expected = intent.steps[index]?.expected
    const result = await converge({
      clock,
      actuator,
      wanted: intent.to,
      trail: {
        ...(expected !== undefined && { version: expected }),
        written: [],
        wanted: intent.from,
      },
      callTimeoutMs: settings.callTimeoutMs,
      deadline,
      confirm: () => lease.confirm(intent.token, settings.callTimeoutMs),
      signal,
    })
    results[index] = result
    current = withStep(current, index, result)
    const noted = current
    const says = `${actuator.type}: ${result.result}: ${result.says}`
    const saved = await record.save(
      (row) => ({ ...row, intent: noted }),
      [
        {
          ...entryOf(settings, 'step', intent, says),
          data: { intent: intent.id, type: actuator.type, result: result.result },
        },
      ],
    )
    if (!saved.ok && saved.cause === 'fenced') {
      const lost = { ...result, result: 'lost' as const, says: saved.says }
      return { intent: current, results, failed: lost }
    }
    if (result.result !== 'applied' && (actuator.required || result.result === 'lost')) {
      return { intent: current, results, failed: result }
    }
  }
  // Where none is required, one that follows is the least that makes it a change.
  const failed = results.find((result) => result?.result !== 'applied')
  const isApplied = results.some((result) => result?.result === 'applied')
  return { intent: current, results, ...(!isApplied && failed !== undefined && { failed }) }
}

/** Commits what every required actuator shows. False where that could not be made durable: the intent then stays open. */
export async function commitApplied(deps: ChangeDeps, intent: Intent): Promise<boolean> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const now = clock.now()
  const partial = intent.steps.filter((step) => step.result !== 'applied').map((step) => step.type)
  const lag = partial.length === 0 ? '' : `; partial: ${partial.join(', ')} did not follow`
  const held = heldUntil(record.memory)
  const relapsed = isRelapse(record.memory, intent, settings, now, wall)
  const isQuiet = isQuietSince(record.memory, settings, now, wall)
  const ended = endedDrill(record.memory.row, intent)
  const saved = await record.save(
    (row) => ({
      ...afterApplied(row, { ...intent, phase: 'applied' }, settings, { wall, relapsed, isQuiet }),
      state: 'VERIFY',
    }),
    [
      {
        ...entryOf(
          settings,
          'applied',
          intent,
          `traffic moved from ${describeAllocation(intent.from)} to ${describeAllocation(intent.to)}${lag}`,
        ),
        data: {
          intent: intent.id,
          reason: intent.reason,
          token: intent.token,
          from: intent.from,
          to: intent.to,
        },
      },
      ...(ended === undefined ? [] : [drillOver(settings.name, ended.drill, ended.says)]),
    ],
  )
  if (!saved.ok) return false
  record.remember((memory) => ({
    ...memory,
    // A drill starts no holddown: it never makes a failover wait, or cost more.
    holddownUntil: intent.drill === undefined ? now + settings.holddownMs : memory.holddownUntil,
    changes: memory.changes.map((change) =>
      change.intent === intent.id ? { ...change, at: now } : change,
    ),
    ...(intent.reason === 'steer' && {
      holdUntil: Math.max(held, now + settings.impliedHoldMs),
    }),
    ...(relapsed && { failbackBlockedUntil: now + settings.budget.perMs }),
    lagging: new Map(
      intent.steps.flatMap(({ actuator, result, expected }) =>
        result === 'applied' || expected === undefined ? [] : [[actuator, expected] as const],
      ),
    ),
  }))
  // The window of the blast radius, too, runs from applied.
  deps.installation.refund(intent.id)
  if (intent.drill === undefined) deps.installation.charge(intent.id, settings.name)
  deps.onApplied?.(intent)
  deps.onChange()
  return true
}

function ledgerOf(intent: Intent): LedgerEntry {
  const returning = returningPaths(intent)
  return {
    ...(returning !== undefined && { returning }),
    ...(intent.drill?.part === 'return' && { isReturn: true }),
    intent: intent.id,
    reason: intent.reason,
    from: intent.from,
    to: intent.to,
    leaving: intent.leaving,
    target: intent.target,
    at: intent.openedAt,
    charge: intent.charge,
  }
}

function changeOf(intent: Intent, clock: Clock): Change {
  const returning = returningPaths(intent)
  return {
    ...(returning !== undefined && { returning }),
    ...(intent.drill?.part === 'return' && { isReturn: true }),
    intent: intent.id,
    reason: intent.reason,
    at: clock.now(),
    charge: intent.charge,
    leaving: intent.leaving,
    target: intent.target,
    moved: movedPoints(intent.from, intent.to),
  }
}

function withStep(intent: Intent, index: number, result: Converged): Intent {
  const outcome = result.result === 'lost' ? 'unknown' : result.result
  const isOwn = outcome === 'applied' || (outcome === 'failed' && !result.isUncertain)
  return {
    ...intent,
    steps: intent.steps.map((step) => {
      if (step.actuator !== index) return step
      const { expected: _, ...rest } = step
      const { version } = result.trail
      return {
        ...rest,
        result: outcome,
        says: result.says,
        // What our own write left behind: a compensation applies to nothing else.
        ...(isOwn && version !== undefined && { expected: version }),
      }
    }),
  }
}
