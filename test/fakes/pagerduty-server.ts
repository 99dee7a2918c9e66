import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** An event as the service took it. */
interface PagerdutyEvent {
  readonly routing_key: string
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve'
  readonly dedup_key: string
  readonly client?: string
  readonly client_url?: string
  readonly links?: readonly { readonly href: string; readonly text?: string }[]
  readonly payload?: {
    readonly summary: string
    readonly source: string
    readonly severity: string
    readonly timestamp?: string
    readonly component?: string
    readonly group?: string
    readonly class?: string
    readonly custom_details?: Readonly<Record<string, unknown>>
  }
}

/** A change event as the service took it. */
interface PagerdutyChange {
  readonly routing_key: string
  readonly payload: {
    readonly summary: string
    readonly source?: string
    readonly timestamp?: string
    readonly custom_details?: Readonly<Record<string, unknown>>
  }
  readonly links?: readonly { readonly href: string; readonly text?: string }[]
}

type AlertState = 'triggered' | 'acknowledged' | 'resolved'

/** Answers in place of the service; `undefined` lets it validate and take the event. */
type Interception = (request: IncomingMessage, response: ServerResponse) => boolean

interface Agent {
  readonly type: string
  readonly summary: string
}

const actions = {
  acknowledges: ['incident.acknowledged', 'acknowledged'],
  unacknowledges: ['incident.unacknowledged', 'triggered'],
  resolves: ['incident.resolved', 'resolved'],
} as const

export interface PagerdutyServer {
  readonly url: string
  readonly events: readonly PagerdutyEvent[]
  readonly changes: readonly PagerdutyChange[]
  /** State of each alert by its deduplication key, as a person would see it. */
  readonly alerts: ReadonlyMap<string, AlertState>
  /** Handles a request before the service does; true where it did. */
  intercept: Interception | undefined
  /** Where the webhook of a subscription goes, and its secrets: two while one is rotated. */
  subscription: { readonly url: string; readonly secrets: readonly string[] } | undefined
  /** What each webhook told and how it was answered, in order: `incident.resolved by Nina: 200`. */
  readonly webhooks: readonly string[]
  /** A person does something about the incident of an alert; resolves when the webhook was taken. */
  person(name: string, does: keyof typeof actions, dedupKey: string): Promise<void>
  close(): Promise<void>
}

/**
 * PagerDuty's Events API v2 on loopback, as far as its published description goes: the requirements
 * on `POST /v2/enqueue` and `POST /v2/change/enqueue` are transcribed from the OpenAPI document of PagerDuty
 * (github.com/PagerDuty/api-schema, reference/events-v2/openapiv3.json, 91a06fb), the lengths from
 * https://developer.pagerduty.com/docs/send-alert-event. An event that breaks one gets 400 with the
 * list of what is wrong, as from the service.
 *
 * Its V3 webhooks are transcribed from https://developer.pagerduty.com/docs/webhooks-overview and
 * https://developer.pagerduty.com/docs/verifying-webhook-signatures (github.com/PagerDuty/developer-docs,
 * docs/webhooks). What our own notices change is told too, with the integration as its agent.
 */
export async function startPagerduty(): Promise<PagerdutyServer> {
  const events: PagerdutyEvent[] = []
  const changes: PagerdutyChange[] = []
  const alerts = new Map<string, AlertState>()
  const webhooks: string[] = []
  const server = createServer((request, response) => {
    if (running.intercept?.(request, response) === true) return
    void take(request, response)
  })

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await receive(request)
    const errors = violations(request, body)
    if (errors.length > 0) {
      const message = 'Event object is invalid'
      reply(response, 400, { status: 'invalid event', message, errors })
      return
    }
    if (request.url === CHANGE) {
      changes.push(JSON.parse(body) as PagerdutyChange)
      reply(response, 202, { status: 'success', message: 'Change event processed' })
      return
    }
    const event = JSON.parse(body) as PagerdutyEvent
    events.push(event)
    const { dedup_key } = event
    const before = alerts.get(dedup_key)
    apply(alerts, event)
    reply(response, 202, { status: 'success', message: 'Event processed', dedup_key })
    const now = alerts.get(dedup_key)
    if (before === now || now === undefined) return
    const integration = { type: 'inbound_integration_reference', summary: 'Changeover' }
    await tell(`incident.${now}`, dedup_key, integration)
  }

  async function tell(eventType: string, key: string, agent: Agent): Promise<void> {
    const { subscription } = running
    if (subscription === undefined) return
    const body = JSON.stringify(webhookOf({ eventType, key, agent }))
    const answer = await fetch(subscription.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-webhook-id': `id-${webhooks.length}`,
        'x-pagerduty-signature': signaturesOf(body, subscription.secrets),
      },
      body,
    })
    webhooks.push(`${eventType} by ${agent.summary}: ${answer.status}`)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const running: PagerdutyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/enqueue`,
    events,
    changes,
    alerts,
    intercept: undefined,
    subscription: undefined,
    webhooks,
    async person(name, does, dedupKey) {
      const [eventType, state] = actions[does]
      alerts.set(dedupKey, state)
      await tell(eventType, dedupKey, { type: 'user_reference', summary: name })
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return running
}

/** The webhook of an event, complete as the documentation shows it. */
export function webhookOf(change: {
  readonly eventType: string
  readonly key?: string
  readonly agent?: object | null
  readonly id?: string
  readonly at?: string
}): object {
  const { eventType, key = 'changeover:channel-1/cdn/cdn-a', agent = null } = change
  const reference = (id: string, type: string, summary: string) => ({
    html_url: `https://acme.pagerduty.com/${type}/${id}`,
    id,
    self: `https://api.pagerduty.com/${type}/${id}`,
    summary,
    type,
  })
  return {
    event: {
      id: change.id ?? randomUUID(),
      event_type: eventType,
      resource_type: 'incident',
      occurred_at: change.at ?? new Date().toISOString(),
      agent,
      client: { name: 'PagerDuty' },
      data: {
        id: 'PGR0VU2',
        type: 'incident',
        self: 'https://api.pagerduty.com/incidents/PGR0VU2',
        html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
        number: 2,
        status: 'triggered',
        incident_key: key,
        created_at: '2027-01-15T08:00:27Z',
        title: 'A little bump in the road',
        service: reference('PF9KMXH', 'service_reference', 'Streams'),
        assignees: [reference('PTUXL6G', 'user_reference', 'User 123')],
        escalation_policy: reference('PUS0KTE', 'escalation_policy_reference', 'Default'),
        teams: [],
        priority: null,
        urgency: 'high',
        conference_bridge: null,
        resolve_reason: null,
      },
    },
  }
}

/** `X-PagerDuty-Signature` of a body: one signature for each secret. */
export function signaturesOf(body: string | Buffer, secrets: readonly string[]): string {
  const of = (secret: string) => createHmac('sha256', secret).update(body).digest('hex')
  return secrets.map((secret) => `v1=${of(secret)}`).join(',')
}

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function apply(alerts: Map<string, AlertState>, event: PagerdutyEvent): void {
  const before = alerts.get(event.dedup_key)
  if (event.event_action === 'trigger') {
    // A further trigger of an open alert updates it and pages nobody again.
    alerts.set(event.dedup_key, before === 'acknowledged' ? 'acknowledged' : 'triggered')
  } else if (before !== undefined && before !== 'resolved') {
    alerts.set(event.dedup_key, event.event_action === 'resolve' ? 'resolved' : 'acknowledged')
  }
}

const CHANGE = '/v2/change/enqueue'

type Fields = Readonly<Record<string, unknown>>

function violations(request: IncomingMessage, body: string): string[] {
  const isChange = request.url === CHANGE
  if (request.method !== 'POST' || (request.url !== '/v2/enqueue' && !isChange)) {
    return ['not POST /v2/enqueue']
  }
  if (request.headers['content-type'] !== 'application/json') return ['content type']
  if (Buffer.byteLength(body) > 512 * 1_024) return ['event larger than 512 KB']
  let event: unknown
  try {
    event = JSON.parse(body)
  } catch {
    return ['JSON parse error']
  }
  if (!isFields(event)) return ['not an object']
  if (isChange) return [...changeViolations(event)]
  return [...envelope(event), ...(event['payload'] === undefined ? [] : payload(event['payload']))]
}

/** `createChangeEvent` of the document: no key, no action, no severity. */
function* changeViolations(event: Fields): Generator<string> {
  yield* unknownKeys(event, 'payload routing_key links images')
  const { routing_key, payload: said, links } = event
  if (typeof routing_key !== 'string' || routing_key.length !== 32) {
    yield "Length of 'routing_key' is incorrect (should be 32 characters)"
  }
  if (links !== undefined) {
    if (!Array.isArray(links)) yield "'links' is not an array"
    else for (const link of links) yield* linkViolations(link)
  }
  if (!isFields(said)) {
    yield "'payload' is missing"
    return
  }
  yield* unknownKeys(said, 'summary timestamp source custom_details')
  const { summary, source, timestamp, custom_details } = said
  if (typeof summary !== 'string' || summary === '') yield "'payload.summary' is missing or blank"
  else if (summary.length > 1_024) yield "'payload.summary' is longer than 1024 characters"
  if (source !== undefined && typeof source !== 'string') yield "'payload.source'"
  if (timestamp !== undefined && !isDateTime(timestamp)) yield "'payload.timestamp' is no date-time"
  if (custom_details !== undefined && !isFields(custom_details)) {
    yield "'payload.custom_details' is not an object"
  }
}

function* envelope(event: Fields): Generator<string> {
  const known = 'payload routing_key event_action dedup_key client client_url links images'
  yield* unknownKeys(event, known)
  const { routing_key, event_action, dedup_key, client, client_url, links } = event
  if (typeof routing_key !== 'string' || routing_key.length !== 32) {
    yield "Length of 'routing_key' is incorrect (should be 32 characters)"
  }
  if (!['trigger', 'acknowledge', 'resolve'].includes(String(event_action))) {
    yield "'event_action' is invalid"
  }
  if (event_action === 'trigger' && event['payload'] === undefined) yield "'payload' is missing"
  if (typeof dedup_key !== 'string' || dedup_key === '' || dedup_key.length > 255) {
    yield "'dedup_key' is missing or longer than 255 characters"
  }
  if (client !== undefined && typeof client !== 'string') yield "'client' is not a string"
  if (client_url !== undefined && !isUrl(client_url)) yield "'client_url' is not a URL"
  if (links === undefined) return
  if (!Array.isArray(links)) yield "'links' is not an array"
  else for (const link of links) yield* linkViolations(link)
}

function* linkViolations(link: unknown): Generator<string> {
  if (!isFields(link)) {
    yield 'a link is not an object'
    return
  }
  yield* unknownKeys(link, 'href text')
  if (!isUrl(link['href'])) yield "'href' of a link is not a URL"
  if (link['text'] !== undefined && typeof link['text'] !== 'string') yield 'text of a link'
}

function* payload(value: unknown): Generator<string> {
  if (!isFields(value)) {
    yield "'payload' is not an object"
    return
  }
  yield* unknownKeys(
    value,
    'summary timestamp severity source component group class custom_details',
  )
  const { summary, source, severity, timestamp, custom_details } = value
  if (typeof summary !== 'string' || summary === '') yield "'payload.summary' is missing or blank"
  else if (summary.length > 1_024) yield "'payload.summary' is longer than 1024 characters"
  if (typeof source !== 'string' || source === '') yield "'payload.source' is missing or blank"
  if (!['critical', 'warning', 'error', 'info'].includes(String(severity))) {
    yield "'payload.severity' is invalid (must be one of: critical, warning, error or info)"
  }
  if (timestamp !== undefined && !isDateTime(timestamp)) yield "'payload.timestamp' is no date-time"
  for (const name of ['component', 'group', 'class']) {
    if (value[name] !== undefined && typeof value[name] !== 'string') yield `'payload.${name}'`
  }
  if (custom_details !== undefined && !isFields(custom_details)) {
    yield "'payload.custom_details' is not an object"
  }
}

function* unknownKeys(fields: Fields, known: string): Generator<string> {
  for (const key of Object.keys(fields)) {
    if (!known.split(' ').includes(key)) yield `'${key}' is unknown`
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:$/u.test(URL.parse(value)?.protocol ?? '')
}

function isDateTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/u.test(value)
}
