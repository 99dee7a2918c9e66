import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { HttpRequest } from '../plugin/net.ts'

/** Private authorities beyond this number are forgotten, the oldest first. */
const MOST_CONTEXTS = 64

/** TLS settings, made once per set of trusted certificates and own one: making one costs milliseconds. */
export class Trust {
  readonly #contexts = new Map<string, SecureContext>()

  /**
   * Throws where `ca` or `client` is not PEM, or the key is not that of the certificate. Without `ca`
   * it trusts what Node trusts.
   */
  context(ca: string | undefined, client?: HttpRequest['client']): SecureContext {
    const key = `${ca ?? ''}|${client?.cert ?? ''}`
    const known = this.#contexts.get(key)
    if (known !== undefined) return known
    // OpenSSL passes over what it cannot read, and would then trust nobody without a word.
    if (ca !== undefined) void new X509Certificate(ca)
    const context = createSecureContext({ ...(ca !== undefined && { ca }), ...client })
    const oldest = this.#contexts.keys().next()
    if (this.#contexts.size >= MOST_CONTEXTS && !oldest.done) this.#contexts.delete(oldest.value)
    this.#contexts.set(key, context)
    return context
  }
}
