import { useState } from 'preact/hooks'
import type { DrillSummary } from '../core/drill-report.ts'
import { asFailure, ask, hasToken } from './api-client.ts'
import { sentence } from './words.ts'

/** How long what is saved stays in memory. */
const KEPT_MS = 10_000

/**
 * The report of a drill: opened, or, where a token is needed, which no link can carry, fetched with
 * it and saved as a file.
 */
export function ReportLink({ drill }: { readonly drill: DrillSummary }) {
  const [failure, setFailure] = useState('')
  const address = `/api/v1/drills/reports/${encodeURIComponent(drill.id)}.html`
  const name = `${drill.plan} ${new Date(drill.startedAt).toISOString().slice(0, 16).replaceAll(':', '')}.html`
  const label = `Report of ${drill.plan}, ${drill.outcome}`
  if (!hasToken()) {
    return (
      <a href={address} target="_blank" rel="noreferrer" aria-label={label}>
        report
      </a>
    )
  }
  const save = async () => {
    try {
      const response = await ask(address)
      const url = URL.createObjectURL(await response.blob())
      const link = document.createElement('a')
      link.href = url
      link.download = name
      link.click()
      // Some browsers read it only after this turn.
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
      setFailure('')
    } catch (error) {
      setFailure(sentence(asFailure(error).message))
    }
  }
  return (
    <>
      <button
        type="button"
        class="small"
        aria-label={`${label}: save it`}
        onClick={() => void save()}
      >
        report
      </button>
      {failure !== '' && <span role="alert">{failure}</span>}
    </>
  )
}
