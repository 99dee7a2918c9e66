import { useState } from 'preact/hooks'
import type { MeasurementView, PathView } from '../core/view.ts'
import { For, Seen } from './moments.tsx'
import { measured, measurementLabel } from './numbers.ts'
import { HealthShape } from './shapes.tsx'
import { useNow } from './ticker.ts'

/** A sample older than this looks old, in milliseconds: three of the slowest usual looks. */
export const OLD_AFTER_MS = 15_000

/** A path with everything that speaks for or against it. */
export function PathDetail(props: { readonly path: PathView; readonly isOpen: boolean }) {
  const { path } = props
  const now = useNow()
  // Opened once by what was wrong then; after that only the reader folds it, so nothing jumps.
  const [isOpen] = useState(props.isOpen)
  const isOld = path.seenAt === undefined || now - path.seenAt > OLD_AFTER_MS
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
      {path.remedy !== undefined && <p class="remedy">{path.remedy}</p>}
      <Rules path={path} />
      <Votes path={path} />
      <Findings path={path} />
      <p class="source">
        {path.type} <code>{path.shows}</code> <Seen at={path.seenAt} oldAfterMs={OLD_AFTER_MS} />
      </p>
      <Measurements measurements={path.measurements} isOld={isOld} />
    </details>
  )
}

function Rules({ path }: { readonly path: PathView }) {
  if (path.rules.length === 0) return null
  return (
    <ul class="rules" aria-label="Active rules">
      {path.rules.map((rule) => (
        <li key={rule.rule} class={rule.severity}>
          <b>{rule.rule}</b>{' '}
          <span class="class">{rule.isClearing ? `${rule.class}, clearing` : rule.class}</span>{' '}
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

function Measurements(props: {
  readonly measurements: readonly MeasurementView[]
  readonly isOld: boolean
}) {
  return (
    <dl class={props.isOld ? 'numbers old' : 'numbers'}>
      {props.measurements.map((measurement) => (
        <div key={measurement.name} title={`${measurement.help} (${measurement.name})`}>
          <dt>{measurementLabel(measurement.name)}</dt>
          <dd>{measured(measurement)}</dd>
        </div>
      ))}
    </dl>
  )
}
