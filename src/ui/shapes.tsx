import type { Health } from '../core/health.ts'
import { healthMeans } from './words.ts'

/** The shape of each health, so that it can be told without its colour. */
const drawings: Readonly<Record<Health, preact.JSX.Element>> = {
  up: <circle cx="8" cy="8" r="5.5" />,
  degraded: (
    <>
      <path d="M8 1.8 15 14H1Z" />
      <path class="cut" d="M8 6.2v3.6M8 11.4v1.2" />
    </>
  ),
  contested: (
    <>
      <path class="ring" d="M8 1.6 14.4 8 8 14.4 1.6 8Z" />
      <path d="M8 1.6V14.4L1.6 8Z" />
    </>
  ),
  down: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="1.6" />
      <path class="cut" d="m5 5 6 6m0-6-6 6" />
    </>
  ),
  unknown: (
    <>
      <circle class="ring dashed" cx="8" cy="8" r="5.8" />
      <circle cx="8" cy="8" r="1.4" />
    </>
  ),
}

/** Health as a shape with its colour; the word is there for those who cannot see it. */
export function HealthShape({ health }: { readonly health: Health }) {
  return (
    <svg class={`shape ${health}`} viewBox="0 0 16 16" role="img" aria-label={health}>
      <title>{healthMeans[health]}</title>
      {drawings[health]}
    </svg>
  )
}

const marks = {
  pass: 'm3 8.5 3.4 3.4L13 4.8',
  veto: 'm4 4 8 8m0-8-8 8',
  bypassed: 'M2.5 11c2-6 9-6 11 0m0 0V6.6m0 4.4H9.1',
  stopped: 'M4 4h8v8H4Z',
  skipped: 'M3 8h10',
  waiting: 'M8 4v4l2.6 1.8M8 2.2a5.8 5.8 0 1 0 .01 0',
  held: 'M5.2 3v10M10.8 3v10',
  frozen: 'M8 1.5v13M2.4 4.7l11.2 6.6M2.4 11.3l11.2-6.6',
  acting: 'M1.5 8h12M9 3.5 13.5 8 9 12.5',
} as const

/** A small line drawing for an answer, a result or a state; without a label where words stand beside it. */
export function Mark({
  kind,
  label,
}: {
  readonly kind: keyof typeof marks
  readonly label: string
}) {
  return (
    <svg
      class={`mark ${kind}`}
      viewBox="0 0 16 16"
      {...(label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      <path d={marks[kind]} />
    </svg>
  )
}
