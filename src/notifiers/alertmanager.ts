import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { deliveryOf } from '../plugin/http-delivery.ts'
import { cut, incidentKey, isWebUrl } from '../plugin/notice-text.ts'
import type { Checked, NotifierContext, NotifierPlugin } from '../plugin/notifier.ts'
import { duration, secretUrl } from '../plugin/option-types.ts'

const ANSWER_BYTES = 16_384
const TEXT_LENGTH = 2_000
const LABEL_LENGTH = 255
const DETAILS = 50
/** An alert that was refreshed this often too late is over for Alertmanager; one lost call is not enough. */
const MISSED_REFRESHES = 4

/** Labels that the notifier itself gives. */
const own = ['alertname', 'incident', 'severity', 'stream', 'group', 'path', 'diagnosis']

const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/u, 'expected the name of a label: letters, digits, underscores')
  .refine((name) => !own.includes(name), 'expected a label that Changeover does not give itself')

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe(
      'Where Alertmanager listens, such as `http://alertmanager:9093`; may hold a secret. Name each peer of a cluster in an entry of its own, as Prometheus does.',
    ),
    authorization: z
      .string()
      .regex(/^[\x21-\x7e][\x20-\x7e]*$/u, 'expected a header value without control characters')
      .optional()
      .describe('The Authorization header, such as `Bearer …`; a secret.'),
    labels: z
      .record(labelName, z.string().min(1).max(LABEL_LENGTH))
      .default({})
      .describe('Further labels of every alert, for the routes of Alertmanager.'),
    refresh: duration('10s', '10m')
      .default(60_000)
      .describe(
        'How often an open alert is sent again. Alertmanager takes one for over that it did not hear of for four times as long.',
      ),
  })
  .describe('Alertmanager, through its API v2.')

type Options = z.output<typeof options>

/**
 * Alertmanager's API v2. Its own grouping, routes, silences and inhibition go on working: an incident
 * is one alert with the labels of its stream, group and path. Alerts there end by themselves unless
 * they are refreshed, so every open one is sent again with a new `endsAt`.
 *
 * An alert is its set of labels, and people route by `severity`: when the severity of an incident
 * changes, that is another alert. So each message also ends those of the severities that it had.
 */
const alertmanager: NotifierPlugin<typeof options> = {
  type: 'alertmanager',
  summary: 'Posts alerts to Prometheus Alertmanager (API v2) and keeps them fresh.',
  tested: 'real',
  options,
  async send(given, notice, { net, clock, callTimeoutMs }) {
    const result = await net.http({
      url: apiUrl(given.url, 'alerts'),
      method: 'POST',
      headers: { ...authorizationOf(given), 'content-type': 'application/json' },
      body: JSON.stringify(alertsOf(notice, given, clock.wall())),
      deadlineMs: callTimeoutMs,
      maxBytes: ANSWER_BYTES,
      // The header is a secret: it goes nowhere but where the configuration says.
      maxRedirects: 0,
    })
    return deliveryOf(result, clock.wall())
  },
  refreshEveryMs: ({ refresh }) => refresh,
  check,
}
export default alertmanager

/** Asks for the status, which needs the same credentials as an alert. */
async function check(given: Options, { net, callTimeoutMs }: NotifierContext): Promise<Checked> {
  const result = await net.http({
    url: apiUrl(given.url, 'status'),
    headers: authorizationOf(given),
    deadlineMs: callTimeoutMs,
    maxBytes: 262_144,
    maxRedirects: 0,
  })
  if (!result.ok) return { result: 'bad', says: result.says }
  const host = new URL(result.url).host
  if (result.status !== 200) return { result: 'bad', says: `${host} answered ${result.status}` }
  const parsed = status.safeParse(parseJson(result.body.toString()))
  if (!parsed.success) return { result: 'bad', says: `${host} answers, but is no Alertmanager` }
  return { result: 'good', says: `Alertmanager ${parsed.data.versionInfo.version} takes alerts` }
}

const status = z.object({ versionInfo: z.object({ version: z.string().max(50) }) })

function apiUrl(base: string, what: 'alerts' | 'status'): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/u, '')}/api/v2/${what}`
  return url.href
}

function authorizationOf({ authorization }: Options): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { authorization }
}

function alertsOf(notice: Notice, { labels, refresh }: Options, wall: number): unknown[] {
  const now = new Date(wall).toISOString()
  const lasts = new Date(wall + refresh * MISSED_REFRESHES).toISOString()
  const startsAt = new Date(Math.min(notice.since, wall - 1)).toISOString()
  const isOver = notice.action === 'resolve'
  const formerly = (notice.formerly ?? []).filter((severity) => severity !== notice.severity)
  return [notice.severity, ...formerly].map((severity) => ({
    labels: { ...labels, ...labelsOf(notice), severity },
    annotations: annotationsOf(notice),
    startsAt,
    endsAt: isOver || severity !== notice.severity ? now : lasts,
    ...(isWebUrl(notice.link) && { generatorURL: notice.link }),
  }))
}

function labelsOf({ key, group, path }: Notice): Readonly<Record<string, string>> {
  const [stream = group, name] = group.split('/')
  return {
    alertname: alertName(key, path),
    incident: incidentKey(key, LABEL_LENGTH),
    stream,
    ...(name !== undefined && { group: name }),
    ...(path !== undefined && { path }),
  }
}

/** `ChangeoverPathDown`, or what a group has, by the end of its key: `ChangeoverAllDown`. */
function alertName(key: string, path: string | undefined): string {
  if (path !== undefined) return 'ChangeoverPathDown'
  const words = (/#([a-z-]{1,40})$/u.exec(key)?.[1] ?? 'trouble').split('-')
  return `Changeover${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`
}

function annotationsOf(notice: Notice): Readonly<Record<string, string>> {
  const { title, viewers, did, todo, runbook, trend, acknowledgedBy, diagnosis, details } = notice
  const more = Object.entries(details)
    .slice(0, DETAILS)
    .map(([name, value]) => [annotationName(name), String(value)] as const)
  const said = {
    summary: title,
    viewers,
    description: did,
    action: todo,
    trend,
    diagnosis,
    runbook_url: runbook,
    acknowledged_by: acknowledgedBy,
  }
  return Object.fromEntries(
    [...more, ...Object.entries(said)].flatMap(([name, text]) =>
      text === undefined || text === '' ? [] : [[name, cut(text, TEXT_LENGTH)]],
    ),
  )
}

/** Annotations are named like labels, and what a person reads first must not be overwritten. */
function annotationName(name: string): string {
  return `detail_${name.replaceAll(/[^a-zA-Z0-9_]/gu, '_').slice(0, 60)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
