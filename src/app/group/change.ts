import { allTo, describeAllocation, heaviest, sameAllocation } from '../../core/allocation.ts'
import type { Clock, Ids } from '../../core/clock.ts'
import type { GroupRow, GuardAnswer, Intent, IntentStep, LedgerEntry } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Change } from '../../engine/group/memory.ts'
import { basisOf, type Proposal, type Situation } from '../../engine/group/situation.ts'
import { candidates } from '../../engine/group/targets.ts'
import type { Installation } from '../installation.ts'
import type { BoundActuator } from './bound-actuator.ts'
import { converge, type Converged } from './converge.ts'
import { without, type GroupRecord } from './group-record.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** What a change needs from the outside; everything else it keeps in the row. */
export interface ChangeDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly settings: GroupSettings
  readonly actuators: readonly BoundActuator[]
  readonly record: GroupRecord
  readonly lease: LeaseKeeper
  readonly installation: Installation
  readonly situation: () => Situation
  /** Probes the public name (or the target itself) afresh until it is good, bad or out of time. */
  readonly verify: (target: string, signal: AbortSignal) => Promise<Verified>
  /** The row changed in a way that people or pull actuators should see. */
  readonly onChange: () => void
  readonly onPhase?: (phase: 'apply' | 'verify', ms: number) => void
}

export interface Verified {
  readonly ok: boolean
  readonly says: string
}

/** Milliseconds within which the external calls of one intent must begin. */
export function intentBudgetMs(settings: GroupSettings): number {
  return settings.callTimeoutMs * 4
}

/**
 * Makes one change as a transaction: durable intent, fenced compare-and-set writes, read-back,
 * verification, commit or one compensation (invariants 26 to 32).
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
  if (lease === undefined) return
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
    ...(proposal.person !== undefined && { actor: proposal.person.actor }),
  }
  installation.charge(intent.id, settings.name)
  const opened = await record.save(
    (row) => ({ ...row, state: 'ACTUATE', intent, ledger: [...row.ledger, ledgerOf(intent)] }),
    [
      entry(
        settings,
        'intent',
        intent,
        `${proposal.reason} to ${proposal.target}: ${proposal.says}`,
      ),
    ],
  )
  if (!opened.ok) {
    installation.refund(intent.id)
    return
  }
  record.remember((memory) => ({
    ...memory,
    changes: [...memory.changes, changeOf(intent, clock)],
  }))
  deps.onChange()
  await carryOut(deps, intent, signal)
}

/** Applies an open intent, then verifies it. */
async function carryOut(deps: ChangeDeps, intent: Intent, signal: AbortSignal): Promise<void> {
  const { clock, settings, record } = deps
  const startedAt = clock.now()
  if (deps.actuators.some((actuator) => actuator.target === undefined)) {
    // For a pull actuator the durable publication is the write; it goes first and fails static.
    const published = await record.save((row) => ({ ...row, published: intent.to }), [])
    if (!published.ok) return
    deps.onChange()
  }
  const outcome = await applyAll(deps, intent, startedAt + intentBudgetMs(settings), signal)
  if (signal.aborted) return
  if (outcome.failed !== undefined) {
    await giveUp(deps, intent, outcome.failed, outcome.results, signal)
    return
  }
  await commitApplied(deps, outcome.intent)
  deps.onPhase?.('apply', clock.now() - startedAt)
  await verifyApplied(deps, signal)
}

interface Outcome {
  readonly intent: Intent
  readonly results: readonly (Converged | undefined)[]
  readonly failed?: Converged
}

/** Every actuator in order; the first required one that fails ends it. */
async function applyAll(
  deps: ChangeDeps,
  intent: Intent,
  deadline: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock, settings, lease, record } = deps
  const results: (Converged | undefined)[] = []
  let current = intent
  for (const [index, actuator] of deps.actuators.entries()) {
    const step = intent.steps[index]
    const result = await converge({
      clock,
      actuator,
      wanted: intent.to,
      ...(step?.expected !== undefined && { expected: step.expected }),
      callTimeoutMs: settings.callTimeoutMs,
      deadline,
      confirm: () => lease.confirm(intent.token, settings.callTimeoutMs),
      signal,
    })
    results[index] = result
    if (signal.aborted) return { intent: current, results }
    current = withStep(current, index, result)
    const noted = current
    const says = `${actuator.type}: ${result.result}: ${result.says}`
    const saved = await record.save(
      (row) => ({ ...row, intent: noted }),
      [
        {
          ...entry(settings, 'step', intent, says),
          data: { intent: intent.id, type: actuator.type, result: result.result },
        },
      ],
    )
    if (!saved.ok && saved.cause === 'fenced') {
      return {
        intent: current,
        results,
        failed: { result: 'lost', says: saved.says, wrote: false },
      }
    }
    if (result.result !== 'applied' && (actuator.required || result.result === 'lost')) {
      return { intent: current, results, failed: result }
    }
  }
  return { intent: current, results }
}

async function commitApplied(deps: ChangeDeps, intent: Intent): Promise<void> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const now = clock.now()
  const partial = intent.steps.filter((step) => step.result !== 'applied').map((step) => step.type)
  const lag = partial.length === 0 ? '' : `; partial: ${partial.join(', ')} did not follow`
  const applied = { ...intent, phase: 'applied' as const }
  await record.save(
    (row) => ({
      ...afterApplied(row, applied, settings, wall),
      state: 'VERIFY',
    }),
    [
      {
        ...entry(
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
    ],
  )
  record.remember((memory) => ({
    ...memory,
    holddownUntil: now + settings.holddownMs,
    changes: memory.changes.map((change) =>
      change.intent === intent.id ? { ...change, at: now } : change,
    ),
    ...(intent.reason === 'steer' && { holdUntil: now + settings.impliedHoldMs }),
    ...(relapsed(memory.row, intent, settings, wall) && {
      failbackBlockedUntil: now + settings.budget.perMs,
    }),
  }))
  deps.onChange()
}

/** The row after an applied intent: allocation, ledger time, failback memory, implied hold. */
function afterApplied(
  row: GroupRow,
  intent: Intent,
  settings: GroupSettings,
  wall: number,
): GroupRow {
  const moved: GroupRow = {
    ...row,
    intent,
    allocation: intent.to,
    published: intent.to,
    version: row.version + 1,
    ledger: row.ledger.map((each) => (each.intent === intent.id ? { ...each, at: wall } : each)),
  }
  if (intent.reason === 'steer') {
    const hold = {
      owner: intent.actor ?? 'unknown',
      reason: 'implied by steer',
      since: wall,
      until: wall + settings.impliedHoldMs,
    }
    return { ...moved, hold }
  }
  if (intent.reason === 'failback') {
    return { ...moved, failback: { ...row.failback, lastAt: wall } }
  }
  if (relapsed(row, intent, settings, wall)) {
    return {
      ...moved,
      failback: {
        ...row.failback,
        relapses: row.failback.relapses + 1,
        blockedUntil: wall + settings.budget.perMs,
      },
    }
  }
  return moved
}

/** The preferred path is left as down soon after an automatic failback to it (invariants 23, 24). */
function relapsed(row: GroupRow, intent: Intent, settings: GroupSettings, wall: number): boolean {
  const preferred = settings.paths[0]?.name
  const { lastAt } = row.failback
  if (intent.reason !== 'failover' || preferred === undefined || lastAt === undefined) return false
  const quietMs = Math.max(settings.budget.perMs, settings.failback.maxWaitMs)
  return intent.leaving.includes(preferred) && wall - lastAt < quietMs
}

/** Verifies the applied intent in the row; also after a restart. */
export async function verifyApplied(deps: ChangeDeps, signal: AbortSignal): Promise<void> {
  const { clock, record, settings } = deps
  const intent = record.memory.row.intent
  if (intent === undefined) return
  const startedAt = clock.now()
  const verified = await deps.verify(intent.target, signal)
  if (signal.aborted) return
  if (verified.ok) {
    deps.onPhase?.('verify', clock.now() - startedAt)
    await record.save(
      (row) => ({ ...without(row, 'intent'), state: 'STEADY' }),
      [entry(settings, 'verified', intent, `verified: ${verified.says}`)],
    )
    deps.onChange()
    return
  }
  const failed = entry(settings, 'verify-failed', intent, `not verified: ${verified.says}`)
  const next = intent.compensating ? undefined : compensation(deps, intent)
  if (next === undefined) {
    await freeze(
      deps,
      intent,
      `${intent.target} could not be verified and no other path is eligible: ${verified.says}`,
      [failed],
    )
    return
  }
  await compensate(deps, intent, next, failed, signal)
}

/** Where one compensation may go: for a failback or steer the path that carried the traffic, else another eligible target. */
function compensation(deps: ChangeDeps, intent: Intent): string | undefined {
  const situation = deps.situation()
  const choice = candidates(situation, [...intent.leaving, intent.target])
  const origin = heaviest(intent.from)
  const health = origin === undefined ? undefined : situation.paths.get(origin)?.health
  const mayReturn = health === 'up' || health === 'degraded'
  if (intent.reason !== 'failover' && mayReturn) return origin
  const other = choice.find((candidate) => candidate.eligible)?.name
  return other ?? (mayReturn ? origin : undefined)
}

async function compensate(
  deps: ChangeDeps,
  intent: Intent,
  target: string,
  failed: JournalDraft,
  signal: AbortSignal,
): Promise<void> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const second: Intent = {
    ...intent,
    phase: 'open',
    compensating: true,
    from: intent.to,
    to: allTo(
      target,
      settings.paths.map((path) => path.name),
    ),
    target,
    deadline: wall + intentBudgetMs(settings),
    steps: intent.steps.map((step) => ({ ...step, result: 'waiting' as const })),
  }
  const isReturn = sameAllocation(second.to, intent.from)
  const opened = await record.save(
    (row) => ({
      ...row,
      state: isReturn ? 'ROLLBACK' : 'ACTUATE',
      intent: second,
      failback:
        intent.reason === 'failback'
          ? { ...row.failback, blockedUntil: wall + settings.budget.perMs }
          : row.failback,
    }),
    [
      failed,
      entry(
        settings,
        'decision',
        second,
        `compensating once: ${isReturn ? 'back' : 'on'} to ${target}`,
      ),
    ],
  )
  if (!opened.ok) return
  if (intent.reason === 'failback') {
    record.remember((memory) => ({
      ...memory,
      failbackBlockedUntil: clock.now() + settings.budget.perMs,
    }))
  }
  deps.onChange()
  await carryOut(deps, second, signal)
}

/** A required actuator did not follow: conflict and a clean failure abort, what was written is taken back. */
async function giveUp(
  deps: ChangeDeps,
  intent: Intent,
  failure: Converged,
  results: readonly (Converged | undefined)[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, record, settings } = deps
  if (failure.result === 'lost') {
    // Another process may lead now: write nothing. Whoever leads judges the open intent.
    record.forget()
    deps.onChange()
    return
  }
  const wrote = results.flatMap((result, index) => (result?.wrote === true ? [index] : []))
  const isConflict = failure.result === 'conflict'
  // After a foreign edit nothing is taken back on that target: the edit is never overwritten.
  const back = isConflict ? wrote.filter((index) => results[index] !== failure) : wrote
  const problems: string[] = []
  for (const index of back) {
    const actuator = deps.actuators[index]
    if (actuator === undefined) continue
    const done = results[index]
    const version = done?.result === 'applied' ? done.version : undefined
    const undone = await converge({
      clock,
      actuator,
      wanted: intent.from,
      ...(version !== undefined && { expected: version }),
      callTimeoutMs: settings.callTimeoutMs,
      deadline: clock.now() + intentBudgetMs(settings),
      confirm: () => deps.lease.confirm(intent.token, settings.callTimeoutMs),
      signal,
    })
    if (undone.result !== 'applied') problems.push(`${actuator.type}: ${undone.says}`)
  }
  if (signal.aborted) return
  if (problems.length > 0 || (isConflict && failure.wrote) || intent.compensating) {
    const state = problems.length > 0 ? `; taking it back failed: ${problems.join('; ')}` : ''
    await freeze(deps, intent, `the change stopped half-way: ${failure.says}${state}`, [])
    return
  }
  await abort(deps, intent, failure.says, isConflict)
}

/** Drops an intent of which nothing is left in the world, and refunds it. */
export async function abort(
  deps: ChangeDeps,
  intent: Intent,
  says: string,
  isConflict: boolean,
): Promise<void> {
  const { record, settings } = deps
  deps.installation.refund(intent.id)
  await record.save(
    (row) => {
      const restored: GroupRow = {
        ...without(row, 'intent'),
        state: isConflict ? 'OBSERVE' : 'STEADY',
        ledger: row.ledger.filter((each) => each.intent !== intent.id),
        published: intent.from,
      }
      return restored
    },
    [entry(settings, 'aborted', intent, `${intent.reason} to ${intent.target} aborted: ${says}`)],
  )
  record.remember((memory) => ({
    ...memory,
    readBack: false,
    changes: memory.changes.filter((change) => change.intent !== intent.id),
  }))
  deps.onChange()
}

/** Stops everything automatic in the group until a person acknowledges. */
export async function freeze(
  deps: ChangeDeps,
  intent: Intent | undefined,
  says: string,
  entries: readonly JournalDraft[],
): Promise<void> {
  const { clock, record, settings } = deps
  await record.save(
    (row) => ({
      ...without(row, 'intent'),
      state: 'FROZEN',
      frozen: { since: clock.wall(), says },
    }),
    [...entries, { ...entry(settings, 'frozen', intent, says) }],
  )
  deps.onChange()
}

/** Commits an intent of an earlier process whose target the world already shows. */
export async function adoptApplied(deps: ChangeDeps, signal: AbortSignal): Promise<void> {
  const intent = deps.record.memory.row.intent
  if (intent === undefined) return
  const steps = intent.steps.map((step) => ({ ...step, result: 'applied' as const }))
  if (intent.phase === 'open') await commitApplied(deps, { ...intent, steps })
  await verifyApplied(deps, signal)
}

function entry(
  settings: GroupSettings,
  kind: JournalDraft['kind'],
  intent: Intent | undefined,
  says: string,
): JournalDraft {
  return {
    kind,
    group: settings.name,
    ...(intent !== undefined && { path: intent.target }),
    ...(intent?.actor !== undefined && { actor: intent.actor }),
    says,
    data:
      kind === 'intent' && intent !== undefined
        ? { ...intent }
        : { ...(intent !== undefined && { intent: intent.id }) },
  }
}

function ledgerOf(intent: Intent): LedgerEntry {
  return {
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
  return {
    intent: intent.id,
    reason: intent.reason,
    at: clock.now(),
    charge: intent.charge,
    leaving: intent.leaving,
    target: intent.target,
  }
}

function withStep(intent: Intent, index: number, result: Converged): Intent {
  const outcome = result.result === 'lost' ? 'unknown' : result.result
  return {
    ...intent,
    steps: intent.steps.map((step) =>
      step.actuator === index
        ? {
            ...step,
            result: outcome,
            says: result.says,
            // What our own write left behind: a compensation applies to nothing else.
            ...(result.result === 'applied' &&
              result.version !== undefined && { expected: result.version }),
          }
        : step,
    ),
  }
}
