import type { DrillFacts, Move } from './drill-facts.ts'
import type { Measured } from './judge.ts'

/** When things happened that the journal does not tell, and what was seen. Monotonic milliseconds. */
export interface DrillMarks {
  readonly isFault: boolean
  readonly began: number
  readonly brokenAt: number | undefined
  readonly downAt: number | undefined
  /** When the traffic should have returned. */
  readonly dueAt: number | undefined
  /** The longest that actuators declare until an applied write is in effect everywhere. */
  readonly settleMs: number
  /** `no-name`: no public name is configured. */
  readonly gapMs: number | 'no-name' | undefined
}

/** Every time of a drill that moved traffic, with what it stands on; absent where it was not measured. */
export function measuredOf({ back, out }: DrillFacts, marks: DrillMarks): Measured {
  const { began, brokenAt, downAt, dueAt, gapMs, isFault, settleMs } = marks
  const applied = span(
    out?.decidedAt,
    out?.appliedAt,
    'from the intent until every required actuator showed it',
  )
  const returnFrom = back && Math.min(dueAt ?? back.decidedAt, back.decidedAt)
  return {
    ...(isFault && {
      detect: span(brokenAt, downAt, 'from the fault until the path was called down'),
    }),
    decide: isFault
      ? span(downAt, out?.decidedAt, 'from down until the intent, pre-check included')
      : span(began, out?.decidedAt, 'from the order until the intent, pre-check included'),
    apply: applied,
    verify: span(out?.appliedAt, out?.verifiedAt, 'from applied until fresh looks were good'),
    effective: applied.ms === undefined ? applied : effectiveOf(applied.ms, out, settleMs),
    gap:
      typeof gapMs === 'number'
        ? { ms: gapMs, says: 'the longest time without a good look through the public name' }
        : {
            says: `not measured: ${gapMs === 'no-name' ? 'no verify.url is configured' : 'no look was good'}`,
          },
    return: span(returnFrom, back?.appliedAt, 'from when it was due until it was applied'),
  }
}

function effectiveOf(appliedMs: number, out: Move | undefined, settleMs: number) {
  if (out?.effectiveMs !== undefined) {
    const says = 'apply, and until everybody who was asked said it and caches had their time'
    return { ms: appliedMs + out.effectiveMs, says }
  }
  const says =
    'apply, and what the actuators declare until it is in effect everywhere; declared, not measured'
  return { ms: appliedMs + settleMs, says }
}

function span(
  from: number | undefined,
  to: number | undefined,
  says: string,
): { readonly ms?: number; readonly says: string } {
  if (from === undefined || to === undefined) return { says: `not measured: ${says}` }
  return { ms: Math.max(0, to - from), says }
}
