import type { Diagnosis } from '../core/diagnosis.ts'
import type { HttpResult } from './net.ts'

/** Why something could not be had. `local`: the fault is ours, nothing is known of the path. */
export interface Fault {
  readonly local: boolean
  readonly diagnosis: Diagnosis
  /** The rest of a sentence whose subject the caller knows: `answered 404`. Redacted. */
  readonly says: string
  readonly status: number | undefined
}

/** What is wrong with an answer by its status or failure; `undefined` where it is good. */
export function faultOf(answer: HttpResult): Fault | undefined {
  if (!answer.ok) {
    return {
      local: answer.fault === 'local' || answer.fault === 'aborted',
      diagnosis: 'unreachable',
      says: `cannot be fetched (${answer.phase}): ${answer.says}`,
      status: answer.status,
    }
  }
  const { status } = answer
  if (status >= 200 && status < 300) return undefined
  return {
    local: false,
    diagnosis: status === 404 || status === 410 ? 'not-found' : 'unreachable',
    says: `answered ${status}`,
    status,
  }
}

/** A fault of content. */
export function wrongContent(says: string): Fault {
  return { local: false, diagnosis: 'wrong-content', says, status: undefined }
}

/**
 * The server's clock in wall milliseconds by the Date header. It has whole seconds: their middle is
 * the best guess. A cached answer's Date is old, so it says nothing.
 */
export function serverTime(headers: Readonly<Record<string, string>>): number | undefined {
  if (Number(headers['age'] ?? 0) > 0) return undefined
  const date = Date.parse(headers['date'] ?? '')
  return Number.isNaN(date) ? undefined : date + 500
}
