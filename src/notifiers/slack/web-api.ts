import { z } from 'zod'
import { deliveryOf, retryAfter } from '../../plugin/http-delivery.ts'
import type { Delivery, NotifierContext } from '../../plugin/notifier.ts'
import { jsonOf } from '../../plugin/reaction.ts'

/** Slack repeats the whole message in its answer, with what it made of it. */
const ANSWER_BYTES = 262_144

/** Errors that pass by themselves (https://docs.slack.dev/reference/methods/chat.postMessage#errors). */
const passing: readonly string[] = [
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'org_login_required',
  'external_channel_migrating',
  'update_failed',
]

/** Where the Web API is, and as whom. */
export interface SlackBot {
  readonly api_url: string
  readonly token: string
}

/** What came of a call: Slack's answer, or its word for what was wrong and what that means for a notice. */
export type Called =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false
      readonly error: string | undefined
      readonly delivery: Extract<Delivery, { readonly ok: false }>
    }

const answer = z.looseObject({ ok: z.boolean(), error: z.string().optional() })

/**
 * Calls a method of the Web API (https://docs.slack.dev/apis/web-api): HTTP 200 with `ok: false` and a
 * word is a refusal too. A number of methods read JSON; `form` is for those that do not.
 */
export async function callSlack(
  { api_url, token }: SlackBot,
  method: string,
  given: Readonly<Record<string, unknown>> | URLSearchParams,
  { net, clock, callTimeoutMs }: NotifierContext,
): Promise<Called> {
  const isForm = given instanceof URLSearchParams
  const result = await net.http({
    url: new URL(method, api_url.endsWith('/') ? api_url : `${api_url}/`).href,
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': `application/${isForm ? 'x-www-form-urlencoded' : 'json; charset=utf-8'}`,
    },
    body: isForm ? given.toString() : JSON.stringify(given),
    deadlineMs: callTimeoutMs,
    maxBytes: ANSWER_BYTES,
    // The token goes nowhere but where the configuration says.
    maxRedirects: 0,
  })
  const delivery = deliveryOf(result, clock.wall())
  if (!delivery.ok) return { ok: false, error: undefined, delivery }
  if (!result.ok) return unclear('no answer')
  const host = new URL(result.url).host
  const parsed = answer.safeParse(jsonOf(result.body.toString()))
  // Something between us and Slack may have answered: nobody knows whether the message was posted.
  if (!parsed.success) return unclear(`${host} answered ${result.status} without the JSON of Slack`)
  if (parsed.data.ok) return { ok: true, body: parsed.data }
  const error = wordOf(parsed.data.error)
  const says = `${host} answered: ${error ?? 'an error without a word'}`
  if (error === undefined || !passing.includes(error)) {
    return { ok: false, error, delivery: { ok: false, retry: false, says } }
  }
  const retryAfterMs = retryAfter(result.headers['retry-after'], clock.wall())
  const asked = retryAfterMs === undefined ? {} : { retryAfterMs }
  return { ok: false, error, delivery: { ok: false, retry: true, ...asked, says } }
}

function unclear(says: string): Called {
  return { ok: false, error: undefined, delivery: { ok: false, retry: true, says } }
}

/** Slack's words are of small letters; anything else may repeat a secret. */
function wordOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[a-z]{2,30}(?:_[a-z]{1,30}){0,6}$/u.test(text) ? text : undefined
}
