import type { Context, MiddlewareHandler } from 'hono'
import type { Clock } from '../core/clock.ts'
import { errorResponse } from './api-error.ts'

const BURST = 20
const PER_SECOND = 1
const MOST_ADDRESSES = 1_000

/**
 * At most 20 changes at once and one a second after that, per address of the caller. Behind a proxy
 * all callers share its address: forwarding headers are not believed.
 */
export function rateLimit(clock: Clock): MiddlewareHandler {
  const buckets = new Map<string, { left: number; at: number }>()
  return async (c, next) => {
    const address = addressOf(c)
    const now = clock.now()
    const bucket = buckets.get(address) ?? { left: BURST, at: now }
    bucket.left = Math.min(BURST, bucket.left + ((now - bucket.at) / 1000) * PER_SECOND)
    bucket.at = now
    // Re-inserting keeps the map in order of last use, so that the oldest is the one to forget.
    buckets.delete(address)
    buckets.set(address, bucket)
    if (buckets.size > MOST_ADDRESSES) {
      const oldest = buckets.keys().next().value
      if (oldest !== undefined) buckets.delete(oldest)
    }
    if (bucket.left < 1) {
      return errorResponse(
        'too-many-requests',
        'Too many changes from this address.',
        'Wait a few seconds and send it again.',
        { 'retry-after': String(Math.ceil((1 - bucket.left) / PER_SECOND)) },
      )
    }
    bucket.left -= 1
    await next()
  }
}

/** What `@hono/node-server` passes along; absent where the app is called without a socket. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
}

function addressOf(c: Context): string {
  const bindings = c.env as NodeBindings | undefined
  return bindings?.incoming?.socket?.remoteAddress ?? 'unknown'
}
