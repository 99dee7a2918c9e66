import { createHmac, timingSafeEqual } from 'node:crypto'

/** A request that a service sent us, exactly as it came: what is signed are its bytes. */
export interface InboundRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What a person, or the service by itself, did there about an incident. */
export interface Reaction {
  /** Identity of what happened, the same however often the service tells of it. */
  readonly id: string
  readonly kind: 'acknowledged' | 'unacknowledged'
  /** Whether it is about the incident of this key: services know it by a name that derives from it. */
  readonly isAbout: (key: string) => boolean
  /** Who did it, as the service calls that person. */
  readonly actor: string
  /** What the journal says beside who. */
  readonly reason?: string
  /** Wall milliseconds since the epoch at which it happened, by the service's clock. */
  readonly at: number
}

/** What came of reading such a request. Nothing of one that is not signed as it must be was looked at. */
export type ReadReactions =
  | { readonly ok: true; readonly reactions: readonly Reaction[] }
  | { readonly ok: false; readonly cause: 'unsigned' }
  | { readonly ok: false; readonly cause: 'malformed'; readonly says: string }

/**
 * Whether one of `signatures` (hexadecimal) is the HMAC-SHA256 of `message` under `secret` (RFC 2104).
 * Each is compared in constant time, and all of them each time.
 */
export function isSigned(
  secret: string,
  message: string | Buffer,
  signatures: readonly string[],
): boolean {
  const wanted = createHmac('sha256', secret).update(message).digest()
  let isOne = false
  for (const signature of signatures) {
    if (!/^[0-9a-f]{64}$/iu.test(signature)) continue
    if (timingSafeEqual(Buffer.from(signature, 'hex'), wanted)) isOne = true
  }
  return isOne
}

/** The body as JSON; `undefined` where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
