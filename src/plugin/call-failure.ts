import type { ApplyResult, ObserveResult } from './actuator.ts'

/** Why a call to a vendor's API came to nothing. */
export interface CallFailure {
  readonly ok: false
  /** Whether the request may have reached the other side. */
  readonly sent: boolean
  readonly status: number | undefined
  /** The error code of the service, or of what asked it. */
  readonly code: string
  readonly retry: boolean
  /** One redacted sentence. */
  readonly says: string
}

export type CallAnswer<Value> = { readonly ok: true; readonly value: Value } | CallFailure

/** What a failed read is to the controller. */
export function unreadable({ retry, says }: CallFailure): Extract<ObserveResult, { ok: false }> {
  return { ok: false, retry, says }
}

/**
 * What a failed write is to the controller: refused by an error of ours (4xx) or never sent, nothing
 * was written; otherwise nobody knows. 408 is the server's own time-out, after which nobody knows either.
 */
export function unwritten({ sent, status, code, retry, says }: CallFailure): ApplyResult {
  const isOurs = status !== undefined && status >= 400 && status < 500 && status !== 408
  const isRefused = isOurs || (status !== undefined && /throttl/iu.test(code))
  if (!sent || isRefused) return { result: 'failed', retry, says }
  return { result: 'unknown', says }
}
