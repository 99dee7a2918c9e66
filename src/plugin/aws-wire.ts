import type { Clock } from '../core/clock.ts'
import type { Net, NetFailure } from './net.ts'

/** What calls of an AWS service use of an actuator's context. */
export interface AwsParts {
  readonly clock: Clock
  readonly net: Net
}

/** How one call of the SDK fared on the network. */
export interface CallRecord {
  readonly until: number
  sent: boolean
  failure?: NetFailure
  /** Beginning of a body that came with an error status. */
  refusal?: string
}

/** What the SDK hands to whatever sends its requests. */
interface SdkRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** Larger than any answer that is asked for here. */
const maxBytes = 2 ** 21

/** Signing in (STS, SSO) may take so long where a call of ours does not bound it, in milliseconds. */
const signInMs = 5_000

/** Sends the requests of an SDK client over `Net`. */
export class AwsWire {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  readonly #parts: AwsParts
  readonly #records = new WeakMap<AbortSignal, CallRecord>()

  constructor(parts: AwsParts) {
    this.#parts = parts
  }

  /** What becomes of the call that `signal` belongs to is written to `record`. */
  watch(signal: AbortSignal, record: CallRecord): void {
    this.#records.set(signal, record)
  }

  async handle(
    request: SdkRequest,
    options: { readonly abortSignal?: unknown } = {},
  ): Promise<{ response: SdkResponse }> {
    const { clock, net } = this.#parts
    const signal = options.abortSignal instanceof AbortSignal ? options.abortSignal : undefined
    const record = signal === undefined ? undefined : this.#records.get(signal)
    if (signal?.aborted === true) throw new Error('the call was given up before it was sent')
    const { host: _host, 'content-length': _length, ...headers } = request.headers
    // Until it is known how far it came, it may have come all the way.
    if (record !== undefined) record.sent = true
    const result = await net.http({
      url: urlOf(request),
      method: request.method,
      headers,
      ...bodyOf(request.body),
      deadlineMs: Math.max(1, record === undefined ? signInMs : record.until - clock.now()),
      maxBytes,
      // A signature is for one host.
      maxRedirects: 0,
      ...(signal !== undefined && { signal }),
    })
    if (record !== undefined) {
      record.sent = result.ok || !['dns', 'connect', 'tls'].includes(result.phase)
      if (!result.ok) record.failure = result
      else if (result.status >= 400) record.refusal = result.body.toString().slice(0, 4_096)
    }
    if (!result.ok) throw new Error(result.says)
    if (result.truncated) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    const { status, headers: answered, body } = result
    return {
      response: { statusCode: status, headers: { ...answered }, body: Uint8Array.from(body) },
    }
  }

  /** The SDK may ask for it; nothing here can be set from outside. */
  updateHttpClientConfig(): void {}

  /** The SDK asks for it where clients share a handler. */
  httpHandlerConfigs(): Record<string, never> {
    return {}
  }

  /** Connections belong to `Net`. */
  destroy(): void {}
}

/** `encodeURIComponent` leaves characters that a signature has encoded (RFC 3986, section 2.2). */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  const pairs = Object.keys(query)
    .toSorted()
    .flatMap((name) => {
      const value = query[name]
      if (value === null || value === undefined) return [encode(name)]
      return [value].flat().map((each) => `${encode(name)}=${encode(each)}`)
    })
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`
  return `${protocol}//${host}${port === undefined ? '' : `:${port}`}${path}${search}`
}

function bodyOf(body: unknown): { readonly body?: string | Buffer } {
  if (typeof body === 'string') return { body }
  if (!(body instanceof Uint8Array)) return {}
  return { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }
}
