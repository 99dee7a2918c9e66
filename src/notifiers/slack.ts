import { z } from 'zod'
import { deliveryOf } from '../plugin/http-delivery.ts'
import type { HttpResult } from '../plugin/net.ts'
import type { Checked, NotifierContext, NotifierPlugin } from '../plugin/notifier.ts'
import { secretUrl } from '../plugin/option-types.ts'
import { checkBot } from './slack/check-bot.ts'
import { webhookMessage } from './slack/message.ts'
import { readInteraction } from './slack/read-interaction.ts'
import { tellInThread, type SlackChannel } from './slack/thread.ts'

const ANSWER_BYTES = 4_096

const options = z
  .strictObject({
    url: secretUrl('https', 'http')
      .optional()
      .describe(
        'The incoming webhook of a channel, `https://hooks.slack.com/services/…`; a secret. Either this, or `token` and `channel`.',
      ),
    token: z
      .string({ error: 'expected the token of a bot' })
      .regex(/^xoxb-[0-9A-Za-z-]{10,250}$/u, 'expected the token of a bot, xoxb-…')
      .optional()
      .describe(
        'The token of a bot with the scope `chat:write`: one thread for each incident. A secret.',
      ),
    channel: z
      .string()
      .regex(/^[CGD][0-9A-Z]{6,30}$/u, 'expected the ID of a channel, such as C0123456789')
      .optional()
      .describe('The ID of the channel of the bot; it stands at the end of its details.'),
    signing_secret: z
      .string({ error: 'expected the signing secret of the app' })
      .min(16, 'expected a signing secret of at least 16 characters')
      .max(512, 'expected a signing secret of at most 512 characters')
      .optional()
      .describe(
        'The signing secret of the app, whose interactivity request URL is `/hooks/notify/<name of the route>`: messages of the bot have a button that acknowledges. A secret.',
      ),
    api_url: secretUrl('https', 'http')
      .default('https://slack.com/api/')
      .describe('Where the Web API is; another one for GovSlack or a relay.'),
  })
  .refine(({ url, token }) => (url === undefined) !== (token === undefined), {
    path: ['url'],
    message: 'expected either url, or token and channel',
  })
  .refine(({ token, channel }) => (token === undefined) === (channel === undefined), {
    path: ['channel'],
    message: 'expected token and channel, or neither',
  })
  .refine(({ token, signing_secret }) => signing_secret === undefined || token !== undefined, {
    path: ['signing_secret'],
    message: 'expected token and channel beside it: a webhook cannot tell of buttons',
  })
  .describe('A Slack channel, through an incoming webhook or as a bot.')

type Options = z.output<typeof options>

/**
 * Posts into a channel of Slack. As a bot: one thread for each incident, whose first message shows
 * its state, with a button. By an incoming webhook, which can neither change a message nor answer in
 * a thread: each notice is a message. The wire formats are those of
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
 * https://docs.slack.dev/reference/methods/chat.postMessage, `chat.update` beside it, and Block Kit
 * (https://docs.slack.dev/reference/block-kit/blocks).
 */
const slack: NotifierPlugin<typeof options> = {
  type: 'slack',
  summary:
    'Posts notices into a Slack channel: through an incoming webhook, or as a bot in threads with a button.',
  tested: 'transcribed',
  tellsSeveral: true,
  options,
  async send(given, notice, context) {
    const bot = botOf(given)
    if (bot !== undefined) return await tellInThread(bot, notice, context)
    const result = await post(given, webhookMessage(notice), context)
    return deliveryOf(result, context.clock.wall(), word)
  },
  async check(given, context) {
    const bot = botOf(given)
    return await (bot === undefined ? checkWebhook(given, context) : checkBot(bot, context))
  },
  reactions: {
    isOn: ({ signing_secret }) => signing_secret !== undefined,
    read: ({ signing_secret }, request, wall) => readInteraction(signing_secret, request, wall),
  },
}
export default slack

function botOf({ token, channel, signing_secret, api_url }: Options): SlackChannel | undefined {
  if (token === undefined || channel === undefined) return undefined
  return { token, channel, api_url, hasButton: signing_secret !== undefined }
}

/** Slack refuses a message without text after it looked at the address: 400 for a good one. */
async function checkWebhook(given: Options, context: NotifierContext): Promise<Checked> {
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

function post(
  { url = '' }: Options,
  message: unknown,
  { net, callTimeoutMs }: NotifierContext,
): Promise<HttpResult> {
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

/** A webhook answers with a word of its own, such as `no_service`. Anything else may repeat a secret. */
function word(body: Buffer): string | undefined {
  const text = body.toString().trim()
  return /^[a-z]{2,20}(?:_[a-z]{1,20}){0,5}$/u.test(text) && text.includes('_') ? text : undefined
}
