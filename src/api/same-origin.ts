import type { MiddlewareHandler } from 'hono'
import { bearer } from './access.ts'
import { errorResponse } from './api-error.ts'

/**
 * Protects changes against cross-site request forgery. A bearer token cannot be sent by another
 * site's page without a preflight that we never answer; without one, the browser must say that the
 * request comes from our own page. The body is JSON in either case, which a plain form cannot send.
 */
export const sameOrigin: MiddlewareHandler = async (c, next) => {
  if (!isJson(c.req.header('content-type'))) {
    return errorResponse(
      'not-json',
      'A change must be sent as JSON.',
      'Set "Content-Type: application/json".',
    )
  }
  const withToken = bearer(c.req.header('authorization')) !== undefined
  const ours = comesFromOurPage(
    c.req.header('sec-fetch-site'),
    c.req.header('origin'),
    c.req.header('host') ?? new URL(c.req.url).host,
  )
  if (!withToken && !ours) {
    return errorResponse(
      'cross-site',
      'A change without a token is taken from our own status page only.',
      'Send a token, or an Origin header that equals this address.',
    )
  }
  await next()
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json'
}

/**
 * Sec-Fetch-Site decides where the browser sends it (only over TLS and to loopback), else Origin.
 * The scheme is not compared: a proxy in front may end TLS.
 */
function comesFromOurPage(
  site: string | undefined,
  origin: string | undefined,
  host: string,
): boolean {
  if (site !== undefined) return site === 'same-origin'
  if (origin === undefined) return false
  return URL.parse(origin)?.host === URL.parse(`http://${host}`)?.host
}
