import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'

/** A connection on which nothing moves for this long is cut; event streams have a heartbeat. */
const IDLE_MS = 60_000

/** A listening API. */
export interface ServedApi {
  /** Where it listens, with the port that it got. */
  readonly url: string
  /** Ends every connection, event streams included. */
  close(): Promise<void>
}

/**
 * Listens on `host` and `port` (0: any free one). Rejects where the address cannot be had, with
 * Node's own error (`EADDRINUSE`, `EACCES`).
 */
export async function serveApi(options: {
  readonly api: Hono
  readonly host: string
  readonly port: number
  /** Asked before the API; whether it has answered. */
  readonly direct?: (request: IncomingMessage, response: ServerResponse) => boolean
}): Promise<ServedApi> {
  const { direct } = options
  const server = createAdaptorServer({
    fetch: options.api.fetch,
    overrideGlobalObjects: false,
    createServer: directed(direct),
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384 },
  }) as Server
  // A reader that takes nothing leaves a full socket on which nothing moves.
  server.timeout = IDLE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      server.closeAllConnections()
      return closed
    },
  }
}

/** Lets `direct` answer first. An error of it is no answer: the API then says what is wrong. */
function directed(
  direct: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined,
): typeof createServer {
  if (direct === undefined) return createServer
  const create = (settings: ServerOptions, listener: RequestListener) =>
    createServer(settings, (request, response) => {
      if (!isAnswered(direct, request, response)) listener(request, response)
    })
  return create as typeof createServer
}

function isAnswered(
  direct: (request: IncomingMessage, response: ServerResponse) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  try {
    return direct(request, response)
  } catch {
    return false
  }
}
