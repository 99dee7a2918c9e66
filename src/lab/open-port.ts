import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { ChangeoverError } from '../core/errors.ts'

/** Where the lab listens. */
export const host = '127.0.0.1'

/**
 * The port of a server on loopback, which can be closed and opened again. Its changes happen one
 * after the other, in the order of the calls.
 */
export class OpenPort {
  readonly #server: Server
  readonly #letGo: () => void
  #port = 0
  #isOpen = false
  #last: Promise<void> = Promise.resolve()

  /** `letGo` ends every connection that there is. */
  constructor(server: Server, letGo: () => void) {
    this.#server = server
    this.#letGo = letGo
  }

  /** The same after the port was closed and opened again. */
  get number(): number {
    return this.#port
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
    if (open === this.#isOpen) return
    if (open) {
      this.#server.listen(this.#port, host)
      await once(this.#server, 'listening').catch((cause: unknown) => {
        throw new ChangeoverError('USAGE', `Port ${this.#port} of ${host} cannot be opened.`, {
          todo: 'Choose another port, or 0 for any free one.',
          cause,
        })
      })
      this.#port = (this.#server.address() as AddressInfo).port
    } else {
      const closed = once(this.#server, 'close')
      this.#server.close()
      this.#letGo()
      await closed
    }
    this.#isOpen = open
  }
}
