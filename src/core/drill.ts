import type { Allocation } from './allocation.ts'

/**
 * What is rehearsed. `observe`: is everything ready? `advise`: would it be decided rightly on
 * injected evidence? `switch`: traffic really moves to the standby and back. `fault`: a path is
 * broken, and the watchdog must find it by itself. `load`: bounded virtual viewers pull the standby.
 */
export type DrillKind = 'observe' | 'advise' | 'switch' | 'fault' | 'load'

/**
 * How a drill ended. `PASSED`: it ran to its end and met every objective. `FAILED`: it ran, and
 * something did not happen as it should. `ABORTED`: one of its own conditions stopped it.
 * `INTERRUPTED`: something that goes before a drill took over: an incident, a person, the end of the
 * process. `SKIPPED`: it did not start.
 */
export type DrillOutcome = 'PASSED' | 'FAILED' | 'ABORTED' | 'INTERRUPTED' | 'SKIPPED'

/**
 * A drill that holds traffic away from where it belongs, or is about to. It lives in the group's
 * row, so that whoever leads the group returns the traffic, also after a crash.
 */
export interface OpenDrill {
  readonly id: string
  /** Name of its plan. */
  readonly plan: string
  readonly kind: 'switch' | 'fault'
  /** Who asked: a person, or `schedule`. */
  readonly actor: string
  /** Identity of the process that runs it. */
  readonly owner: string
  /** Short name of the path that is left. */
  readonly away: string
  /** What served before; where traffic returns to. */
  readonly from: Allocation
  /** What the drill applied; for a fault absent until the watchdog moved the traffic by itself. */
  readonly to?: Allocation
  /** Wall milliseconds since the epoch. */
  readonly startedAt: number
  /** Wall milliseconds from which traffic returns … */
  readonly until: number
  /** … and after which people are paged that it did not. */
  readonly max: number
  /** Why it returns before `until`. */
  readonly ends?: string
}

/** A drill's part in an intent: out, or back. */
export interface DrillStep {
  readonly id: string
  readonly part: 'away' | 'return'
  /** For `away`: what the row keeps from the intent on. */
  readonly opens?: OpenDrill
}
