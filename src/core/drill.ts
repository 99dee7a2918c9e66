import type { Allocation } from './allocation.ts'

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
