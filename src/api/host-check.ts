import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { errorResponse } from './api-error.ts'

/**
 * Refuses requests whose Host is a name that is not ours: a page anywhere can let its own name
 * point to this machine and then read it as its own origin (DNS rebinding). An address cannot be
 * rebound, so addresses pass, as do loopback names and the names in `hosts` (without port).
 */
export function hostCheck(hosts: readonly string[]): MiddlewareHandler {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()))
  return async (c, next) => {
    const name = hostName(c.req.header('host') ?? new URL(c.req.url).host)
    if (name === undefined || !(isHarmless(name) || allowed.has(name))) {
      return errorResponse(
        'host-not-allowed',
        'This name is not one of the names of this server.',
        'Use localhost or the address, or add the name to the configuration as the public URL.',
      )
    }
    await next()
  }
}

function isHarmless(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0
}

/** The name of a Host header (RFC 9110, section 7.2) without port, brackets and trailing dot. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?$/iu.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
