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

export interface PagerdutyServer {
  readonly url: string
  readonly events: readonly PagerdutyEvent[]
  readonly changes: readonly PagerdutyChange[]
  /** State of each alert by its deduplication key, as a person would see it. */
  readonly alerts: ReadonlyMap<string, AlertState>
  /** Handles a request before the service does; true where it did. */
  intercept: Interception | undefined
  close(): Promise<void>
}

/**
 * PagerDuty's Events API v2 on loopback, as far as its published description goes: the requirements
 * on `POST /v2/enqueue` and `POST /v2/change/enqueue` are transcribed from the OpenAPI document of PagerDuty
 * (github.com/PagerDuty/api-schema, reference/events-v2/openapiv3.json, 91a06fb), the lengths from
 * https://developer.pagerduty.com/docs/send-alert-event. An event that breaks one gets 400 with the
 * list of what is wrong, as from the service.
 */
export async function startPagerduty(): Promise<PagerdutyServer> {
  const events: PagerdutyEvent[] = []
  const changes: PagerdutyChange[] = []
  const alerts = new Map<string, AlertState>()
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
    apply(alerts, event)
    const { dedup_key } = event
    reply(response, 202, { status: 'success', message: 'Event processed', dedup_key })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const running: PagerdutyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/enqueue`,
    events,
    changes,
    alerts,
    intercept: undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return running
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
