import type { HttpRequest, HttpResult, NetFailure } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { end, type Connection, type Connections } from './connections.ts'
import { dial, withAddress } from './dial.ts'
import { classify } from './fault.ts'
import { bareAddress, firstOutgoing, redirected, type Outgoing } from './outgoing.ts'
import type { Resolver } from './resolver.ts'
import { isRedirect, transfer, type TransferEnd } from './transfer.ts'
import type { Trust } from './trust.ts'

const DEFAULT_REDIRECTS = 5

/** What HTTP calls share. */
export interface HttpParts {
  readonly connections: Connections
  readonly resolver: Resolver
  readonly trust: Trust
}

type Answer = Extract<TransferEnd, { kind: 'answer' }>

/** Asks and follows redirects until there is an answer or a failure. */
export async function http(
  parts: HttpParts,
  call: Call,
  request: HttpRequest,
): Promise<HttpResult> {
  const first = firstOutgoing(request)
  if ('refused' in first)
    return call.failure('protocol', `the request was not sent: ${first.refused}`)
  const most = request.maxRedirects ?? DEFAULT_REDIRECTS
  const pinned = first.url.hostname
  let outgoing = first
  for (let redirects = 0; ; redirects += 1) {
    if (call.stopped !== undefined) return call.stoppedFailure(outgoing.url.host)
    // A pinned address is the address of one name, not of wherever that name redirects to.
    const pin = outgoing.url.hostname === pinned ? request.address : undefined
    const hop = await ask(parts, call, shownTo(outgoing.url, first.url, request), outgoing, pin)
    if ('ok' in hop) return hop
    const { answer, connection } = hop
    const location = answer.headers['location']
    if (most === 0 || !isRedirect(answer.status) || location === undefined) {
      return {
        ok: true,
        status: answer.status,
        headers: answer.headers,
        ...(answer.trailers !== undefined && { trailers: answer.trailers }),
        body: answer.body,
        bytes: call.bytes,
        truncated: answer.truncated,
        url: outgoing.url.href,
        redirects,
        address: connection.address,
        httpVersion: connection.version,
        timings: call.timings(),
        ...(connection.expiresAt !== undefined && {
          certificateDays: (connection.expiresAt - call.clock.wall()) / 86_400_000,
        }),
      }
    }
    call.phase = 'redirect'
    const { host } = outgoing.url
    if (redirects >= most) {
      return call.failure('too-many-redirects', `${host} redirected more than ${most} times`)
    }
    const next = redirected(outgoing, answer.status, location)
    if ('refused' in next) return call.failure('protocol', `${host} redirected ${next.refused}`)
    outgoing = next
    call.restart()
  }
}

/** The request as `url` may see it: who asks is for the origin that was asked first, and no other. */
function shownTo(url: URL, first: URL, request: HttpRequest): HttpRequest {
  if (request.client === undefined || url.origin === first.origin) return request
  const { client: _, ...rest } = request
  return rest
}

/** One hop: on an idle connection where that is safe, else on a new one. */
async function ask(
  parts: HttpParts,
  call: Call,
  request: HttpRequest,
  outgoing: Outgoing,
  pin: string | undefined,
): Promise<{ readonly answer: Answer; readonly connection: Connection } | NetFailure> {
  const { connections } = parts
  const follow = (request.maxRedirects ?? DEFAULT_REDIRECTS) > 0
  const key = keyOf(request, outgoing, pin)
  // HTTP/2 has no `connection: close`: what was opened for one answer alone ends with it.
  const once = request.fresh === true && request.http2 === true
  const release = (connection: Connection) =>
    once ? end(connection) : connections.release(connection)
  // A peer may close an idle connection at the moment of its next use. Asking again is safe only
  // for what changes nothing (RFC 9112 section 9.3.1); anything else gets a connection of its own.
  const repeatable = outgoing.method === 'GET' || outgoing.method === 'HEAD'
  const idle =
    repeatable && request.fresh !== true ? connections.take(key, call.clock.now()) : undefined
  if (idle !== undefined) {
    call.address = idle.address
    const result = await transfer(call, idle, request, outgoing, follow, release)
    if (result.kind !== 'error' || result.answered) return judge(call, outgoing, idle, result)
  }

  const opened = await open(parts, call, request, outgoing, pin)
  if ('ok' in opened) return opened
  const result = await transfer(call, opened, request, outgoing, follow, release)
  return judge(call, outgoing, opened, result)
}

async function open(
  parts: HttpParts,
  call: Call,
  request: HttpRequest,
  outgoing: Outgoing,
  pin: string | undefined,
): Promise<Connection | NetFailure> {
  const { url } = outgoing
  const secure = url.protocol === 'https:'
  let tls
  try {
    tls = secure ? parts.trust.context(request.ca, request.client) : undefined
  } catch {
    return call.failure('local', 'the certificates to trust, or to show, are not valid PEM')
  }
  const dialed = await dial(call, parts.resolver, {
    host: bareAddress(url.hostname),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    ...(pin !== undefined && { address: bareAddress(pin) }),
    ...(request.family !== undefined && { family: request.family }),
    ...(tls !== undefined && { tls, protocols: protocols(request) }),
  })
  if (!dialed.ok) return dialed
  const key = keyOf(request, outgoing, pin)
  return parts.connections.adopt(key, url.origin, dialed.socket, dialed.address, call.clock.now())
}

function judge(
  call: Call,
  outgoing: Outgoing,
  connection: Connection,
  result: TransferEnd,
): { readonly answer: Answer; readonly connection: Connection } | NetFailure {
  if (result.kind === 'answer') return { answer: result, connection }
  const where = withAddress(outgoing.url.host, outgoing.url.hostname, connection.address)
  if (result.kind === 'stopped') return call.stoppedFailure(where)
  const { fault, says } = classify(result.error, call.phase, where)
  return call.failure(fault, says)
}

/** Requests with the same key may share a connection. */
function keyOf(request: HttpRequest, outgoing: Outgoing, pin: string | undefined): string {
  const host = outgoing.headers['host'] ?? ''
  const family = request.family ?? ''
  const offers = request.http2 === true ? 2 : 1
  return `${outgoing.url.origin}|${pin ?? ''}|${family}|${host}|${offers}|${request.ca ?? ''}|${request.client?.cert ?? ''}`
}

function protocols({ http2 }: HttpRequest): readonly string[] {
  return http2 === true ? ['h2', 'http/1.1'] : ['http/1.1']
}
