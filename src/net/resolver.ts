import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'

type Found = { readonly addresses: readonly LookupAddress[] } | { readonly error: unknown }

/**
 * Name look-up by the system's resolver (`getaddrinfo`: hosts file, search list and RFC 6724 order
 * included, as an encoder or player on this machine would see it).
 *
 * Look-ups of one name in flight are shared: they run on a few threads of libuv, and a name server
 * that does not answer must not hold them all. Nothing is cached.
 */
export class Resolver {
  readonly #inFlight = new Map<string, Promise<Found>>()

  /** Never rejects. Cannot be ended early; whoever waits walks away. */
  resolve(host: string, family: 0 | 4 | 6): Promise<Found> {
    const key = `${family} ${host}`
    const running = this.#inFlight.get(key)
    if (running !== undefined) return running
    const started = new Promise<Found>((resolve) => {
      lookup(host, { all: true, family, order: 'verbatim' }, (error, addresses) => {
        this.#inFlight.delete(key)
        resolve(error === null ? { addresses } : { error })
      })
    })
    this.#inFlight.set(key, started)
    return started
  }
}
