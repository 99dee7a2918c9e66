import { redactText } from '../core/redact.ts'
import type { CallAnswer } from './call-failure.ts'
import type { HttpRequest, Net } from './net.ts'

interface RestService {
  /** As people call it: `Cloudflare`. */
  readonly name: string
  /** Where its API begins, without a slash at the end. */
  readonly url: string
  /** What the service itself says of a refusal, from the JSON of its answer. */
  readonly detail: (body: unknown) => string | undefined
  /** Files read anew at each request, such as an authority. */
  readonly files?: HttpRequest['files']
}

export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the URL of the service, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
}

/** Larger than any answer that is asked for. */
const maxBytes = 2 ** 21

/** A vendor's API of JSON over HTTP, whose every failure tells whether the request was sent. */
export class RestApi {
  readonly #service: RestService
  readonly #net: Net

  constructor(service: RestService, net: Net) {
    this.#service = service
    this.#net = net
  }

  /** Makes one call of at most `ms` milliseconds; the JSON of a 2xx answer, or what went wrong. */
  async call(call: RestCall, ms: number, signal: AbortSignal): Promise<CallAnswer<unknown>> {
    const { name, url, detail, files } = this.#service
    const result = await this.#net.http({
      url: `${url}${call.path}`,
      method: call.method,
      headers: {
        accept: 'application/json',
        ...(call.body !== undefined && { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(files !== undefined && { files }),
      deadlineMs: Math.max(1, ms),
      maxBytes,
      // Credentials go nowhere but where the configuration says.
      maxRedirects: 0,
      signal,
    })
    if (!result.ok) {
      const sent = !['dns', 'connect', 'tls'].includes(result.phase)
      const { fault, says } = result
      return { ok: false, sent, status: undefined, code: fault, retry: true, says }
    }
    const { status, body, truncated } = result
    const value = truncated ? undefined : parseJson(body)
    const failure = { ok: false, sent: true, status, code: `${status}` } as const
    if (status < 200 || status > 299) {
      const told = clean(detail(value) ?? '')
      const says = `${name} answered ${status}${told === '' ? '' : `: ${told}`}`
      return { ...failure, retry: status === 429 || status === 408 || status >= 500, says }
    }
    if (value === undefined) {
      return {
        ...failure,
        retry: true,
        says: `${name} answered ${status} with something else than JSON`,
      }
    }
    return { ok: true, value }
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** One line of what others wrote, bounded. */
function clean(text: string): string {
  return redactText(text.replaceAll(/\s+/gu, ' ').trim()).slice(0, 300)
}
