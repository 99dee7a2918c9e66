import { withDeadline, type Clock } from '../../core/clock.ts'
import type {
  Actuator,
  ApplyResult,
  Capabilities,
  ObserveResult,
  Step,
} from '../../plugin/actuator.ts'

/** An actuator of a group, ready for use. Pull actuators have no target: publishing is applying. */
export interface BoundActuator {
  readonly type: string
  readonly required: boolean
  readonly capabilities: Capabilities
  /** Absent for pull actuators. */
  readonly target?: Actuator
}

/**
 * Whether an actuator decides what serves: the required ones do, and all where none is. The others
 * are best effort: named where they lag, and no reason for anything.
 */
export function decides(actuator: BoundActuator, all: readonly BoundActuator[]): boolean {
  return actuator.required || !all.some((each) => each.required)
}

/** Reads the target, bounded by the call time-out. An exception of a plug-in is an error, never an empty target. */
export async function observeBounded(
  clock: Clock,
  actuator: Actuator,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ObserveResult> {
  try {
    const result = await withDeadline(clock, timeoutMs, signal, (inner) => actuator.observe(inner))
    return result ?? { ok: false, retry: true, says: `no answer within ${timeoutMs} ms` }
  } catch (error) {
    return { ok: false, retry: false, says: `the plug-in failed: ${messageOf(error)}` }
  }
}

/** Writes one step, bounded by the call time-out. Whatever is not clearly answered is `unknown`. */
export async function applyBounded(
  clock: Clock,
  actuator: Actuator,
  step: Step,
  version: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ApplyResult> {
  try {
    const result = await withDeadline(clock, timeoutMs, signal, (inner) =>
      actuator.apply(step, version, inner),
    )
    return result ?? { result: 'unknown', says: `no answer within ${timeoutMs} ms` }
  } catch (error) {
    return { result: 'unknown', says: `the plug-in failed: ${messageOf(error)}` }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
