import { useEffect, useState } from 'preact/hooks'
import type { DrillOutlookView, DrillPlanView } from '../core/view.ts'
import { useAnswer } from './answer.ts'
import { kindMeans } from './drill-words.ts'
import { sentence } from './words.ts'

const POLL_MS = 2_000

/** What a drill will do if it is begun now, and what keeps it from beginning, asked again and again. */
export function DrillFields(props: {
  readonly plan: DrillPlanView
  /** Hears whether it would begin; also where that is not known, because the server has the last word. */
  readonly onReady: (isReady: boolean) => void
}) {
  const { plan, onReady } = props
  const [round, setRound] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setRound((each) => each + 1), POLL_MS)
    return () => clearInterval(timer)
  }, [])
  const { data, failure } = useAnswer<{ readonly outlook: DrillOutlookView }>(
    `/api/v1/drills/plans/${encodeURIComponent(plan.name)}`,
    round,
  )
  const outlook = data?.outlook
  const isReady = outlook?.ready ?? failure !== undefined
  useEffect(() => onReady(isReady), [isReady])
  return (
    <div class="consequences" aria-live="polite">
      <p>
        On <b>{plan.group}</b>, now: {kindMeans[plan.kind]}.
      </p>
      {outlook !== undefined && (
        <ol class="drill-steps">
          {outlook.steps.map((step) => (
            <li key={step}>{sentence(step)}</li>
          ))}
        </ol>
      )}
      {outlook?.ready === false && (
        <p class="caution">
          <strong>It would not start now:</strong> {sentence(outlook.says ?? 'why is not known')}
        </p>
      )}
      {failure !== undefined && <p class="caution">{sentence(failure.message)}</p>}
    </div>
  )
}
