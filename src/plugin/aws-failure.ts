import { redactText } from '../core/redact.ts'
import type { CallRecord } from './aws-wire.ts'
import type { CallFailure } from './call-failure.ts'

/** Messages of these codes repeat the signed request, session token included. */
const tellTale = /signature|IncompleteSignature/iu

const passing =
  /throttl|toomanyrequests|requestlimit|priorrequestnotcomplete|slowdown|requesttimeout|serviceunavailable|internal|conflictexception/iu

/** What an exception of an SDK client means, whose call fared as `record` says. */
export function explain(
  error: unknown,
  record: CallRecord,
  { name: service, needs }: { readonly name: string; readonly needs: string },
): Omit<CallFailure, 'ok' | 'sent'> {
  const { name, message, status, code: system } = partsOf(error)
  if (system === 'ERR_MODULE_NOT_FOUND' && message.includes(needs)) {
    const says = `the package ${needs} is missing: install it beside Changeover with "npm install ${needs}"`
    return { status: undefined, code: system, retry: false, says }
  }
  if (!record.sent) {
    const says = `${service} cannot be asked: ${clean(message)}`
    return { status, code: name, retry: /credentials|token/iu.test(name), says }
  }
  // Route 53 answered so before 2024: the root element alone names the error.
  const bare = /<([A-Za-z]\w*)(?:\s|>)/u.exec(record.refusal?.replace(/^\s*<\?[^>]*>/u, '') ?? '')
  const bareText = /<Message>([^<]*)<\/Message>/u.exec(record.refusal ?? '')?.[1]
  const isBare = name === 'Unknown' || message === 'UnknownError'
  const code = isBare ? (bare?.[1] ?? name) : name
  const told = isBare ? (bareText ?? '') : message
  const retry = status === 429 || (status ?? 0) >= 500 || passing.test(code)
  if (status === undefined || status < 400) {
    const says = `${service} gave an answer that is not its own (${clean(told).split('\n')[0]})`
    return { status, code, retry: true, says }
  }
  const detail = tellTale.test(code) ? 'the signature is not accepted' : clean(told)
  const says = `${service} answered ${status} ${code}${detail === '' ? '' : `: ${detail}`}`
  return { status, code, retry, says }
}

/** One line of a message that others wrote, bounded. */
function clean(message: string): string {
  return redactText(message.replaceAll(/\s+/gu, ' ').trim()).slice(0, 300)
}

function partsOf(error: unknown): {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly code: string | undefined
} {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), status: undefined, code: undefined }
  }
  const { $metadata, code } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly code?: unknown
  }
  return {
    name: error.name,
    message: error.message,
    status: $metadata?.httpStatusCode,
    code: typeof code === 'string' ? code : undefined,
  }
}
