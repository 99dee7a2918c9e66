import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Client } from 'undici'

/** An idle connection of one origin is kept this long, in milliseconds, unless the peer says less. */
const IDLE_MS = 30_000
/**
 * Idle connections kept for one origin and address, and for all together. Enough for the looks at
 * hundreds of paths behind one name that fall together by chance: opening costs more than a request.
 */
const MOST_IDLE_EACH = 32
const MOST_IDLE = 1_024
/**
 * No connection is reused beyond this age in milliseconds: a probe must notice that a name points
 * elsewhere, that a certificate changed, and that nobody listens any more.
 */
const OLDEST_MS = 60_000

/** A connection with undici's HTTP parser on it, for one request at a time. It never connects again by itself. */
export interface Connection {
  readonly key: string
  readonly client: Client
  readonly socket: Socket
  readonly address: string
  readonly openedAt: number
  /** What TLS agreed on (RFC 7301), or 1.1 without it. */
  readonly version: 1.1 | 2
  /** When the peer's certificate expires, in milliseconds since the epoch. */
  readonly expiresAt?: number
}

/** Open connections between requests, by origin, address and trust. */
export class Connections {
  readonly #idle = new Map<string, Connection[]>()
  #count = 0

  /** Takes an idle connection, the one used last first; `now` is monotonic milliseconds. */
  take(key: string, now: number): Connection | undefined {
    const idle = this.#idle.get(key) ?? []
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      this.#count -= 1
      if (idle.length === 0) this.#idle.delete(key)
      if (!connection.socket.destroyed && now - connection.openedAt < OLDEST_MS) return connection
      end(connection)
    }
    return undefined
  }

  /** Puts a parser on a fresh socket. */
  adopt(key: string, origin: string, socket: Socket, address: string, now: number): Connection {
    const isHttp2 = socket instanceof TLSSocket && socket.alpnProtocol === 'h2'
    const client = new Client(origin, {
      connect: singleUse(socket),
      allowH2: isHttp2,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      // One deadline of ours covers the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const expiresAt = certificateExpiry(socket)
    const connection = {
      key,
      client,
      socket,
      address,
      openedAt: now,
      version: isHttp2 ? (2 as const) : (1.1 as const),
      ...(expiresAt !== undefined && { expiresAt }),
    }
    client.on('disconnect', () => {
      this.#remove(connection)
      end(connection)
    })
    return connection
  }

  /** Keeps a connection for the next request, or ends it where there are enough. */
  release(connection: Connection): void {
    if (connection.socket.destroyed) return
    const idle = this.#idle.get(connection.key)
    if (this.#count >= MOST_IDLE || (idle?.length ?? 0) >= MOST_IDLE_EACH) return end(connection)
    if (idle === undefined) this.#idle.set(connection.key, [connection])
    else idle.push(connection)
    this.#count += 1
  }

  /** How many connections are idle now. */
  get count(): number {
    return this.#count
  }

  /** Ends all that are idle. */
  async close(): Promise<void> {
    const all = [...this.#idle.values()].flat()
    this.#idle.clear()
    this.#count = 0
    await Promise.all(all.map(({ client }) => client.destroy()))
  }

  #remove(connection: Connection): void {
    const idle = this.#idle.get(connection.key)
    const at = idle?.indexOf(connection) ?? -1
    if (idle === undefined || at < 0) return
    idle.splice(at, 1)
    this.#count -= 1
    if (idle.length === 0) this.#idle.delete(connection.key)
  }
}

/** Ends a connection with whatever runs on it. */
export function end(connection: Connection): void {
  void connection.client.destroy()
}

/** Hands `socket` out once; undici asks again when the peer closed it, and gets an error then. */
function singleUse(socket: Socket) {
  let used = false
  return (_: unknown, callback: (...result: [null, Socket] | [Error, null]) => void) => {
    if (used) {
      callback(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }), null)
      return
    }
    used = true
    // undici ignores a socket that it gets before its own call returned.
    queueMicrotask(() => callback(null, socket))
  }
}

/** When the certificate of a TLS peer expires, in milliseconds since the epoch. */
export function certificateExpiry(socket: Socket): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const at = Date.parse(socket.getPeerX509Certificate()?.validTo ?? '')
  return Number.isNaN(at) ? undefined : at
}
