import { formatDuration } from '../../core/duration.ts'
import type { DrillOutcome } from '../../core/drill.ts'
import { drillMeasures, type DrillMeasure, type DrillPlan } from '../../core/drill-plan.ts'
import type { DrillTime } from '../../core/drill-report.ts'
import type { DrillFacts } from './drill-facts.ts'

/** A verdict, and the sentence that explains it. */
export interface Verdict {
  readonly outcome: DrillOutcome
  readonly says: string
}

/** What was measured: milliseconds with what they stand on, or why there is no number. */
export type Measured = Readonly<
  Partial<Record<DrillMeasure, { readonly ms?: number; readonly says: string }>>
>

/** Every time that was measured or asked for, against its objective. */
export function timesOf(measured: Measured, objectives: DrillPlan['objectives']): DrillTime[] {
  return drillMeasures.flatMap((measure): DrillTime[] => {
    const found = measured[measure]
    const objectiveMs = objectives[measure]
    if (found === undefined && objectiveMs === undefined) return []
    const { ms, says = 'it was not measured' } = found ?? {}
    return [
      {
        measure,
        says,
        ...(ms !== undefined && { ms }),
        ...(objectiveMs !== undefined && {
          objectiveMs,
          ok: ms !== undefined && ms <= objectiveMs,
        }),
      },
    ]
  })
}

/** The verdict on a drill that moved traffic, or should have (invariant 42). */
export function judgeMoves(
  facts: DrillFacts,
  kind: 'switch' | 'fault',
  times: readonly DrillTime[],
): Verdict {
  const [first] = facts.causes
  const { back, out } = facts
  if (first !== undefined) {
    const isAway = out?.appliedAt !== undefined && facts.overAt === undefined
    const says = isAway ? `${first.says}; the traffic is not back yet` : first.says
    return { outcome: first.outcome, says }
  }
  const failed = (says: string): Verdict => ({ outcome: 'FAILED', says })
  if (out === undefined) {
    return failed(kind === 'fault' ? 'the watchdog did not find the fault' : 'nothing was moved')
  }
  if (out.appliedAt === undefined) return failed(`the move to ${out.target} was not applied`)
  if (out.verifiedAt === undefined) return failed(`the move to ${out.target} was not verified`)
  if (back?.appliedAt === undefined) return failed('the traffic did not return within its maximum')
  if (back.verifiedAt === undefined) return failed(`the return to ${back.target} was not verified`)
  return judgeTimes(times, `the traffic went to ${out.target} and back, verified both ways`)
}

/** Passed, unless an objective was missed or could not be measured. */
function judgeTimes(times: readonly DrillTime[], says: string): Verdict {
  const missed = times.filter(({ ok }) => ok === false)
  if (missed.length === 0) return { outcome: 'PASSED', says }
  const list = missed.map(({ measure, ms, objectiveMs = 0 }) => {
    const wanted = `at most ${formatDuration(objectiveMs)} wanted`
    return ms === undefined
      ? `${measure} was not measured, ${wanted}`
      : `${measure} took ${formatDuration(Math.round(ms))}, ${wanted}`
  })
  return { outcome: 'FAILED', says: `${says}; objectives missed: ${list.join('; ')}` }
}
