import { describeAllocation, sameAllocation } from '../../core/allocation.ts'
import type { Intent, IntentStep } from '../../core/group.ts'
import { decides, observeBounded } from './bound-actuator.ts'
import { commitApplied, conclude } from './change.ts'
import { intentBudgetMs, type ChangeDeps } from './change-deps.ts'
import { abort, freeze, leaveToPeople } from './give-up.ts'

/**
 * How long to wait before judging an open intent that another process left: its deadline plus one
 * call time-out, so that a late write of that process cannot land afterwards. Monotonic; never
 * longer than a whole intent may take nor shorter than one call, whatever the wall clock did.
 */
function recoveryWaitMs(deps: ChangeDeps): number {
  const { settings, clock, record, lease } = deps
  const intent = record.memory.row.intent
  if (intent === undefined || intent.token === lease.current()?.token) return 0
  const { callTimeoutMs } = settings
  const ceiling = intentBudgetMs(settings) + callTimeoutMs
  const left = intent.deadline + callTimeoutMs - clock.wall()
  return Math.min(ceiling, Math.max(callTimeoutMs, left))
}

/**
 * Waits until the open intent in the row may be judged, and judges it; why nothing can be decided yet,
 * or `undefined` where it came to an end.
 */
export async function settleIntent(
  deps: ChangeDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const waitMs = recoveryWaitMs(deps)
  if (waitMs > 0 && !(await deps.clock.sleep(waitMs, signal))) return 'stopped'
  const says = await judgeOpenIntent(deps, signal)
  if (says === undefined && deps.record.memory.row.intent === undefined) return undefined
  return `an open intent waits to be judged: ${says ?? 'not recorded'}`
}

/** What the world shows of an open intent. */
interface Evidence {
  readonly isTarget: boolean
  readonly isOrigin: boolean
  readonly steps: readonly IntentStep[]
  readonly says: string
}

/**
 * Judges an open intent by what the world shows, and never replays it: the target's allocation is
 * committed and verified, the origin's aborted and refunded, anything else frozen (invariant 29).
 * Returns why it cannot be judged yet, where the world could not be read.
 */
async function judgeOpenIntent(deps: ChangeDeps, signal: AbortSignal): Promise<string | undefined> {
  const intent = deps.record.memory.row.intent
  if (intent === undefined) return undefined
  const evidence = await lookAtWorld(deps, intent, signal)
  if (typeof evidence === 'string') return evidence
  if (signal.aborted) return 'stopped'
  const { isTarget, isOrigin, steps } = evidence
  if (isTarget) {
    const isCommitted =
      intent.phase === 'applied' || (await commitApplied(deps, { ...intent, steps }))
    if (isCommitted) await conclude(deps, signal)
  } else if (intent.phase === 'applied') {
    // It was applied, and every write of ours was over: what differs now is somebody else's edit.
    await leaveToPeople(deps, intent, evidence.says)
  } else if (isOrigin && !intent.compensating) {
    await abort(deps, intent, 'an earlier process ended before it wrote anything')
  } else {
    const says = `unknown external state after an interrupted change from ${describeAllocation(intent.from)} to ${describeAllocation(intent.to)}: ${evidence.says}`
    await freeze(deps, intent, says, [])
  }
  return undefined
}

async function lookAtWorld(
  deps: ChangeDeps,
  intent: Intent,
  signal: AbortSignal,
): Promise<Evidence | string> {
  const { clock, settings, record } = deps
  const pushed = [...deps.actuators.entries()].filter(([, each]) => each.target !== undefined)
  const isPushed = pushed.some(([, each]) => decides(each, deps.actuators))
  let isTarget = true
  let isOrigin = true
  const seen: string[] = []
  const steps = [...intent.steps]
  for (const [index, actuator] of pushed) {
    if (actuator.target === undefined) continue
    const read = await observeBounded(clock, actuator.target, settings.callTimeoutMs, signal)
    if (!read.ok) {
      const says = `cannot read ${actuator.type}: ${read.says}`
      if (decides(actuator, deps.actuators)) return says
      continue
    }
    const { observed } = read
    const isThere = actuator.target.plan(observed, intent.to).length === 0
    if (decides(actuator, deps.actuators)) {
      isTarget &&= isThere
      isOrigin &&= actuator.target.plan(observed, intent.from).length === 0
    }
    const step = steps[index]
    if (step !== undefined && isThere) {
      const { version: expected, says } = observed
      steps[index] = { ...step, result: 'applied', expected, says }
    }
    seen.push(`${actuator.type} shows ${describeAllocation(observed.allocation)}`)
  }
  if (!isPushed) {
    // The publication is in the row itself: it says how far the change came.
    const published = record.memory.row.published ?? {}
    isTarget = sameAllocation(published, intent.to)
    isOrigin = sameAllocation(published, intent.from)
    seen.push(`published is ${describeAllocation(published)}`)
  }
  const done = steps.map((step, index): IntentStep => {
    const isPulled = deps.actuators[index]?.target === undefined
    return isPulled ? { ...step, result: 'applied', says: 'published' } : step
  })
  return { isTarget, isOrigin, steps: done, says: seen.join('; ') }
}
