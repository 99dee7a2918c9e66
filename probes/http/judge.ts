import { formatDuration } from '../../src/core/duration.ts'
import type { Diagnosis } from '../../src/core/diagnosis.ts'
import type { Measurements, Observation } from '../../src/core/sample.ts'
import type { HttpAnswer, HttpResult, HttpTimings } from '../../src/plugin/net.ts'

/** What an answer must be like. */
export interface Expected {
  readonly status: readonly number[]
  readonly contains?: string | undefined
  readonly content_type?: string | undefined
  /** In milliseconds. */
  readonly max_age?: number | undefined
}

/** The observation of one answer; `shown` is the URL as it may stand in a sentence. */
export function judge(
  result: HttpResult,
  expected: Expected,
  shown: string,
  wall: number,
): Observation {
  if (!result.ok) {
    const reason = `${shown} cannot be fetched (${result.phase}): ${result.says}.`
    const { status } = result
    const measurements = {
      ...phases(result.timings),
      ...(status !== undefined && { http_status: status }),
    }
    if (result.fault === 'local' || result.fault === 'aborted') {
      return { outcome: 'unknown', reason, measurements, findings: [] }
    }
    return { outcome: 'fail', reason, diagnosis: 'unreachable', measurements, findings: [] }
  }
  const age = ageOf(result, wall)
  const measurements: Measurements = {
    http_status: result.status,
    http_redirects: result.redirects,
    ...(result.httpVersion !== undefined && { http_version: result.httpVersion }),
    ...phases(result.timings),
    content_bytes: result.bytes,
    ...(age !== undefined && { content_age_seconds: age / 1_000 }),
    ...(result.certificateDays !== undefined && { certificate_days: result.certificateDays }),
  }
  const wrong = wrongWith(result, expected, age)
  if (wrong === undefined) return { outcome: 'pass', measurements, findings: [] }
  const [diagnosis, says] = wrong
  return { outcome: 'fail', reason: `${shown} ${says}.`, diagnosis, measurements, findings: [] }
}

function wrongWith(
  answer: HttpAnswer,
  { status, contains, content_type: type, max_age: maxAge }: Expected,
  age: number | undefined,
): readonly [Diagnosis, string] | undefined {
  if (!status.includes(answer.status)) {
    const isGone = answer.status === 404 || answer.status === 410
    const isFine = answer.status < 400
    const diagnosis = isGone ? 'not-found' : isFine ? 'wrong-content' : 'unreachable'
    return [diagnosis, `answered ${answer.status}, not ${status.join(' or ')}`]
  }
  if (type !== undefined && mediaType(answer) !== type.toLowerCase()) {
    const sent = answer.headers['content-type'] === undefined ? 'no type' : 'another type'
    return ['wrong-content', `was sent with ${sent}, not ${type}`]
  }
  if (contains !== undefined && !answer.body.includes(contains)) {
    const read = answer.truncated ? `the first ${answer.bytes} bytes` : `${answer.bytes} bytes`
    return ['wrong-content', `does not contain the expected text in ${read}`]
  }
  if (maxAge === undefined) return undefined
  if (age === undefined) return ['wrong-content', 'does not say when it was modified']
  if (age <= maxAge) return undefined
  const old = formatDuration(Math.round(age / 1_000) * 1_000)
  return ['playlist-stalled', `was modified ${old} ago, more than ${formatDuration(maxAge)}`]
}

/** The type without its parameters (RFC 9110 section 8.3.1). */
function mediaType({ headers }: HttpAnswer): string | undefined {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase()
}

/** Milliseconds since Last-Modified (RFC 9110 section 8.8.2), never negative. */
function ageOf({ headers }: HttpAnswer, wall: number): number | undefined {
  const modified = Date.parse(headers['last-modified'] ?? '')
  if (Number.isNaN(modified)) return undefined
  // Both stamps come from one clock then; but the Date of a cached answer is as old as the copy.
  const date = Date.parse(headers['date'] ?? '')
  const cached = Number(headers['age'] ?? 0) > 0
  return Math.max(0, (Number.isNaN(date) || cached ? wall : date) - modified)
}

function phases(timings: HttpTimings): Measurements {
  const { dns, connect, tls, firstByte, total } = timings
  return {
    ...(dns !== undefined && { http_dns_seconds: dns / 1_000 }),
    ...(connect !== undefined && { http_connect_seconds: connect / 1_000 }),
    ...(tls !== undefined && { http_tls_seconds: tls / 1_000 }),
    ...(firstByte !== undefined && { http_first_byte_seconds: firstByte / 1_000 }),
    http_total_seconds: total / 1_000,
  }
}
