import type { HttpResult } from './net.ts'
import type { Delivery } from './notifier.ts'

/** Besides 5xx: the request timed out, came too early, or there were too many (RFC 9110, 8470, 6585). */
const passing: readonly number[] = [408, 425, 429]

/**
 * What the answer to a POST says of the delivery of a notice: 2xx is delivered, what may pass is
 * tried again, everything else is refused for good. `wall` is the time now, for a `Retry-After` that
 * gives a date. `detail` adds what the peer says of a refusal; it must not repeat a secret.
 */
export function deliveryOf(
  result: HttpResult,
  wall: number,
  detail: (body: Buffer) => string | undefined = () => undefined,
): Delivery {
  if (!result.ok) return { ok: false, retry: true, says: result.says }
  const { status, headers, body } = result
  if (status >= 200 && status <= 299) return { ok: true }
  const answered = `${new URL(result.url).host} answered ${status}`
  if (status >= 500 || passing.includes(status)) {
    const retryAfterMs = retryAfter(headers['retry-after'], wall)
    const asked = retryAfterMs === undefined ? {} : { retryAfterMs }
    return { ok: false, retry: true, ...asked, says: answered }
  }
  if (status >= 300 && status <= 399) {
    const says = `${answered}, a redirect, which is not followed: configure the final URL`
    return { ok: false, retry: false, says }
  }
  const more = detail(body)
  return { ok: false, retry: false, says: more === undefined ? answered : `${answered}: ${more}` }
}

/**
 * Milliseconds that a `Retry-After` header asks to wait: seconds or an HTTP date (RFC 9110, section
 * 10.2.3). `undefined` without one, or for one that is neither. Never negative.
 */
export function retryAfter(value: string | undefined, wall: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  if (/^\d{1,9}$/u.test(text)) return Number(text) * 1_000
  const at = /^[A-Z][a-z]+, /u.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - wall)
}
