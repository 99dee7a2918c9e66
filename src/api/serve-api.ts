import { createServer, type Server } from 'node:http'
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
}): Promise<ServedApi> {
  const server = createAdaptorServer({
    fetch: options.api.fetch,
    overrideGlobalObjects: false,
    createServer,
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
