import { request, type Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** Headers that belong to one connection alone (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** One request to the next server. */
export interface UpstreamRequest {
  readonly agent: Agent
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** Resolves with the answer as soon as its headers are here. Rejects when there is none. */
export function ask({ agent, url, ...options }: UpstreamRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { agent, ...options })
      .on('response', resolve)
      .on('error', reject)
      .end()
  })
}

/** The headers that a proxy hands on, without those of the connection and without `drop`. */
export function handedOn(
  headers: IncomingHttpHeaders,
  drop: readonly string[] = [],
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || drop.includes(name)) continue
    kept[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return kept
}
