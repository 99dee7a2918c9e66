import type { Allocation } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { Step } from '../../plugin/actuator.ts'
import { applyBounded, observeBounded, type BoundActuator } from './bound-actuator.ts'

/** What came of bringing one actuator to an allocation. */
export interface Converged {
  /**
   * `conflict`: somebody else edited the target. `lost`: our lease ended. In both cases nothing (more)
   * was written.
   */
  readonly result: 'applied' | 'conflict' | 'failed' | 'lost'
  readonly says: string
  readonly wrote: boolean
  /** A write of ours was not answered and did not show yet: it may still land. */
  readonly isUncertain: boolean
  /** What the target last showed, and what we asked of it since: later writes apply to nothing else. */
  readonly trail: Trail
}

/** How far our own writes explain the state of a target. */
export interface Trail {
  /** The newest version that we know of; absent for pull actuators and for a target never read. */
  readonly version?: string
  /** Steps of the plan under way, all of which may have landed. */
  readonly written: readonly Step[]
  readonly wanted: Allocation
}

export interface ConvergeOptions {
  readonly clock: Clock
  readonly actuator: BoundActuator
  readonly wanted: Allocation
  /** What the decision was based on: the version that was read, and our own writes since. */
  readonly trail: Trail
  readonly callTimeoutMs: number
  /** Monotonic time after which no further call begins. */
  readonly deadline: number
  /** Asked right before every write: may this process still act? */
  readonly confirm: () => Promise<boolean>
  readonly signal: AbortSignal
}

const retryPauseMs = 200

/**
 * Observe, plan, apply, observe: until the plan is empty, which alone counts as applied
 * (invariants 28, 30, 31). An unanswered write is read back and never repeated blindly; a version
 * that is neither the expected one nor the result of our own write is somebody else's edit.
 */
export async function converge(options: ConvergeOptions): Promise<Converged> {
  const { clock, actuator, wanted, callTimeoutMs, deadline, signal } = options
  const target = actuator.target
  let trail = options.trail
  let wrote = false
  let isUncertain = false
  const end = (result: Converged['result'], says: string): Converged => ({
    result,
    says,
    wrote,
    isUncertain: isUncertain && result !== 'applied',
    trail,
  })
  if (target === undefined) return end('applied', 'published')
  let trouble = 'not tried'
  while (clock.now() < deadline && !signal.aborted) {
    const read = await observeBounded(clock, target, callTimeoutMs, signal)
    if (!read.ok) {
      trouble = `cannot read ${actuator.type}: ${read.says}`
      if (!read.retry) return end('failed', trouble)
      await clock.sleep(retryPauseMs, signal)
      continue
    }
    const { observed } = read
    const plan = target.plan(observed, wanted)
    const hasMoved = observed.version !== trail.version
    const isOwn = !hasMoved || isRestOf(target.plan(observed, trail.wanted), trail.written)
    if (plan.length === 0) {
      trail = { version: observed.version, written: [], wanted }
      return end('applied', observed.says)
    }
    if (!isOwn) {
      return end('conflict', `${actuator.type} was changed meanwhile: ${observed.says}`)
    }
    if (hasMoved) isUncertain = false
    let version = observed.version
    trail = { version, written: [], wanted }
    for (const step of plan) {
      if (!(await options.confirm())) return end('lost', 'the lease of this group ended')
      // The store may have taken its time, or the process was suspended meanwhile.
      if (clock.now() >= deadline || signal.aborted) break
      const answer = await applyBounded(clock, target, step, version, callTimeoutMs, signal)
      if (answer.result === 'applied') {
        wrote = true
        trail = { version: answer.version ?? version, written: plan, wanted }
        if (answer.version === undefined) break
        version = answer.version
        continue
      }
      trouble = answer.says
      if (answer.result === 'conflict') {
        // An earlier write of ours may have landed late: the next read tells whose it was.
        if (!isUncertain) return end('conflict', answer.says)
        trail = { version, written: plan, wanted }
      }
      if (answer.result === 'failed' && !answer.retry) return end('failed', trouble)
      if (answer.result === 'unknown') {
        wrote = true
        isUncertain = true
        trail = { version, written: plan, wanted }
      }
      await clock.sleep(retryPauseMs, signal)
      break
    }
  }
  return end('failed', `${actuator.type} did not follow in time: ${trouble}`)
}

/** Whether every step that is still wanted was wanted before: our own write explains what moved. */
function isRestOf(plan: readonly Step[], before: readonly Step[]): boolean {
  const known = new Set(before.map((step) => JSON.stringify(step.data)))
  return plan.length < before.length && plan.every((step) => known.has(JSON.stringify(step.data)))
}
