import type { DrillSummary } from '../core/drill-report.ts'
import type { DrillPlanView, RunningDrillView } from '../core/view.ts'
import type { DialogRequest } from './dialog-request.ts'
import { kindMeans, milliseconds, outcomeMeans, timeLines, zonedMoment } from './drill-words.ts'
import { Ago, For, Until } from './moments.tsx'
import { ReportLink } from './report-link.tsx'
import { Mark } from './shapes.tsx'
import { sentence } from './words.ts'

/** How a drill ended, as a mark and as the word of the journal. */
function Outcome({ outcome }: Pick<DrillSummary, 'outcome'>) {
  const kind =
    outcome === 'PASSED'
      ? 'pass'
      : outcome === 'FAILED'
        ? 'veto'
        : outcome === 'SKIPPED'
          ? 'skipped'
          : 'stopped'
  return (
    <span class={`outcome ${outcome.toLowerCase()}`} title={outcomeMeans[outcome]}>
      <Mark kind={kind} label="" />
      {outcome}
    </span>
  )
}

/** A drill that runs: its step, what it did so far, and a way to end it. */
export function RunningDrill(props: {
  readonly running: RunningDrillView
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { running, onDialog } = props
  const { actor, group, kind, plan, says, since, steps } = running
  return (
    <section class="drill-running" aria-label={`Drill ${plan} is under way`}>
      <p role="status">
        <strong>
          Drill {plan} ({kind}) of {group} is under way: {says}.
        </strong>
      </p>
      <p>
        For <For since={since} />, asked for by {actor === 'schedule' ? 'the calendar' : actor}.{' '}
        {sentence(kindMeans[kind])}
      </p>
      {steps.length > 0 && (
        <ol class="steps">
          {steps.map(({ atMs, says: did, what }) => (
            <li key={`${atMs} ${what} ${did}`}>
              <time>{milliseconds(atMs)}</time>
              <span>
                {!did.startsWith(what) && <b>{what}</b>} {did}
              </span>
            </li>
          ))}
        </ol>
      )}
      <div class="path-actions">
        <button type="button" onClick={() => onDialog({ kind: 'abort-drill', running })}>
          Abort the drill…
        </button>
      </div>
    </section>
  )
}

/** A drill of the configuration: when it is due, how it went last, and a way to begin it now. */
export function PlanLine(props: {
  readonly plan: DrillPlanView
  /** The group is not plain from where this stands. */
  readonly withGroup: boolean
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { plan, withGroup, onDialog } = props
  const { cron, kind, last, name, next, timeZone } = plan
  return (
    <li class="plan">
      <div>
        <b>{name}</b> <span class="class">{kind}</span> {withGroup && <span>{plan.group}</span>}
        <p>
          {next === undefined ? (
            cron === undefined ? (
              'On demand only.'
            ) : (
              'No next time is known.'
            )
          ) : (
            <>
              Next {zonedMoment(next, timeZone)}, in <Until at={next} />.
            </>
          )}{' '}
          {last === undefined ? (
            'Never run.'
          ) : (
            <>
              Last: <Outcome outcome={last.outcome} /> <Ago at={last.endedAt} />.
            </>
          )}
        </p>
      </div>
      <button
        type="button"
        class="small"
        aria-label={`Start drill ${name}`}
        onClick={() => onDialog({ kind: 'drill', plan })}
      >
        Start…
      </button>
    </li>
  )
}

/** A drill that ended: outcome, why, its times against the objectives, and its report. */
export function PastDrill(props: {
  readonly drill: DrillSummary
  readonly hasReport: boolean
  readonly isOpen: boolean
}) {
  const { drill, hasReport, isOpen } = props
  const lines = timeLines(drill)
  return (
    <li>
      <details class="past" open={isOpen}>
        <summary>
          <Outcome outcome={drill.outcome} /> <b>{drill.plan}</b> <Ago at={drill.endedAt} />
        </summary>
        <p>
          {sentence(drill.says)} Asked for by{' '}
          {drill.actor === 'schedule' ? 'the calendar' : drill.actor}.{' '}
          {hasReport && <ReportLink drill={drill} />}
        </p>
        {lines.length > 0 && (
          <table class="times">
            <thead>
              <tr>
                <th scope="col">time</th>
                <th scope="col">measured</th>
                <th scope="col">objective</th>
              </tr>
            </thead>
            <tbody>
              {lines.map(({ label, measure, ok, says, wanted }) => (
                <tr key={measure} class={ok === false ? 'missed' : ''}>
                  <th scope="row">{label}</th>
                  <td>{says}</td>
                  <td>
                    {ok !== undefined && (
                      <Mark kind={ok ? 'pass' : 'veto'} label={ok ? 'met' : 'missed'} />
                    )}{' '}
                    {wanted}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </details>
    </li>
  )
}
