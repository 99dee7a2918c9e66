import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { WatchdogPort } from './watchdog-port.ts'

/** `<stream>/<group>/<path>` of names of at most 63 letters, and the end of the line. */
const mostBytes = 256

/** A check that is not over after this long is cut, in milliseconds. */
const longestMs = 2_000

/** Checks under way at one time; more are cut, which changes nothing at their balancers. */
const mostChecks = 2_048

/** A listening agent. */
export interface ServedAgent {
  readonly host: string
  /** The port that it got. */
  readonly port: number
  close(): Promise<void>
}

/**
 * Answers agent-checks of HAProxy: the check sends `<stream>/<group>/<path>` and a line feed
 * (`agent-send`), the answer is one line from the actuator `haproxy-agent` of that group. Whoever
 * asks for anything else gets no answer, which HAProxy takes for no change. Rejects where the address
 * cannot be had, with Node's own error.
 */
export async function serveAgent(options: {
  readonly clock: Clock
  readonly port: Pick<WatchdogPort, 'pull'>
  readonly at: { readonly host: string; readonly port: number }
}): Promise<ServedAgent> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const over = new AbortController()
    socket.on('close', () => {
      sockets.delete(socket)
      over.abort()
    })
    socket.on('error', () => socket.destroy())
    void options.clock.sleep(longestMs, over.signal).then(() => socket.destroy())
    let line = ''
    socket.on('data', (chunk) => {
      line += chunk.toString('latin1')
      const end = line.indexOf('\n')
      if (end < 0 && line.length <= mostBytes) return
      socket.removeAllListeners('data')
      // What else comes is not read into memory.
      socket.resume()
      const answer = end < 0 ? '' : answerTo(options.port, line.slice(0, end).trim())
      socket.end(answer)
    })
  })
  server.maxConnections = mostChecks
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.at.port, options.at.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { address, port } = server.address() as AddressInfo
  return {
    host: address,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function answerTo(port: Pick<WatchdogPort, 'pull'>, line: string): string {
  const [stream, group, path, ...rest] = line.split('/')
  if (stream === undefined || group === undefined || path === undefined || rest.length > 0) {
    return ''
  }
  return port.pull('agent', `${stream}/${group}`, path, {})?.body ?? ''
}
