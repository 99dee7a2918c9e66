import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { deliveryOf } from '../plugin/http-delivery.ts'
import { cut, factsOf, headlineOf, keyDigest, linksOf } from '../plugin/notice-text.ts'
import type { NotifierPlugin } from '../plugin/notifier.ts'
import { secretUrl } from '../plugin/option-types.ts'

/** A message may have 28 KB; a character may need 6 bytes in JSON. */
const HEADLINE_LENGTH = 400
const FACT_LENGTH = 500
const ANSWER_BYTES = 4_096

const styles = { critical: 'attention', error: 'attention', warning: 'warning', info: 'accent' }

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe(
      'The address that the workflow “Post to a channel when a webhook request is received” gave; a secret.',
    ),
  })
  .describe('A Microsoft Teams channel or chat, through a Workflows webhook.')

/**
 * Posts an Adaptive Card to a Workflows webhook of Microsoft Teams. The envelope is that of
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 * (section on Adaptive Cards), the card that of https://adaptivecards.io/explorer at version 1.4. A
 * workflow takes a message before it posts it: that it failed later shows only in its run history.
 */
const teams: NotifierPlugin<typeof options> = {
  type: 'teams',
  summary: 'Posts notices into Microsoft Teams through a Workflows webhook.',
  tested: 'transcribed',
  tellsSeveral: true,
  options,
  async send({ url }, notice, { net, clock, callTimeoutMs }) {
    const result = await net.http({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(messageOf(notice)),
      deadlineMs: callTimeoutMs,
      maxBytes: ANSWER_BYTES,
      // The URL is a secret: nothing of it goes anywhere else.
      maxRedirects: 0,
    })
    return deliveryOf(result, clock.wall())
  },
  check: () =>
    Promise.resolve({
      result: 'unknown',
      says: 'a workflow cannot be asked without posting; look at its run history after the first notice',
    }),
}
export default teams

function messageOf(notice: Notice): Readonly<Record<string, unknown>> {
  const { action, severity } = notice
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    // On a phone Teams shows this beside the name of the sender.
    fallbackText: cut(headlineOf(notice), HEADLINE_LENGTH),
    msteams: { width: 'Full' },
    body: [
      {
        type: 'Container',
        id: `incident-${keyDigest(notice.key)}`,
        style: action === 'resolve' ? 'good' : styles[severity],
        bleed: true,
        items: [
          {
            type: 'TextBlock',
            text: plain(cut(headlineOf(notice), HEADLINE_LENGTH)),
            weight: 'Bolder',
            size: 'Medium',
            wrap: true,
          },
        ],
      },
      {
        type: 'FactSet',
        facts: factsOf(notice, FACT_LENGTH).map(({ label, text }) => ({
          title: label,
          value: plain(text),
        })),
      },
    ],
    actions: linksOf(notice).map(({ text, href }) => ({
      type: 'Action.OpenUrl',
      title: text,
      url: cut(href, 1_000),
    })),
  }
  return {
    type: 'message',
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card },
    ],
  }
}

/** Text blocks read a part of Markdown: what would be a link, a list or an emphasis stays as written. */
function plain(text: string): string {
  return text
    .replaceAll(/[\\`*_[\]]/gu, String.raw`\$&`)
    .replaceAll(/^(\s*)([-+#>]|\d+\.)/gmu, String.raw`$1\$2`)
}
