import { HTTPException } from 'hono/http-exception'
import type { CommandFault } from '../core/command.ts'

/** Every error of the API with its HTTP status. Codes are never reused. */
const statuses = {
  'host-not-allowed': 403,
  'token-missing': 401,
  'token-unknown': 401,
  'signature-wrong': 401,
  'role-missing': 403,
  'changes-closed': 403,
  'cross-site': 403,
  'too-many-requests': 429,
  'too-many-viewers': 503,
  'body-too-large': 413,
  'not-json': 415,
  'body-invalid': 400,
  'query-invalid': 400,
  'not-found': 404,
  invalid: 422,
  refused: 409,
  conflict: 409,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<string, number> & Record<CommandFault, number>

export type ApiErrorCode = keyof typeof statuses

/** The body of every answer that is an error. */
interface ApiErrorBody {
  readonly error: {
    readonly code: ApiErrorCode
    readonly says: string
    readonly todo: string
    /** The guard that vetoes, where naming it in `bypass` would bypass it. */
    readonly guard?: string
  }
}

/** The answer for an error: what happened and what to do, with the status of its code. */
export function errorResponse(
  code: ApiErrorCode,
  says: string,
  todo: string,
  headers: Readonly<Record<string, string>> = {},
  guard?: string,
): Response {
  const body: ApiErrorBody = { error: { code, says, todo, ...(guard !== undefined && { guard }) } }
  return Response.json(body, {
    status: statuses[code],
    headers: { 'cache-control': 'no-store', ...headers },
  })
}

/** Ends the request with this error; the app's error handler sends it. */
export function refuse(code: ApiErrorCode, says: string, todo: string): never {
  const res = errorResponse(code, says, todo)
  throw new HTTPException(statuses[code], { res, message: says })
}

/** All codes, for the OpenAPI document. */
export const errorCodes: readonly string[] = Object.keys(statuses)
