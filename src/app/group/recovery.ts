import { describeAllocation } from '../../core/allocation.ts'
import { observeBounded } from './bound-actuator.ts'
import { abort, adoptApplied, freeze, intentBudgetMs, type ChangeDeps } from './change.ts'

/**
 * How long to wait before judging an open intent that another process left: its deadline plus one
 * call time-out, so that a late write of that process cannot land afterwards. Monotonic; never
 * longer than a whole intent may take, whatever the wall clock did.
 */
export function recoveryWaitMs(deps: ChangeDeps): number {
  const { settings, clock, record, lease } = deps
  const intent = record.memory.row.intent
  if (intent === undefined || intent.token === lease.current()?.token) return 0
  const ceiling = intentBudgetMs(settings) + settings.callTimeoutMs
  return Math.min(ceiling, Math.max(0, intent.deadline + settings.callTimeoutMs - clock.wall()))
}

/**
 * Judges an open intent by what the world shows, and never replays it: the target's allocation is
 * committed and verified, the origin's aborted and refunded, anything else frozen (invariant 29).
 * Returns false where the world could not be read yet.
 */
export async function judgeOpenIntent(deps: ChangeDeps, signal: AbortSignal): Promise<boolean> {
  const { clock, settings, record } = deps
  const intent = record.memory.row.intent
  if (intent === undefined) return true
  let isTarget = true
  let isOrigin = true
  const seen: string[] = []
  for (const actuator of deps.actuators) {
    if (actuator.target === undefined) continue
    const read = await observeBounded(clock, actuator.target, settings.callTimeoutMs, signal)
    if (!read.ok) {
      if (actuator.required) return false
      continue
    }
    if (actuator.required || intent.phase === 'applied') {
      isTarget &&= actuator.target.plan(read.observed, intent.to).length === 0
      isOrigin &&= actuator.target.plan(read.observed, intent.from).length === 0
    }
    seen.push(`${actuator.type} shows ${describeAllocation(read.observed.allocation)}`)
  }
  if (signal.aborted) return false
  const isPulled = deps.actuators.every((actuator) => actuator.target === undefined)
  if (isPulled) {
    // The publication is in the row itself: it says how far the change came.
    isTarget = record.memory.row.published !== undefined && intent.phase === 'applied'
    isOrigin = !isTarget
  }
  if (isTarget) {
    await adoptApplied(deps, signal)
  } else if (isOrigin && !intent.compensating && intent.phase === 'open') {
    await abort(deps, intent, 'an earlier process ended before it wrote anything', false)
  } else {
    const says = `unknown external state after an interrupted change from ${describeAllocation(intent.from)} to ${describeAllocation(intent.to)}: ${seen.join('; ')}`
    await freeze(deps, intent, says, [])
  }
  return true
}
