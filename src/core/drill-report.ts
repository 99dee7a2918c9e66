import type { DrillKind, DrillOutcome } from './drill.ts'
import type { DrillMeasure } from './drill-plan.ts'
import type { JournalEntry } from './journal.ts'

/** One thing that was looked at before or during a drill. */
export interface DrillCheck {
  readonly name: string
  readonly ok: boolean
  readonly says: string
}

/** One time against its objective. */
export interface DrillTime {
  readonly measure: DrillMeasure
  /** Milliseconds; absent where it could not be measured. */
  readonly ms?: number
  readonly objectiveMs?: number
  /** Absent without an objective. */
  readonly ok?: boolean
  /** What the number stands on, or why there is none. */
  readonly says: string
}

/** When one server or resolver was first seen to say what a drill applied. */
export interface DrillReach {
  /** Out to the standby, or back. */
  readonly move: 'out' | 'back'
  /** Such as `192.0.2.54`. */
  readonly who: string
  /** `server`: it should follow at once. `cache`: a resolver that may keep what it has for a time. */
  readonly kind: 'server' | 'cache'
  /** Milliseconds from applied; absent where it was not seen before the drill went on. */
  readonly ms?: number
  readonly says: string
}

/** A moment of a drill, in milliseconds since it began. */
export interface DrillMoment {
  readonly atMs: number
  readonly what: string
  readonly says: string
}

/** One look at the public name; runs of the same are kept as one. */
export interface PublicLook {
  readonly atMs: number
  readonly ok: boolean
  readonly says: string
}

/** What the virtual viewers of a load drill measured. */
export interface LoadResult {
  readonly path: string
  readonly viewers: number
  readonly ceilingBitsPerSecond: number
  readonly bitsPerSecond: number
  readonly segments: number
  readonly failures: number
  /** Share of the segments that came slower than they play. */
  readonly lateRatio: number
  /** What stopped it from being more. */
  readonly limitedBy: 'ceiling' | 'path' | 'viewers'
}

/** A drill in one line, as lists and trends show it. Times are wall milliseconds since the epoch. */
export interface DrillSummary {
  readonly id: string
  readonly plan: string
  readonly group: string
  readonly kind: DrillKind
  readonly outcome: DrillOutcome
  readonly says: string
  readonly actor: string
  readonly startedAt: number
  readonly endedAt: number
  readonly times: Readonly<Partial<Record<DrillMeasure, number>>>
  /** What each time should have been at most, where that was asked for; milliseconds. */
  readonly objectives?: Readonly<Partial<Record<DrillMeasure, number>>>
}

/** Everything that is known of one drill that ended. */
export interface DrillReport extends Omit<DrillSummary, 'times' | 'objectives'> {
  readonly reason: string
  readonly version: string
  readonly mode: string
  readonly away?: string
  readonly standby?: string
  readonly checks: readonly DrillCheck[]
  readonly times: readonly DrillTime[]
  readonly timeline: readonly DrillMoment[]
  readonly looks: readonly PublicLook[]
  readonly load?: LoadResult
  /** Of every server and resolver that the actuators ask; absent where they ask none. */
  readonly reach?: readonly DrillReach[]
  readonly journal: readonly JournalEntry[]
  /** Earlier drills of the same plan, newest first. */
  readonly trend: readonly DrillSummary[]
}

/** The one line of a report. */
export function summaryOf(report: DrillReport): DrillSummary {
  const { id, plan, group, kind, outcome, says, actor, startedAt, endedAt } = report
  const times = Object.fromEntries(
    report.times.flatMap(({ measure, ms }) => (ms === undefined ? [] : [[measure, ms]])),
  )
  const objectives = Object.fromEntries(
    report.times.flatMap(({ measure, objectiveMs }) =>
      objectiveMs === undefined ? [] : [[measure, objectiveMs]],
    ),
  )
  return {
    id,
    plan,
    group,
    kind,
    outcome,
    says,
    actor,
    startedAt,
    endedAt,
    times,
    ...(Object.keys(objectives).length > 0 && { objectives }),
  }
}
