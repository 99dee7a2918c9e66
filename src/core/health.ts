import type { SeenContinuity } from './continuity.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Measurements } from './sample.ts'

/** Health of a path after quorum. `contested`: vantages disagree, and that moves nothing. */
export type Health = 'up' | 'degraded' | 'contested' | 'down' | 'unknown'

/** Health of a path as one vantage sees it. */
export type VantageHealth = Exclude<Health, 'contested'>

export type RuleClass = 'down' | 'degraded'

/** A rule that is active (or pending) for a path at a vantage, with its sentence. */
export interface RuleVerdict {
  readonly rule: string
  readonly class: RuleClass
  readonly severity: 'critical' | 'warning'
  readonly diagnosis?: Diagnosis
  readonly says: string
  readonly runbook?: string
  /** Monotonic milliseconds at which the rule became bad (pending), as this process knows it. */
  readonly since: number
  /** The newest evidence is ok, but not yet for `clear_for`. */
  readonly isClearing: boolean
}

/** What one vantage knows of one path: the vote that quorum counts. */
export interface VantageReport {
  /** The full name `<stream>/<group>/<path>`. */
  readonly path: string
  readonly vantage: string
  readonly health: VantageHealth
  /** A down-class rule is pending: probe faster and deeper. A mark, not a health. */
  readonly suspect: boolean
  /** Monotonic milliseconds since when the health is what it is. */
  readonly since: number
  /** Monotonic milliseconds of the newest sample with a real outcome; absent before the first. */
  readonly seenAt?: number
  /** Active rules, worst first. */
  readonly active: readonly RuleVerdict[]
  readonly pending: readonly RuleVerdict[]
  /** One sentence: why the health is what it is. */
  readonly says: string
  readonly measurements: Measurements
  /** What viewers had of it while it was well. */
  readonly continuity?: SeenContinuity
  /** What rules that compare paths need of it; absent where no such rule is in force. */
  readonly comparable?: Comparable
}

/** What one vantage tells of a path for comparing it with the others of its group; bounded by the rules. */
export interface Comparable {
  /** The type of the path's probe. */
  readonly probe: string
  /** The cadence of the path, in milliseconds. */
  readonly everyMs: number
  /** Measurements by name and aggregates by key, as at the newest sample; what is absent is not there. */
  readonly values: Readonly<Record<string, number>>
}

/** One vantage's vote as quorum counted it. */
export interface Vote {
  readonly vantage: string
  readonly domain: string
  readonly health: VantageHealth
  readonly says: string
}

/** What a second, independent kind of evidence says of a path: viewers, a server, another protocol. */
export interface WitnessStatement {
  readonly name: string
  /** As judged over everything that the witness has; `unknown` below its minimum volume. */
  readonly health: Health
  /** Monotonic milliseconds of its newest evidence. */
  readonly seenAt?: number
  readonly says: string
}

/** Health of a path by quorum over the configured vantages. */
export interface PathHealth {
  readonly path: string
  readonly health: Health
  readonly suspect: boolean
  /**
   * Down, but with too few vantages whose *newest* evidence is bad: such a path is not up again, so
   * nothing moves to it, yet nothing moves away from it either.
   */
  readonly isRecovering: boolean
  /** Monotonic milliseconds since when. */
  readonly since: number
  readonly diagnosis?: Diagnosis
  readonly says: string
  readonly runbook?: string
  readonly votes: readonly Vote[]
  /** Down but for these witnesses, which see the path up or degraded now. Only with `contested`. */
  readonly vetoedBy?: readonly string[]
  /** What viewers have of it, or had while it was well, as the vantage saw it that looked last. */
  readonly continuity?: SeenContinuity
  /** Rules that any present vantage finds bad or nearly so; absent where there are none. */
  readonly alarms?: readonly RuleAlarm[]
}

/** One rule that is not quiet on a path. */
export interface RuleAlarm {
  readonly rule: string
  /** As many vantages as quorum needs find it bad now; else some do, or it is pending or clearing. */
  readonly isAgreed: boolean
}
