import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { errorResponse } from './api-error.ts'

type Role = 'viewer' | 'operator'

/** A bearer token and whom it stands for. */
export interface ApiToken {
  readonly role: Role
  readonly token: string
  /** Appears in the journal as who acted. */
  readonly name: string
}

/** What callers may do. */
export interface AccessSettings {
  readonly tokens: readonly ApiToken[]
  /** Reading needs no token: true where the configuration names none. */
  readonly openForReading: boolean
  /** Changing needs no token: true only in the demo. */
  readonly openForChanges: boolean
}

/** Who calls, as far as the token says. */
export interface Caller {
  readonly role: Role | 'none'
  readonly name?: string
}

/** The variables that the access check leaves for handlers. */
export interface ApiEnv {
  Variables: { caller: Caller }
}

/** Middleware for reading and for changing, and what a caller may do. */
export interface Access {
  readonly reading: MiddlewareHandler<ApiEnv>
  readonly changing: MiddlewareHandler<ApiEnv>
  session(caller: Caller): { readonly canRead: boolean; readonly canChange: boolean }
  /** The caller of a request; `undefined` where it brings a token that nobody has. */
  identify(c: Context): Caller | undefined
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Checks bearer tokens (RFC 6750, section 2.1). Each token is compared by its SHA-256 in constant
 * time, and all of them each time, so that the answer's delay tells nothing about any.
 */
export function createAccess(settings: AccessSettings): Access {
  const known = settings.tokens.map(({ token, role, name }) => ({
    hash: digest(token),
    caller: { role, name },
  }))

  function identify(c: Context): Caller | undefined {
    const token = bearer(c.req.header('authorization'))
    if (token === undefined) return { role: 'none' }
    const given = digest(token)
    let found: Caller | undefined
    for (const { hash, caller } of known) {
      if (timingSafeEqual(hash, given)) found = caller
    }
    return found
  }

  function session({ role }: Caller) {
    return {
      canRead: settings.openForReading || role !== 'none',
      canChange: settings.openForChanges || role === 'operator',
    }
  }

  const reading: MiddlewareHandler<ApiEnv> = async (c, next) => {
    const caller = identify(c)
    if (caller === undefined) return unknownToken()
    if (!session(caller).canRead) {
      return unauthorized('token-missing', 'Reading needs a token with the role viewer.')
    }
    c.set('caller', caller)
    await next()
  }

  const changing: MiddlewareHandler<ApiEnv> = async (c, next) => {
    const caller = identify(c)
    if (caller === undefined) return unknownToken()
    if (!session(caller).canChange) return refuseChange(caller, known.length > 0)
    c.set('caller', caller)
    await next()
  }

  return { reading, changing, session, identify }
}

/** The token of an `Authorization: Bearer …` header; other schemes belong to proxies in front. */
export function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+) *$/iu.exec(header)?.[1]
}

/**
 * Who acted, for the journal: the token's name, with the name that the caller gave in front of it.
 * Without a token there is only the given name, which nobody vouches for.
 */
export function actorOf(caller: Caller, given: string | undefined): string {
  if (caller.name === undefined) return given ?? 'somebody'
  return given === undefined || given === caller.name ? caller.name : `${given} (${caller.name})`
}

function refuseChange(caller: Caller, anyToken: boolean): Response {
  if (caller.role === 'viewer') {
    return errorResponse(
      'role-missing',
      'This token may read, not change.',
      'Use a token with the role operator.',
    )
  }
  if (anyToken) {
    return unauthorized('token-missing', 'Changing needs a token with the role operator.')
  }
  return errorResponse(
    'changes-closed',
    'Changes are closed, because no token is configured.',
    'Configure a token with the role operator, or use the command line on the machine itself.',
  )
}

const challenge = { 'www-authenticate': 'Bearer realm="changeover"' }

function unknownToken(): Response {
  return unauthorized('token-unknown', 'This token is not known here.')
}

function unauthorized(code: 'token-missing' | 'token-unknown', says: string): Response {
  return errorResponse(
    code,
    says,
    'Send it as "Authorization: Bearer <token>"; tokens stand in the configuration or in the token file beside the store.',
    challenge,
  )
}
