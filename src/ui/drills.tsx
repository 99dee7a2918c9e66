import type { DrillsView, RunningDrillView, WatchdogView } from '../core/view.ts'
import { useAnswer } from './answer.ts'
import type { DialogRequest } from './dialog-request.ts'
import { PastDrill, PlanLine } from './drill-lines.tsx'
import { DrillTrend } from './drill-trend.tsx'
import type { Live } from './live.ts'
import { sentence } from './words.ts'

const MOST_PLANS = 5
const MOST_PAST = 5

type Drills = DrillsView & { readonly reports: readonly string[] }

/** The drill under way anywhere; there is one at a time. */
export function runningDrill({ groups }: WatchdogView): RunningDrillView | undefined {
  return groups.find(({ drill }) => drill?.running !== undefined)?.drill?.running
}

/** Rehearsals, of one group or of all: what is due, and what came of the last ones. */
export function DrillSection(props: {
  readonly live: Live
  readonly view: WatchdogView
  /** Full name of the group; absent for all. */
  readonly group?: string
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { group, live, onDialog, view } = props
  const running = runningDrill(view)
  const newest = live.journal.find(({ kind }) => kind === 'drill')?.seq ?? 0
  const ofGroup = group === undefined ? '' : `&group=${encodeURIComponent(group)}`
  const { data, failure } = useAnswer<Drills>(
    `/api/v1/drills?limit=20${ofGroup}`,
    `${newest} ${running?.id ?? ''}`,
  )
  // A Changeover without drills shows nothing of them.
  if (data === undefined && (failure === undefined || failure.code === 'not-found')) return null
  const { history = [], plans = [], reports = [] } = data ?? {}
  if (failure === undefined && plans.length + history.length === 0) return null
  const shown = plans.toSorted((a, b) => (a.next ?? Infinity) - (b.next ?? Infinity))
  const title = `drills-title${group === undefined ? '' : '-group'}`
  const line = (plan: (typeof plans)[number]) => (
    <PlanLine key={plan.name} plan={plan} withGroup={group === undefined} onDialog={onDialog} />
  )
  return (
    <section class="drills" aria-labelledby={title}>
      {group === undefined ? <h2 id={title}>Drills</h2> : <h3 id={title}>Drills</h3>}
      {failure !== undefined && <p class="aside">{sentence(failure.message)}</p>}
      <ul class="plans">{shown.slice(0, MOST_PLANS).map(line)}</ul>
      {shown.length > MOST_PLANS && (
        <details class="more">
          <summary>{shown.length - MOST_PLANS} more drills</summary>
          <ul class="plans">{shown.slice(MOST_PLANS).map(line)}</ul>
        </details>
      )}
      {group !== undefined &&
        plans.map(({ name }) => (
          <DrillTrend key={name} drills={history.filter(({ plan }) => plan === name)} />
        ))}
      {history.length > 0 && (
        <ul class="pasts" aria-label="The last drills">
          {history.slice(0, MOST_PAST).map((drill, index) => (
            <PastDrill
              key={drill.id}
              drill={drill}
              hasReport={reports.includes(drill.id)}
              isOpen={group !== undefined && index === 0}
            />
          ))}
        </ul>
      )}
    </section>
  )
}
