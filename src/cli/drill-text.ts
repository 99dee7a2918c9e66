import type { DrillOutcome } from '../core/drill.ts'
import type { DrillSummary } from '../core/drill-report.ts'
import type { DrillsView } from '../core/view.ts'
import type { Io } from './io.ts'
import { painter, type Tone } from './paint.ts'
import { textTable } from './text-table.ts'
import { span, stamp } from './times.ts'

const tones: Readonly<Record<DrillOutcome, Tone>> = {
  PASSED: 'good',
  FAILED: 'bad',
  ABORTED: 'warn',
  INTERRUPTED: 'warn',
  SKIPPED: 'quiet',
}

/** Plans, the running drill and the last outcomes. */
export function drillTable({ history, plans, running }: DrillsView, io: Io): string {
  const paint = painter(io)
  if (plans.length === 0 && history.length === 0) {
    return 'No drill is configured: see docs/drills.md.\n'
  }
  const rows = plans.map(({ cron, group, kind, last, name, next }) => [
    paint('key', name),
    group,
    kind,
    next === undefined ? (cron ?? 'on demand') : `next ${stamp(next)}`,
    last === undefined ? 'never run' : `${last.outcome} ${stamp(last.startedAt)}`,
  ])
  const now =
    running === undefined
      ? ''
      : `\n${paint('strong', 'Runs now')} ${running.plan} (${running.kind}): ${running.says}\n`
  const past = history.map((each) => [
    stamp(each.startedAt),
    paint(tones[each.outcome], each.outcome),
    each.plan,
    each.id,
    each.says,
  ])
  const list =
    past.length === 0 ? '' : `\n${paint('strong', 'Last drills')}\n${textTable(past, io)}`
  return `${textTable(rows, io)}${now}${list}`
}

/** What came of one drill, with its times. */
export function drillLines({ id, outcome, plan, says, times }: DrillSummary, io: Io): string {
  const paint = painter(io)
  const rows = Object.entries(times).map(([measure, ms]) => [measure, span(ms)])
  const more = `Report: changeover drill report ${id} --out ${plan}.html`
  return `${paint(tones[outcome], outcome)} ${says}\n${textTable(rows, { width: io.width, indent: 2 })}${more}\n`
}
