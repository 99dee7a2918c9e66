import { createServer, type RequestListener } from 'node:http'
import { host, OpenPort } from './open-port.ts'

/** An HTTP server on loopback whose port can be closed and opened again. */
export class Listener {
  readonly #port: OpenPort

  constructor(handler: RequestListener) {
    const server = createServer({ noDelay: true }, handler)
    this.#port = new OpenPort(server, () => server.closeAllConnections())
  }

  /** `http://127.0.0.1:<port>`, the same after the port was closed and opened again. */
  get url(): string {
    return `http://${host}:${this.#port.number}`
  }

  /** Opens `port`, or a free one for 0. Rejects when it is taken. */
  listen(port: number): Promise<void> {
    return this.#port.listen(port)
  }

  /** Closes the port with all its connections, or opens it again. */
  setOpen(open: boolean): Promise<void> {
    return this.#port.setOpen(open)
  }
}
