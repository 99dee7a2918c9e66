import type { Notice, Severity } from '../../core/notice.ts'
import { cut, factsOf, headlineOf, keyDigest, linksOf } from '../../plugin/notice-text.ts'

/** Block Kit: characters of a header, and of a section's text with room for its label and escapes. */
const HEADER_LENGTH = 150
const FACT_LENGTH = 500
/** A button's value has 2,000 characters at most; each incident takes 17. */
const MOST_ACKNOWLEDGED = 100

/** By which the button of a message is known when somebody presses it. */
export const ACKNOWLEDGE = 'changeover-acknowledge'

/** The bar beside a message. Its headline says the same in words. */
const colours: Readonly<Record<Severity | 'acknowledged' | 'over', string>> = {
  critical: '#a30200',
  error: '#d1541f',
  warning: '#daa038',
  info: '#3f6f9f',
  acknowledged: '#5b5fc7',
  over: '#2eb886',
}

/** What a message is made of: JSON for Slack. */
export type SlackMessage = Readonly<Record<string, unknown>>

/** The message of an incoming webhook: each notice is one, and its first line says what it is about. */
export function webhookMessage(notice: Notice): SlackMessage {
  return {
    // What notifications on a phone show.
    text: fallbackOf(notice),
    unfurl_links: false,
    blocks: [headerOf(notice, `incident-${keyDigest(notice.key)}`), ...bodyOf(notice)],
  }
}

/** The message of a bot: with a bar of colour, and with a button where somebody can press it. */
export function botMessage(notice: Notice, hasButton: boolean): SlackMessage {
  // A message that is changed needs other identities of its blocks.
  const blockId = `incident-${keyDigest(notice.key)}-${shortDigest(notice.id)}`
  return {
    text: fallbackOf(notice),
    unfurl_links: false,
    blocks: [headerOf(notice, blockId)],
    attachments: [
      {
        color: colourOf(notice),
        fallback: fallbackOf(notice),
        blocks: [...bodyOf(notice), ...(hasButton ? [buttonOf(notice)] : [])],
      },
    ],
  }
}

/** Stands for an incident in a button: 64 bits of the digest of its key. */
export function shortDigest(key: string): string {
  return keyDigest(key).slice(0, 16)
}

function headerOf(notice: Notice, blockId: string): SlackMessage {
  const text = printable(cut(headlineOf(notice), HEADER_LENGTH))
  return { type: 'header', block_id: blockId, text: { type: 'plain_text', text, emoji: false } }
}

function bodyOf(notice: Notice): readonly SlackMessage[] {
  const links = linksOf(notice).map(({ href, text }) => `<${linkText(href)}|${text}>`)
  return [
    // Cut from the end where everything together is too long: the last facts matter least.
    ...factsOf(notice, FACT_LENGTH).map(({ label, text }) => ({
      type: 'section',
      text: { type: 'mrkdwn', text: `*${label}:* ${escape(text)}` },
    })),
    ...(links.length === 0
      ? []
      : [{ type: 'context', elements: [{ type: 'mrkdwn', text: links.join('  ·  ') }] }]),
  ]
}

/** One press acknowledges everything that the message tells of. */
function buttonOf({ key, also = [] }: Notice): SlackMessage {
  const keys = [key, ...also.map((each) => each.key)]
  const some = keys.slice(0, MOST_ACKNOWLEDGED)
  const all = some.length === keys.length ? 'all' : 'the first'
  const label = keys.length === 1 ? 'Acknowledge' : `Acknowledge ${all} ${some.length}`
  return {
    type: 'actions',
    elements: [
      {
        type: 'button',
        action_id: ACKNOWLEDGE,
        style: 'primary',
        text: { type: 'plain_text', text: label, emoji: false },
        value: some.map(shortDigest).join(','),
      },
    ],
  }
}

function colourOf({ action, severity, acknowledgedBy }: Notice): string {
  if (action === 'resolve') return colours.over
  return colours[acknowledgedBy === undefined ? severity : 'acknowledged']
}

function fallbackOf(notice: Notice): string {
  return escape(cut(headlineOf(notice), FACT_LENGTH))
}

/** The three characters that Slack reads as markup of its own. */
function escape(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Slack refuses control characters; line breaks are none here. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, ' ')
}

function linkText(href: string): string {
  return cut(new URL(href).href.replaceAll('|', '%7C').replaceAll('>', '%3E'), 1_000)
}
