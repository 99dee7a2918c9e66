import type { Context, MiddlewareHandler } from 'hono'
import type { Clock } from '../core/clock.ts'
import { errorResponse } from './api-error.ts'

/** What people change, by hand or by script. */
const changes = { burst: 20, perSecond: 1, what: 'changes' }
const MOST_ADDRESSES = 1_000

/**
 * At most so many requests at once and so many a second after that, per address of the caller.
 * Behind a proxy all callers share its address: forwarding headers are not believed.
 */
export function rateLimit(
  clock: Clock,
  { burst, perSecond, what }: typeof changes = changes,
): MiddlewareHandler {
  const buckets = new Map<string, { left: number; at: number }>()
  return async (c, next) => {
    const address = addressOf(c)
    const now = clock.now()
    const bucket = buckets.get(address) ?? { left: burst, at: now }
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond)
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
        `Too many ${what} from this address.`,
        'Wait a few seconds and send it again.',
        { 'retry-after': String(Math.ceil((1 - bucket.left) / perSecond)) },
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
