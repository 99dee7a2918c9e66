import type { DrillKind, DrillOutcome } from '../core/drill.ts'
import { drillMeasures, type DrillMeasure } from '../core/drill-plan.ts'
import type { DrillSummary } from '../core/drill-report.ts'

/** What each outcome proves, for whoever hovers or listens. */
export const outcomeMeans: Readonly<Record<DrillOutcome, string>> = {
  PASSED: 'it ran to its end and met every objective',
  FAILED: 'something did not happen as it should, or an objective was missed',
  ABORTED: 'a condition of its own stopped it, or a person',
  INTERRUPTED: 'something that goes before a drill came first',
  SKIPPED: 'it did not start',
}

/** What each kind does, in a few words. */
export const kindMeans: Readonly<Record<DrillKind, string>> = {
  observe: 'looks whether everything is ready; moves nothing',
  advise: 'asks what would be decided; moves nothing',
  switch: 'moves the traffic to the standby and back',
  fault: 'breaks a path; the traffic must move by itself, and returns',
  load: 'virtual viewers pull the standby; moves nothing',
}

const measureWords: Readonly<Record<DrillMeasure, string>> = {
  detect: 'detect',
  decide: 'decide',
  apply: 'apply',
  verify: 'verify',
  effective: 'in effect (declared)',
  gap: 'viewer gap',
  return: 'return',
}

/** One time of a drill as the page shows it. */
export interface TimeLine {
  readonly measure: DrillMeasure
  readonly label: string
  /** `1.2 s`, or `not measured`. */
  readonly says: string
  /** `at most 10 s`; absent where nothing was asked for. */
  readonly wanted?: string
  /** Absent where nothing was asked for. */
  readonly ok?: boolean
}

/** The measured times of a drill against its objectives, in the order in which they happen. */
export function timeLines({ objectives = {}, times }: DrillSummary): readonly TimeLine[] {
  return drillMeasures.flatMap((measure): TimeLine[] => {
    const ms = times[measure]
    const most = objectives[measure]
    if (ms === undefined && most === undefined) return []
    return [
      {
        measure,
        label: measureWords[measure],
        says: ms === undefined ? 'not measured' : milliseconds(ms),
        ...(most !== undefined && {
          wanted: `at most ${milliseconds(most)}`,
          ok: ms !== undefined && ms <= most,
        }),
      },
    ]
  })
}

/** A measured time: `340 ms`, `4.2 s`, `12 min 5 s`. */
export function milliseconds(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`
  const seconds = Math.round(ms / 1_000)
  const rest = seconds % 60
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}

/** One bar of a trend. */
export interface TrendBar {
  readonly id: string
  readonly outcome: DrillOutcome
  /** 0 to 1 of the longest in the trend; absent where it was not measured. */
  readonly share?: number
  readonly says: string
}

/** How one time went from drill to drill. */
export interface Trend {
  readonly label: string
  /** Oldest first. */
  readonly bars: readonly TrendBar[]
  /** Where the objective lies, 0 to 1 like the bars; absent without one. */
  readonly objective?: number
  /** All of it in words. */
  readonly says: string
}

const MOST_BARS = 12

/**
 * The time that viewers feel most over the newest drills of one plan: the gap where it was measured,
 * else how long it took to apply. Takes summaries newest first; `undefined` for fewer than two with a time.
 */
export function trendOf(summaries: readonly DrillSummary[]): Trend | undefined {
  const shown = summaries.slice(0, MOST_BARS).toReversed()
  const measure = (['gap', 'apply'] as const).find(
    (each) => shown.filter(({ times }) => times[each] !== undefined).length > 1,
  )
  if (measure === undefined) return undefined
  const most = shown.findLast(({ objectives }) => objectives?.[measure] !== undefined)
    ?.objectives?.[measure]
  const values = shown.flatMap(({ times }) => times[measure] ?? [])
  const top = Math.max(1, most ?? 0, ...values)
  const label = measureWords[measure]
  const said = shown.map(({ outcome, times }) => {
    const ms = times[measure]
    return `${outcome}${ms === undefined ? '' : ` ${milliseconds(ms)}`}`
  })
  return {
    label,
    bars: shown.map(({ id, outcome, times }, index) => {
      const ms = times[measure]
      const share = ms === undefined ? {} : { share: ms / top }
      return { id, outcome, ...share, says: said[index] ?? '' }
    }),
    ...(most !== undefined && { objective: most / top }),
    says: `${label}, oldest first: ${said.join(', ')}${most === undefined ? '' : `; wanted at most ${milliseconds(most)}`}`,
  }
}

/** `Wed 25 Nov 10:00 (UTC)`: when a drill is due, in the zone in which it was configured. */
export function zonedMoment(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(at)
  return `${parts.replaceAll(',', '')} (${timeZone})`
}
