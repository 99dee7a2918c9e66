import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { serveHttp } from '../net/servers.ts'
import { block, isPrintable } from './slack-blocks.ts'

const button = z.strictObject({
  type: z.literal('button'),
  action_id: z.string().min(1).max(255),
  style: z.enum(['primary', 'danger']).optional(),
  text: z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(75).refine(isPrintable),
    emoji: z.boolean().optional(),
  }),
  value: z.string().max(2_000).optional(),
})
const actions = z.strictObject({
  type: z.literal('actions'),
  block_id: z.string().max(255).optional(),
  elements: z.array(button).min(1).max(25),
})
const content = {
  text: z.string().min(1).max(40_000),
  unfurl_links: z.boolean().optional(),
  blocks: z.array(block).min(1).max(50),
  attachments: z
    .array(
      z.strictObject({
        color: z.string().regex(/^#[0-9a-f]{6}$/u),
        fallback: z.string().min(1),
        blocks: z
          .array(z.union([block, actions]))
          .min(1)
          .max(50),
      }),
    )
    .max(100),
}
const posted = z.strictObject({
  channel: z.string(),
  thread_ts: z.string().optional(),
  reply_broadcast: z.boolean().optional(),
  ...content,
})
const updated = z.strictObject({ channel: z.string(), ts: z.string(), ...content })

/** A message as the channel shows it now. */
export interface BotMessage extends Omit<z.output<typeof posted>, 'channel'> {
  readonly ts: string
  /** How often it was changed. */
  readonly changes: number
}

type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean

/** What Slack has of a bot: its token, its channel, the secret of its app. */
export const bot = {
  token: 'xoxb-1234567890-abcdefghijklmnop',
  channel: 'C0123456789',
  signing_secret: '8f742231b10e8888abcd99yyyzzz85a5',
}

/**
 * Slack's Web API on loopback, for one bot in one channel. Transcribed from
 * https://docs.slack.dev/reference/methods (`auth.test`, `conversations.info`, `chat.postMessage`,
 * `chat.update`; arguments and words for errors as in github.com/slack-ruby/slack-api-ref, made from
 * these pages), and what a press of a button posts from
 * https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
 * https://docs.slack.dev/authentication/verifying-requests-from-slack.
 */
export async function startSlackApi() {
  const messages: BotMessage[] = []
  /** Words that the next calls of a method are refused with. */
  const refusals = new Map<string, string[]>()
  const calls: string[] = []
  let intercept: Intercept = () => false
  let interactions: { readonly url: string; readonly wall: () => number } | undefined
  let seconds = 1_800_000_000

  function judge(method: string, given: unknown): object {
    const refused = refusals.get(method)?.shift()
    if (refused !== undefined) return { ok: false, error: refused }
    switch (method) {
      case 'auth.test':
        return { ok: true, url: 'https://acme.slack.com/', team: 'Acme', user: 'changeover' }
      case 'conversations.info':
        return { ok: true, channel: { id: bot.channel, is_archived: false, is_member: true } }
      case 'chat.postMessage':
        return post(given)
      case 'chat.update':
        return update(given)
      default:
        return { ok: false, error: 'unknown_method' }
    }
  }

  function post(given: unknown): object {
    const parsed = posted.safeParse(given)
    if (!parsed.success) return { ok: false, error: 'invalid_arguments' }
    const { channel, ...message } = parsed.data
    if (channel !== bot.channel) return { ok: false, error: 'channel_not_found' }
    const parent = messages.find(({ ts }) => ts === message.thread_ts)
    if (message.thread_ts !== undefined && parent?.thread_ts !== undefined) {
      return { ok: false, error: 'cannot_reply_to_message' }
    }
    if (message.thread_ts !== undefined && parent === undefined) {
      return { ok: false, error: 'thread_not_found' }
    }
    seconds += 1
    const ts = `${seconds}.000100`
    messages.push({ ...message, ts, changes: 0 })
    return { ok: true, channel, ts, message }
  }

  function update(given: unknown): object {
    const parsed = updated.safeParse(given)
    if (!parsed.success) return { ok: false, error: 'invalid_arguments' }
    const { channel, ts, ...message } = parsed.data
    if (channel !== bot.channel) return { ok: false, error: 'channel_not_found' }
    const at = messages.findIndex((each) => each.ts === ts)
    const before = messages[at]
    if (before === undefined) return { ok: false, error: 'message_not_found' }
    messages[at] = { ...before, ...message, changes: before.changes + 1 }
    return { ok: true, channel, ts, text: message.text }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = /^\/api\/([\w.]+)$/u.exec(request.url ?? '')?.[1] ?? ''
    const body = await text(request)
    calls.push(method)
    const reply = (answer: object) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify(answer))
    }
    if (request.method !== 'POST') return reply({ ok: false, error: 'invalid_post_type' })
    if (request.headers.authorization !== `Bearer ${bot.token}`) {
      return reply({ ok: false, error: 'invalid_auth' })
    }
    // Methods that only read take no JSON.
    const isForm = method === 'conversations.info'
    const wanted = isForm ? 'application/x-www-form-urlencoded' : 'application/json; charset=utf-8'
    if (request.headers['content-type'] !== wanted) {
      return reply({ ok: false, error: 'invalid_post_type' })
    }
    reply(judge(method, isForm ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body)))
  }

  const server = await serveHttp((request, response) => {
    if (!intercept(request, response)) void take(request, response)
  })
  return {
    ...server,
    api: `${server.url}/api/`,
    messages,
    calls,
    intercept: (answer: Intercept) => void (intercept = answer),
    refuse: (method: string, ...words: string[]) => void refusals.set(method, words),
    /** Where the app gets what people press, and what time it is there. */
    listens: (url: string, wall: () => number) => void (interactions = { url, wall }),
    /** Messages of the channel itself, and those of a thread. */
    top: () => messages.filter(({ thread_ts }) => thread_ts === undefined),
    replies: (ts: string) => messages.filter(({ thread_ts }) => thread_ts === ts),
    /** A person presses the button of a message; the status of the answer. */
    press: async (ts: string, name: string): Promise<number> => {
      const message = messages.find((each) => each.ts === ts)
      if (message === undefined || interactions === undefined) throw new Error('nothing to press')
      const { url, wall } = interactions
      const body = formOf(interactionOf(message, name, wall()))
      const headers = signedHeaders(body, wall(), bot.signing_secret)
      return (await fetch(url, { method: 'POST', headers, body })).status
    },
  }
}

/** The button of a message, where it has one. */
export function buttonOf(message: BotMessage | undefined): z.output<typeof button> | undefined {
  const blocks = message?.attachments.flatMap((each) => each.blocks) ?? []
  return blocks.find((each) => each.type === 'actions')?.elements[0]
}

/** What Slack tells of a press: complete as documented for a message with attachments. */
export function interactionOf(message: BotMessage, name: string, wall: number): object {
  const pressed = buttonOf(message)
  if (pressed === undefined) throw new Error('the message has no button')
  return {
    type: 'block_actions',
    user: { id: 'U0CA5', username: name, name, team_id: 'T0CAG' },
    api_app_id: 'A0CA5',
    token: 'Shh_its_a_seekrit',
    container: {
      type: 'message_attachment',
      message_ts: message.ts,
      attachment_id: 1,
      channel_id: bot.channel,
      is_ephemeral: false,
      is_app_unfurl: false,
    },
    trigger_id: '12466734323.1395872398',
    team: { id: 'T0CAG', domain: 'acme-creamery' },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: bot.channel, name: 'streams' },
    message: { bot_id: 'B0BOT', type: 'message', text: message.text, ts: message.ts },
    response_url: 'https://hooks.slack.com/actions/T0CAG/1232321423432/D09sSasdasdAS9091209',
    actions: [
      {
        type: 'button',
        block_id: 'WaXA',
        action_id: pressed.action_id,
        text: pressed.text,
        value: pressed.value,
        style: pressed.style,
        action_ts: (wall / 1_000).toFixed(6),
      },
    ],
  }
}

export function formOf(payload: unknown): string {
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
}

/** The headers of a request of Slack at this time. */
export function signedHeaders(body: string | Buffer, wall: number, secret: string) {
  const at = String(Math.floor(wall / 1_000))
  const digest = createHmac('sha256', secret).update(`v0:${at}:`).update(body).digest('hex')
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': at,
    'x-slack-signature': `v0=${digest}`,
  }
}
