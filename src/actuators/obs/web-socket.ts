import { createHash } from 'node:crypto'
import type { Ids } from '../../core/clock.ts'
import { redactUrl } from '../../core/redact.ts'
import {
  encodeFrame,
  FrameReader,
  opcode,
  openingRequest,
  refusalOf,
} from '../../formats/web-socket.ts'
import type { Net, NetFailure, OpenConnection } from '../../plugin/net.ts'

/** How a WebSocket is opened. */
export interface WebSocketRequest {
  /** `ws` or `wss`. */
  readonly url: string
  /** The subprotocol that is asked for. */
  readonly protocol?: string
  /** For the name, the connection and TLS, in milliseconds. */
  readonly deadlineMs: number
  readonly maxMessageBytes: number
  /** Ends the opening handshake, and the open connection too: what bounds both. */
  readonly signal: AbortSignal
}

/** How it ended: with a failure of the network, or by the peer with its code (RFC 6455, section 7.4). */
export interface WebSocketEnd {
  readonly says: string
  readonly code?: number
}

/** An open WebSocket that carries text. */
export interface WebSocketConnection {
  readonly ok: true
  send(text: string): void
  /** To be called once. Messages that came before are handed over first. */
  listen(listener: {
    message(text: string): void
    /** Called once at most, and never after `close`. */
    ended(end: WebSocketEnd): void
  }): void
  close(): void
}

/** It could not be opened. */
export interface WebSocketRefusal {
  readonly ok: false
  readonly says: string
}

const mostHeadBytes = 16_384

/**
 * Opens a WebSocket as a client of RFC 6455, for text messages. Everything that a peer does is a
 * value: nothing throws.
 */
export async function openWebSocket(
  net: Net,
  ids: Ids,
  request: WebSocketRequest,
): Promise<WebSocketConnection | WebSocketRefusal> {
  const url = URL.parse(request.url)
  const shown = redactUrl(request.url)
  if (url === null || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    return { ok: false, says: `${shown} is no ws or wss URL` }
  }
  const isSecure = url.protocol === 'wss:'
  const host = url.hostname.replace(/^\[|\]$/gu, '')
  const opened = await net.open({
    host,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    ...(isSecure && { tls: {} }),
    deadlineMs: request.deadlineMs,
    signal: request.signal,
  })
  if (!opened.ok) return { ok: false, says: opened.says }
  const socket = new Socket(opened, { ids, request, shown })
  return await socket.handshake({ host: url.host, path: `${url.pathname}${url.search}` })
}

type Heard = { readonly message: string } | { readonly end: WebSocketEnd }

class Socket {
  readonly #connection: OpenConnection
  readonly #ids: Ids
  readonly #request: WebSocketRequest
  readonly #shown: string
  readonly #reader: FrameReader
  #head: Buffer | undefined = Buffer.alloc(0)
  #key = ''
  #answered: ((answer: WebSocketConnection | WebSocketRefusal) => void) | undefined
  #parts: Buffer[] = []
  #isOver = false
  #listener: Parameters<WebSocketConnection['listen']>[0] | undefined
  #unheard: Heard[] = []

  constructor(
    connection: OpenConnection,
    parts: { readonly ids: Ids; readonly request: WebSocketRequest; readonly shown: string },
  ) {
    this.#connection = connection
    this.#ids = parts.ids
    this.#request = parts.request
    this.#shown = parts.shown
    this.#reader = new FrameReader(parts.request.maxMessageBytes)
  }

  async handshake(to: {
    readonly host: string
    readonly path: string
  }): Promise<WebSocketConnection | WebSocketRefusal> {
    const { protocol } = this.#request
    this.#key = this.#chance(16).toString('base64')
    const answer = new Promise<WebSocketConnection | WebSocketRefusal>((resolve) => {
      this.#answered = resolve
    })
    this.#connection.listen({
      data: (chunk) => this.#take(chunk),
      ended: (failure) => this.#lose(failure),
    })
    this.#connection.write(
      openingRequest({ ...to, key: this.#key, ...(protocol !== undefined && { protocol }) }),
    )
    return await answer
  }

  /** Bytes that a peer cannot foretell, as far as the identities are unique (RFC 6455, section 10.3). */
  #chance(bytes: number): Buffer {
    return createHash('sha256').update(this.#ids.next()).digest().subarray(0, bytes)
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#head === undefined) return this.#frames(chunk)
    const head = Buffer.concat([this.#head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) {
      this.#head = head
      if (head.length > mostHeadBytes) this.#end({ says: `${this.#shown} sends no end of headers` })
      return
    }
    const refusal = refusalOf(head.toString('latin1', 0, end), this.#key)
    if (refusal !== undefined) return this.#end({ says: `${this.#shown} ${refusal}` })
    this.#head = undefined
    this.#answer({
      ok: true,
      send: (text) => this.#send(opcode.text, Buffer.from(text)),
      listen: (listener) => this.#listen(listener),
      close: () => this.#close(),
    })
    if (head.length > end + 4) this.#frames(head.subarray(end + 4))
  }

  #frames(chunk: Buffer): void {
    const { frames, refused } = this.#reader.push(chunk)
    for (const { opcode: code, isLast, payload } of frames) {
      if (this.#isOver) return
      if (code === opcode.ping) this.#send(opcode.pong, payload)
      else if (code === opcode.close) {
        const reason = payload.length < 2 ? undefined : payload.readUInt16BE(0)
        const text = payload.toString('utf8', 2).trim()
        const why = reason === undefined ? '' : ` with ${reason}${text === '' ? '' : ` (${text})`}`
        this.#end({
          says: `${this.#shown} closed the connection${why}`,
          ...(reason !== undefined && { code: reason }),
        })
      } else if (code === opcode.text || code === opcode.more) this.#part(payload, isLast)
    }
    if (refused !== undefined) this.#end({ says: `${this.#shown} sent ${refused}` })
  }

  #part(payload: Buffer, isLast: boolean): void {
    this.#parts.push(payload)
    const bytes = this.#parts.reduce((sum, { length }) => sum + length, 0)
    if (bytes > this.#request.maxMessageBytes) {
      this.#end({ says: `${this.#shown} sent a message of more than ${bytes} bytes` })
    } else if (isLast) {
      this.#hear({ message: Buffer.concat(this.#parts.splice(0)).toString() })
    }
  }

  #send(code: number, payload: Buffer): void {
    if (!this.#isOver) this.#connection.write(encodeFrame(code, payload, this.#chance(4)))
  }

  #lose(failure: NetFailure | undefined): void {
    this.#end({ says: failure?.says ?? `${this.#shown} closed the connection` })
  }

  #end(end: WebSocketEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#connection.close()
    this.#answer({ ok: false, says: end.says })
    this.#hear({ end })
  }

  #answer(answer: WebSocketConnection | WebSocketRefusal): void {
    this.#answered?.(answer)
    this.#answered = undefined
  }

  #hear(heard: Heard): void {
    if (this.#listener === undefined) {
      this.#unheard.push(heard)
      return
    }
    if ('message' in heard) this.#listener.message(heard.message)
    else this.#listener.ended(heard.end)
  }

  #listen(listener: Parameters<WebSocketConnection['listen']>[0]): void {
    this.#listener = listener
    for (const heard of this.#unheard.splice(0)) this.#hear(heard)
  }

  #close(): void {
    if (this.#isOver) return
    // 1000, a normal end; nobody waits for the answer to it.
    this.#send(opcode.close, Buffer.from([0x03, 0xe8]))
    this.#isOver = true
    this.#connection.close()
  }
}
