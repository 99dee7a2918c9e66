import type { Dispatcher } from 'undici'
import type { HttpRequest } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { end, type Connection } from './connections.ts'
import { decoderFor } from './decoder.ts'
import type { Outgoing } from './outgoing.ts'

/** The body of a redirect that is followed is read up to here, so that its connection can be kept. */
const REDIRECT_BODY = 64 * 1024

/** How one request on one connection ended. */
export type TransferEnd =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly trailers: Readonly<Record<string, string>> | undefined
      readonly body: Buffer
      readonly truncated: boolean
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'error'; readonly error: unknown; readonly answered: boolean }

/** Told to keep a connection for the next request. */
type Release = (connection: Connection) => void

/**
 * One request and its answer on one connection. Bodies are counted after decompression and cut at
 * the cap in the data callback; a cut, a stop and a broken encoding end the connection.
 */
class Transfer implements Dispatcher.DispatchHandler {
  readonly #call: Call
  readonly #connection: Connection
  readonly #request: HttpRequest
  readonly #follow: boolean
  readonly #release: Release
  readonly #resolve: (end: TransferEnd) => void
  readonly #reject: (error: unknown) => void
  readonly #chunks: Buffer[] = []
  #sentAt: number
  #status = 0
  #headers: Record<string, string> = {}
  #trailers: Readonly<Record<string, string>> | undefined
  #discard = false
  #most: number
  #decoder: ReturnType<typeof decoderFor>
  #begun = false
  #settled = false

  constructor(
    call: Call,
    connection: Connection,
    request: HttpRequest,
    follow: boolean,
    release: Release,
    resolve: (end: TransferEnd) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call
    this.#connection = connection
    this.#request = request
    this.#follow = follow
    this.#release = release
    this.#resolve = resolve
    this.#reject = reject
    this.#most = request.maxBytes
    this.#sentAt = call.clock.now()
    call.phase = 'request'
    call.onStop(() => this.#cut({ kind: 'stopped' }))
  }

  onRequestStart(): void {
    this.#sentAt = this.#call.clock.now()
    this.#call.phase = 'first-byte'
  }

  onResponseStarted(): void {
    this.#call.firstByte ??= this.#call.clock.now() - this.#sentAt
  }

  onResponseStart(
    _: unknown,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx answers come before the real one (RFC 9110 section 15.2).
    if (status < 200 || this.#settled) return
    this.#call.phase = 'body'
    this.#call.status = status
    this.#status = status
    this.#headers = joined(headers)
    if (this.#follow && isRedirect(status) && this.#headers['location'] !== undefined) {
      this.#discard = true
      this.#most = REDIRECT_BODY
      return
    }
    const { onAnswer } = this.#request
    const timings = this.#call.timings()
    if (onAnswer?.({ status, headers: this.#headers, timings }) === false) {
      this.#cut(this.#answer(true))
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    if (!this.#begun) this.#begin(controller, chunk)
    if (this.#decoder === undefined) this.#take(chunk)
    else if (!this.#decoder.write(chunk)) controller.pause()
  }

  onResponseEnd(
    _: unknown,
    trailers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#settled) return
    if (Object.keys(trailers).length > 0) this.#trailers = joined(trailers)
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  onResponseError(_: unknown, error: Error): void {
    const answered = this.#call.firstByte !== undefined
    this.#cut({ kind: 'error', error, answered })
  }

  #begin(controller: Dispatcher.DispatchController, head: Buffer): void {
    this.#begun = true
    // Part of a coded body cannot be decoded: it is handed on as it is.
    if (this.#discard || this.#status === 206) return
    const decoder = decoderFor(this.#headers['content-encoding'] ?? '', head)
    if (decoder === undefined) return
    this.#decoder = decoder
    decoder.on('data', (chunk: Buffer) => this.#take(chunk))
    decoder.on('drain', () => controller.resume())
    decoder.on('end', () => this.#finish())
    decoder.on('error', () => {
      const error = Object.assign(new Error('damaged'), { code: 'BAD_ENCODING' })
      this.#cut({ kind: 'error', error, answered: true })
    })
  }

  #take(chunk: Buffer): void {
    if (this.#settled) return
    const room = this.#most - this.#call.bytes
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.#call.bytes += part.length
    let ended = chunk.length > room
    if (part.length > 0 && !this.#discard) {
      if (this.#request.discardBody !== true) this.#chunks.push(part)
      try {
        if (this.#request.onChunk?.(part) === false) ended = true
      } catch (error) {
        this.#reject(error)
        this.#cut({ kind: 'stopped' })
        return
      }
    }
    if (ended) this.#cut(this.#answer(true))
  }

  /** The answer is complete and its connection can be used again. */
  #finish(): void {
    if (this.#settled) return
    this.#settled = true
    this.#call.onStop(undefined)
    this.#release(this.#connection)
    this.#resolve(this.#answer(false))
  }

  /** Ends before the answer does: the rest of it would stand in the way of another request. */
  #cut(result: TransferEnd): void {
    if (this.#settled) return
    this.#settled = true
    this.#call.onStop(undefined)
    this.#decoder?.destroy()
    end(this.#connection)
    this.#resolve(result)
  }

  #answer(truncated: boolean): TransferEnd {
    const body = Buffer.concat(this.#chunks)
    const [status, headers, trailers] = [this.#status, this.#headers, this.#trailers]
    return { kind: 'answer', status, headers, trailers, body, truncated }
  }
}

/** Fields by their lower-case names, repeated ones joined (RFC 9110 section 5.3). */
function joined(
  fields: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (value !== undefined) found[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return found
}

/** Sends `outgoing` on `connection`. Rejects only with what the caller's `onChunk` threw. */
export function transfer(
  call: Call,
  connection: Connection,
  request: HttpRequest,
  outgoing: Outgoing,
  follow: boolean,
  release: Release,
): Promise<TransferEnd> {
  return new Promise((resolve, reject) => {
    const handler = new Transfer(call, connection, request, follow, release, resolve, reject)
    if (call.stopped !== undefined) return
    connection.client.dispatch(
      {
        path: `${outgoing.url.pathname}${outgoing.url.search}`,
        method: outgoing.method,
        headers: outgoing.headers,
        body: outgoing.body ?? null,
      },
      handler,
    )
  })
}

/** The redirects that browsers and players follow (RFC 9110 section 15.4). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}
