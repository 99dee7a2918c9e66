import { createHash } from 'node:crypto'
import { formatDuration } from '../core/duration.ts'
import type { Notice } from '../core/notice.ts'
import { timeText } from '../core/time-text.ts'

/** One labelled sentence of a notice. */
export interface NoticeFact {
  readonly label: string
  readonly text: string
}

const beginnings = {
  trigger: '',
  acknowledge: 'ACKNOWLEDGED ',
  resolve: 'OVER ',
  change: 'CHANGED ',
} as const

/** The first line of a notice, in words that need no colour: `CRITICAL: cdn-a is down`. */
export function headlineOf({ action, severity, title }: Notice): string {
  return `${beginnings[action]}${severity.toUpperCase()}: ${title}`
}

/**
 * What a person needs at three in the morning, in the order in which it is asked: since when, what
 * viewers see, what Changeover did or why it did not, what to do next. `length` cuts each text.
 */
export function factsOf(notice: Notice, length: number): NoticeFact[] {
  const { since, wall, viewers, did, todo, trend, acknowledgedBy, also } = notice
  const lasted = formatDuration(Math.max(0, Math.round((wall - since) / 1_000)) * 1_000)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Since', `${timeText(since)} UTC, ${lasted} ago`],
    ['Viewers', notice.action === 'resolve' ? undefined : viewers],
    ['Changeover', did],
    ['Next', todo],
    ['Trend', trend],
    ['Looked after by', acknowledgedBy],
    ['Also', also?.map(({ severity, title }) => `${severity}: ${title}`).join('\n')],
  ]
  return facts.flatMap(([label, text]) =>
    text === undefined || text === '' ? [] : [{ label, text: cut(text, length) }],
  )
}

/** Links of a notice that are web addresses, with their names; anything else stays out. */
export function linksOf({
  link,
  runbook,
  picture,
}: Notice): { readonly text: string; readonly href: string }[] {
  return [
    { text: 'Status page', href: link },
    { text: 'Runbook', href: runbook },
    { text: 'Picture', href: picture },
  ].flatMap(({ text, href }) => (isWebUrl(href) ? [{ text, href }] : []))
}

/** Whether a service takes `text` for the address of a link. */
export function isWebUrl(text: string | undefined): text is string {
  const protocol = text === undefined ? undefined : URL.parse(text)?.protocol
  return protocol === 'https:' || protocol === 'http:'
}

/** At most `length` UTF-16 code units, never half a character, and no control characters but line breaks. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text.toWellFormed()
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`.toWellFormed()
}

/** The key of an incident, readable where it fits into `length`, else its beginning and its SHA-256. */
export function incidentKey(key: string, length: number): string {
  if (key.length <= length && key.isWellFormed()) return key
  const digest = keyDigest(key)
  return `${key.slice(0, length - digest.length - 1).toWellFormed()}#${digest}`
}

/** 64 hexadecimal digits that stand for an incident, where a service takes no other characters. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
