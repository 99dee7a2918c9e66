import { streamOfGroup } from '../core/full-name.ts'
import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { deliveryOf } from '../plugin/http-delivery.ts'
import { cut, incidentKey, isWebUrl, linksOf } from '../plugin/notice-text.ts'
import type { NotifierPlugin } from '../plugin/notifier.ts'
import { secretUrl } from '../plugin/option-types.ts'
import { jsonOf } from '../plugin/reaction.ts'
import { readWebhook } from './pagerduty/read-webhook.ts'

/** Limits of the Events API v2: characters of a summary and of a deduplication key. */
const SUMMARY_LENGTH = 1_024
const DEDUP_KEY_LENGTH = 255
/** Keeps a whole event far below the 512 KB that the service accepts. */
const DETAIL_LENGTH = 1_024
const DETAILS = 50
const ANSWER_BYTES = 16_384

const options = z
  .strictObject({
    routing_key: z
      .string({ error: 'expected an integration key of 32 characters' })
      .regex(/^[0-9A-Za-z]{32}$/u, 'expected an integration key of 32 letters and digits')
      .describe('The integration key of an Events API v2 integration; a secret.'),
    url: secretUrl('https', 'http')
      .default('https://events.pagerduty.com/v2/enqueue')
      .describe(
        'Where events are sent; another one for the EU region or a relay. Change events go to `change/enqueue` beside it.',
      ),
    change_events: z
      .boolean()
      .default(true)
      .describe(
        'Tells of every change that was made (failover, failback, steer, drill) as a change event, which pages nobody; `only` holds for it, other rules of the route do not.',
      ),
    webhook_secret: z
      .string({ error: 'expected the secret of a webhook subscription' })
      .min(16, 'expected a secret of at least 16 characters')
      .max(512, 'expected a secret of at most 512 characters')
      .optional()
      .describe(
        'The secret of a V3 webhook subscription that posts to `/hooks/notify/<name of the route>`: what is acknowledged in PagerDuty is acknowledged here. A secret.',
      ),
  })
  .describe('PagerDuty, through the Events API v2.')

/**
 * PagerDuty's Events API v2. One incident is one alert there, whatever happens to it: its
 * deduplication key derives from the incident's key, so a notice that arrives twice changes nothing.
 * Which answers are tried again follows https://developer.pagerduty.com/docs/events-api-v2-overview.
 */
const pagerduty: NotifierPlugin<typeof options> = {
  type: 'pagerduty',
  summary:
    'Opens, acknowledges and resolves alerts in PagerDuty, and tells of changes (Events API v2).',
  tested: 'contract',
  options,
  async send({ routing_key, url }, notice, { net, clock, callTimeoutMs }) {
    const isChange = notice.action === 'change'
    const result = await net.http({
      url: isChange ? changeUrl(url) : url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key, ...(isChange ? changeOf(notice) : eventOf(notice)) }),
      deadlineMs: callTimeoutMs,
      maxBytes: ANSWER_BYTES,
      // The body holds the routing key: it goes nowhere but where the configuration says.
      maxRedirects: 0,
    })
    return deliveryOf(result, clock.wall(), (body) => refusal(body, routing_key))
  },
  takesChanges: ({ change_events }) => change_events,
  check: () =>
    Promise.resolve({
      result: 'unknown',
      says: 'PagerDuty has no way to ask about an integration key without opening an alert',
    }),
  reactions: {
    isOn: ({ webhook_secret }) => webhook_secret !== undefined,
    read: ({ webhook_secret }, request) => readWebhook(webhook_secret, request, isAbout),
  },
}
export default pagerduty

function eventOf(notice: Notice): Readonly<Record<string, unknown>> {
  const event = { event_action: notice.action, dedup_key: dedupKey(notice.key) }
  if (notice.action !== 'trigger') return event
  const { severity, group, path, diagnosis, title, did, wall, link } = notice
  // The service refuses a whole event, and so a page, for a link that is no URL.
  const links = linksOf(notice)
  return {
    ...event,
    payload: {
      summary: cut(`${title} — ${did}`, SUMMARY_LENGTH),
      source: group,
      severity,
      timestamp: new Date(wall).toISOString(),
      ...(path === undefined ? {} : { component: path }),
      group: streamOfGroup(group),
      ...(diagnosis === undefined ? {} : { class: diagnosis }),
      custom_details: detailsOf(notice),
    },
    client: 'Changeover',
    ...(isWebUrl(link) ? { client_url: link } : {}),
    ...(links.length === 0 ? {} : { links }),
  }
}

/** `/v2/change/enqueue` beside `/v2/enqueue`, whatever else the address has. */
function changeUrl(url: string): string {
  const changed = new URL(url)
  changed.pathname = new URL('change/enqueue', url).pathname
  return changed.href
}

/** A change event: it has no key, and shows beside the incidents of the same service. */
function changeOf(notice: Notice): Readonly<Record<string, unknown>> {
  const { title, group, wall, details } = notice
  const links = linksOf(notice)
  return {
    payload: {
      summary: cut(title, SUMMARY_LENGTH),
      source: group,
      timestamp: new Date(wall).toISOString(),
      custom_details: bounded(details),
    },
    ...(links.length === 0 ? {} : { links }),
  }
}

/** PagerDuty calls the deduplication key of an event the key of its incident. */
function isAbout(key: string, incidentKeyThere: string): boolean {
  return dedupKey(key) === incidentKeyThere
}

function dedupKey(key: string): string {
  return incidentKey(`changeover:${key}`, DEDUP_KEY_LENGTH)
}

function detailsOf(notice: Notice): Record<string, unknown> {
  const { title, viewers, did, todo, since, runbook, trend, details } = notice
  const own = {
    what: cut(title, DETAIL_LENGTH),
    ...(viewers === undefined ? {} : { viewers: cut(viewers, DETAIL_LENGTH) }),
    did: cut(did, DETAIL_LENGTH),
    todo: cut(todo, DETAIL_LENGTH),
    since: new Date(since).toISOString(),
    ...(trend === undefined ? {} : { trend: cut(trend, DETAIL_LENGTH) }),
    ...(runbook === undefined ? {} : { runbook: cut(runbook, DETAIL_LENGTH) }),
  }
  return { ...bounded(details), ...own }
}

function bounded(details: Notice['details']): Readonly<Record<string, unknown>> {
  const some = Object.entries(details)
    .slice(0, DETAILS)
    .map(([name, value]) => [
      cut(name, DETAIL_LENGTH),
      typeof value === 'string' ? cut(value, DETAIL_LENGTH) : value,
    ])
  return Object.fromEntries(some)
}

/** The service names the fields that it did not like; a relay might repeat the key. */
function refusal(body: Buffer, routingKey: string): string | undefined {
  const parsed = answer.safeParse(jsonOf(body.toString()))
  if (!parsed.success) return undefined
  const { message, errors } = parsed.data
  const says = [message, ...errors].filter((part) => part !== '').join('; ')
  return says === '' ? undefined : cut(says.replaceAll(routingKey, '…'), 200)
}

const answer = z.object({
  message: z.string().default(''),
  errors: z.array(z.string()).default([]),
})
