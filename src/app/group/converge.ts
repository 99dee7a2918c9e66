import type { Allocation } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { Step } from '../../plugin/actuator.ts'
import { applyBounded, observeBounded, type BoundActuator } from './bound-actuator.ts'

/** What came of bringing one actuator to an allocation. */
export type Converged =
  | {
      readonly result: 'applied'
      readonly says: string
      readonly wrote: boolean
      /** The version that the target shows now; absent for pull actuators. */
      readonly version?: string
    }
  /** Somebody else edited the target: nothing (more) was written. */
  | { readonly result: 'conflict'; readonly says: string; readonly wrote: boolean }
  | { readonly result: 'failed'; readonly says: string; readonly wrote: boolean }
  /** Our lease ended: nothing (more) was written. */
  | { readonly result: 'lost'; readonly says: string; readonly wrote: boolean }

export interface ConvergeOptions {
  readonly clock: Clock
  readonly actuator: BoundActuator
  readonly wanted: Allocation
  /** The version that the decision was based on; absent when our own earlier write is to be taken back. */
  readonly expected?: string
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
  if (target === undefined) return { result: 'applied', says: 'published', wrote: false }
  let version = options.expected
  let wrote = false
  let written: readonly Step[] = []
  let trouble = 'not tried'
  while (clock.now() < deadline && !signal.aborted) {
    const read = await observeBounded(clock, target, callTimeoutMs, signal)
    if (!read.ok) {
      trouble = `cannot read ${actuator.type}: ${read.says}`
      if (!read.retry) return { result: 'failed', says: trouble, wrote }
      await clock.sleep(retryPauseMs, signal)
      continue
    }
    const { observed } = read
    const plan = target.plan(observed, wanted)
    if (plan.length === 0) {
      return { result: 'applied', says: observed.says, wrote, version: observed.version }
    }
    const moved = version !== undefined && observed.version !== version
    if (moved && !isRestOf(plan, written)) {
      return {
        result: 'conflict',
        says: `${actuator.type} was changed meanwhile: ${observed.says}`,
        wrote,
      }
    }
    version = observed.version
    written = []
    for (const step of plan) {
      if (clock.now() >= deadline) break
      if (!(await options.confirm())) {
        return { result: 'lost', says: 'the lease of this group ended', wrote }
      }
      const answer = await applyBounded(clock, target, step, version, callTimeoutMs, signal)
      if (answer.result === 'applied') {
        wrote = true
        written = plan
        if (answer.version === undefined) break
        version = answer.version
        continue
      }
      if (answer.result === 'conflict') return { result: 'conflict', says: answer.says, wrote }
      trouble = answer.says
      if (answer.result === 'failed' && !answer.retry)
        return { result: 'failed', says: trouble, wrote }
      if (answer.result === 'unknown') {
        wrote = true
        written = plan
      }
      await clock.sleep(retryPauseMs, signal)
      break
    }
  }
  return { result: 'failed', says: `${actuator.type} did not follow in time: ${trouble}`, wrote }
}

/** Whether every step that is still wanted was wanted before: our own write explains what moved. */
function isRestOf(plan: readonly Step[], before: readonly Step[]): boolean {
  const known = new Set(before.map((step) => JSON.stringify(step.data)))
  return plan.length < before.length && plan.every((step) => known.has(JSON.stringify(step.data)))
}
