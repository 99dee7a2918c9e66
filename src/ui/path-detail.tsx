import { useState } from 'preact/hooks'
import { formatDuration } from '../core/duration.ts'
import type { RuleVerdict } from '../core/health.ts'
import type { Silence } from '../core/silence.ts'
import type { PathView, PenaltyView } from '../core/view.ts'
import { For, Seen } from './moments.tsx'
import { measured, measurementLabel } from './numbers.ts'
import { PathPicture } from './path-picture.tsx'
import { HealthShape } from './shapes.tsx'
import { SilencedBanner } from './silences.tsx'
import { useNow } from './ticker.ts'

/** Nothing younger than this looks old, in milliseconds, however fast the cadence. */
const LEAST_OLD_MS = 15_000

/** The age from which what is known of a path looks old: three looks that brought nothing. */
function oldAfter(path: PathView): number {
  return Math.max(LEAST_OLD_MS, 3 * path.everyMs)
}

/** Whether the numbers of a path are too old to be taken for the present. */
export function hasOldNumbers(path: PathView, now: number): boolean {
  const at = path.measuredAt ?? path.seenAt
  return at === undefined || now - at > oldAfter(path)
}

/** A path with everything that speaks for or against it. */
export function PathDetail(props: {
  readonly group: string
  readonly path: PathView
  readonly isOpen: boolean
  /** Silences of this path that are not of the whole group. */
  readonly silences: readonly Silence[]
  readonly onSilence: () => void
}) {
  const { group, path } = props
  const now = useNow()
  // Opened once by what was wrong then; after that only the reader folds it, so nothing jumps.
  const [isOpen] = useState(props.isOpen)
  return (
    <details class="path" open={isOpen}>
      <summary>
        <HealthShape health={path.health} />
        <strong>{path.name}</strong>
        <span>
          {path.health} for <For since={path.since} />
          {path.suspect && ', suspect'}
        </span>
        {path.weight > 0 && (
          <b class="carries">{path.weight === 100 ? 'carries' : `${path.weight} %`}</b>
        )}
      </summary>
      <p>{path.says}</p>
      <SilencedBanner silences={props.silences} />
      {path.penalty !== undefined && <Penalty penalty={path.penalty} />}
      {path.remedy !== undefined && <p class="remedy">{path.remedy}</p>}
      <Rules rules={path.rules} label="Active rules" mark="" />
      <Rules rules={path.pending} label="Pending rules" mark=", pending" />
      <PathPicture group={group} path={path} />
      <Votes path={path} />
      <Findings path={path} />
      <p class="source">
        {path.type} <code>{path.shows}</code> <Seen at={path.seenAt} oldAfterMs={oldAfter(path)} />
      </p>
      <Measurements path={path} isOld={hasOldNumbers(path, now)} />
      <div class="path-actions">
        <button
          type="button"
          class="small"
          aria-label={`Silence path ${path.name}`}
          onClick={props.onSilence}
        >
          Silence…
        </button>
      </div>
    </details>
  )
}

/** Going down again and again is remembered, and fades. */
function Penalty({ penalty }: { readonly penalty: PenaltyView }) {
  const { points, forgivenInMs } = penalty
  if (points < 1) return null
  return (
    <p class={forgivenInMs > 0 ? 'penalty caution' : 'penalty'}>
      Went down again and again: {points} points of penalty.{' '}
      {forgivenInMs > 0
        ? `The last choice, and traffic does not return to it, for another ${formatDuration(Math.ceil(forgivenInMs / 1_000) * 1_000)}.`
        : 'Too few to count against it; they fade.'}
    </p>
  )
}

function Rules(props: {
  readonly rules: readonly RuleVerdict[]
  readonly label: string
  /** Said after the class of each. */
  readonly mark: string
}) {
  if (props.rules.length === 0) return null
  return (
    <ul class="rules" aria-label={props.label}>
      {props.rules.map((rule) => (
        <li key={rule.rule} class={rule.severity}>
          <b>{rule.rule}</b>{' '}
          <span class="class">
            {rule.class}
            {rule.isClearing ? ', clearing' : props.mark}
          </span>{' '}
          {rule.says}
          {rule.runbook !== undefined && isWebAddress(rule.runbook) && (
            <>
              {' '}
              <a href={rule.runbook} target="_blank" rel="noreferrer">
                runbook
              </a>
            </>
          )}
        </li>
      ))}
    </ul>
  )
}

/** A rule file may hold anything; only web addresses become links. */
function isWebAddress(text: string): boolean {
  return /^https?:\/\//iu.test(text)
}

function Votes({ path }: { readonly path: PathView }) {
  return (
    <ul class="votes" aria-label="Votes of the vantages">
      {path.votes.map((vote) => (
        <li key={vote.vantage} title={`${vote.domain}: ${vote.says}`}>
          <HealthShape health={vote.health} />
          <b>{vote.vantage}</b> {vote.health}
        </li>
      ))}
    </ul>
  )
}

function Findings({ path }: { readonly path: PathView }) {
  return (
    <>
      {path.findings.map((finding) => (
        <p key={`${finding.code} ${finding.says}`} class={`finding ${finding.severity}`}>
          <b>{finding.code}</b> {finding.says}
          {finding.rendition !== undefined && ` (${finding.rendition})`}
          {finding.line !== undefined && `, line ${finding.line}`}
        </p>
      ))}
    </>
  )
}

function Measurements({ path, isOld }: { readonly path: PathView; readonly isOld: boolean }) {
  return (
    <>
      {isOld && path.measuredAt !== undefined && path.measurements.length > 0 && (
        <p class="source">
          measured <Seen at={path.measuredAt} oldAfterMs={0} />
        </p>
      )}
      <dl class={isOld ? 'numbers old' : 'numbers'}>
        {path.measurements.map((measurement) => (
          <div key={measurement.name} title={`${measurement.help} (${measurement.name})`}>
            <dt>{measurementLabel(measurement.name)}</dt>
            <dd>{measured(measurement)}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
