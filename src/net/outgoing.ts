import { isIP } from 'node:net'
import type { HttpRequest } from '../plugin/net.ts'

/** A request as one hop sends it. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface Refused {
  readonly refused: string
}

/**
 * Headers that may follow a redirect to another origin. Any other may be a credential under a name
 * of its vendor's choice, so a list of what is known to be harmless is the only safe one.
 */
const CARRIED_ACROSS_ORIGINS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'if-modified-since',
  'if-none-match',
  'pragma',
  'range',
  'user-agent',
])

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 section 5.5: no control characters but the tab, and nothing beyond one byte. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Checks and completes what a caller asks for, before anything is connected. */
export function firstOutgoing(request: HttpRequest): Outgoing | Refused {
  const url = URL.parse(request.url)
  if (url === null) return { refused: 'the URL is not valid' }
  if (!isWeb(url)) return { refused: `${url.protocol} is not http or https` }
  const method = request.method ?? 'GET'
  if (!TOKEN.test(method) || method === 'CONNECT') return { refused: 'the method is not valid' }
  if (request.address !== undefined && isIP(bareAddress(request.address)) === 0) {
    return { refused: 'the address to connect to is not an IP address' }
  }

  const headers: Record<string, string> = { 'user-agent': 'changeover', accept: '*/*' }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    // The name of a header is safe to say; its value may be a credential.
    if (!TOKEN.test(name)) return { refused: 'the name of a header is not valid' }
    if (!FIELD_VALUE.test(value)) return { refused: `the value of header ${name} is not valid` }
    headers[name.toLowerCase()] = value
  }
  // A range counts bytes of the coded form, of which a part cannot be decompressed.
  if (headers['range'] === undefined) headers['accept-encoding'] ??= 'gzip, br, deflate'
  const authorization = basic(url)
  if (authorization !== undefined) headers['authorization'] ??= authorization
  url.username = ''
  url.password = ''
  return { url, method, headers, ...(request.body !== undefined && { body: request.body }) }
}

/** What is sent to `location` after `status` answered `sent`. */
export function redirected(sent: Outgoing, status: number, location: string): Outgoing | Refused {
  const url = URL.parse(location, sent.url)
  if (url === null || !isWeb(url)) return { refused: 'to something that is no web address' }
  const acrossOrigins = url.origin !== sent.url.origin
  const authorization = basic(url)
  url.username = ''
  url.password = ''

  // RFC 9110 sections 15.4.2 to 15.4.4: 303 asks for a GET, 301 and 302 turn a POST into one.
  const becomesGet =
    (status === 303 && sent.method !== 'HEAD') ||
    ((status === 301 || status === 302) && sent.method === 'POST')
  if (acrossOrigins && !becomesGet && sent.body !== undefined) {
    return { refused: 'to another origin, which would get the body of the request' }
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(sent.headers)) {
    if (acrossOrigins && !CARRIED_ACROSS_ORIGINS.has(name)) continue
    if (becomesGet && name.startsWith('content-')) continue
    headers[name] = value
  }
  if (authorization !== undefined) headers['authorization'] = authorization
  if (becomesGet) return { url, method: 'GET', headers }
  return { url, method: sent.method, headers, ...(sent.body !== undefined && { body: sent.body }) }
}

/** An address without the brackets that IPv6 wears in a URL. */
export function bareAddress(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

function basic(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const pair = `${unescaped(url.username)}:${unescaped(url.password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
