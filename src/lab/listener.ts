import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ChangeoverError } from '../core/errors.ts'

const HOST = '127.0.0.1'

/**
 * An HTTP server on loopback whose port can be closed and opened again. Its changes happen one
 * after the other, in the order of the calls.
 */
export class Listener {
  readonly #server: Server
  #port = 0
  #open = false
  #last: Promise<void> = Promise.resolve()

  constructor(handler: RequestListener) {
    this.#server = createServer({ noDelay: true }, handler)
  }

  /** `http://127.0.0.1:<port>`, the same after the port was closed and opened again. */
  get url(): string {
    return `http://${HOST}:${this.#port}`
  }

  /** Opens `port`, or a free one for 0. Rejects when it is taken. */
  listen(port: number): Promise<void> {
    this.#port = port
    return this.setOpen(true)
  }

  /** Closes the port with all its connections, or opens it again. */
  setOpen(open: boolean): Promise<void> {
    const done = this.#last.then(() => this.#change(open))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #change(open: boolean): Promise<void> {
    if (open === this.#open) return
    if (open) {
      this.#server.listen(this.#port, HOST)
      await once(this.#server, 'listening').catch((cause: unknown) => {
        throw new ChangeoverError('USAGE', `Port ${this.#port} of ${HOST} cannot be opened.`, {
          todo: 'Choose another port, or 0 for any free one.',
          cause,
        })
      })
      this.#port = (this.#server.address() as AddressInfo).port
    } else {
      const closed = once(this.#server, 'close')
      this.#server.close()
      this.#server.closeAllConnections()
      await closed
    }
    this.#open = open
  }
}
