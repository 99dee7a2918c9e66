import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { deliveryOf } from '../plugin/http-delivery.ts'
import type { HttpResult } from '../plugin/net.ts'
import { cut, factsOf, headlineOf, keyDigest, linksOf } from '../plugin/notice-text.ts'
import type { Checked, NotifierContext, NotifierPlugin } from '../plugin/notifier.ts'
import { secretUrl } from '../plugin/option-types.ts'

/** Block Kit: characters of a header, and of a section's text with room for its label and escapes. */
const HEADER_LENGTH = 150
const FACT_LENGTH = 500
const ANSWER_BYTES = 4_096

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe(
      'The incoming webhook of a channel, `https://hooks.slack.com/services/…`; a secret.',
    ),
  })
  .describe('A Slack channel, through an incoming webhook.')

type Options = z.output<typeof options>

/**
 * Posts into the channel of a Slack webhook. The wire format is that of
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and of Block Kit
 * (https://docs.slack.dev/reference/block-kit/blocks). A webhook can neither change a message nor
 * answer in a thread: each notice is a message, and the first line says what it is about.
 */
const slack: NotifierPlugin<typeof options> = {
  type: 'slack',
  summary: 'Posts notices into a Slack channel through an incoming webhook.',
  tested: 'transcribed',
  tellsSeveral: true,
  options,
  async send(given, notice, context) {
    return deliveryOf(await post(given, messageOf(notice), context), context.clock.wall(), refusal)
  },
  check,
}
export default slack

/** Slack refuses a message without text after it looked at the address: 400 for a good one. */
async function check(given: Options, context: NotifierContext): Promise<Checked> {
  const result = await post(given, {}, context)
  if (!result.ok) return { result: 'bad', says: result.says }
  const says = word(result.body)
  const host = new URL(result.url).host
  if (result.status === 400 && (says === 'no_text' || says === 'invalid_payload')) {
    return { result: 'good', says: `${host} knows the webhook; nothing was posted` }
  }
  const why = says === undefined ? '' : `: ${says}`
  return { result: 'bad', says: `${host} answered ${result.status}${why}` }
}

function post({ url }: Options, message: unknown, context: NotifierContext): Promise<HttpResult> {
  const { net, callTimeoutMs } = context
  return net.http({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
    deadlineMs: callTimeoutMs,
    maxBytes: ANSWER_BYTES,
    // The URL is a secret: nothing of it goes anywhere else.
    maxRedirects: 0,
  })
}

function messageOf(notice: Notice): Readonly<Record<string, unknown>> {
  const headline = headlineOf(notice)
  const facts = factsOf(notice, FACT_LENGTH).map(({ label, text }) => `*${label}:* ${escape(text)}`)
  const links = linksOf(notice).map(({ href, text }) => `<${linkText(href)}|${text}>`)
  return {
    // What notifications on a phone show.
    text: escape(cut(headline, FACT_LENGTH)),
    unfurl_links: false,
    blocks: [
      {
        type: 'header',
        block_id: `incident-${keyDigest(notice.key)}`,
        text: { type: 'plain_text', text: printable(cut(headline, HEADER_LENGTH)), emoji: false },
      },
      // Cut from the end where everything together is too long: the last facts matter least.
      ...facts.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
      ...(links.length === 0
        ? []
        : [{ type: 'context', elements: [{ type: 'mrkdwn', text: links.join('  ·  ') }] }]),
    ],
  }
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

/** Slack answers with a word of its own, such as `no_service`. Anything else may repeat a secret. */
function refusal(body: Buffer): string | undefined {
  return word(body)
}

function word(body: Buffer): string | undefined {
  const text = body.toString().trim()
  return /^[a-z]{2,20}(?:_[a-z]{1,20}){0,5}$/u.test(text) && text.includes('_') ? text : undefined
}
