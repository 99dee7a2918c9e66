import type { Clock } from '../core/clock.ts'
import type { Net } from '../plugin/net.ts'

/** Whether this vantage itself can see. */
export interface SelfHealth {
  readonly ok: boolean
  readonly says: string
}

export interface SelfCheckOptions {
  readonly clock: Clock
  readonly net: Net
  /** URLs and `dns:<server>` that answer anything when the network is well; one that answers is enough. */
  readonly reference: readonly string[]
  readonly everyMs: number
  /** Event-loop lag in milliseconds now, and what is too much. */
  readonly lagMs: () => number
  readonly maxLagMs: number
  readonly onChange: (health: SelfHealth) => void
}

const referenceTimeoutMs = 3_000
const maxReferenceBytes = 65_536
const dnsScheme = 'dns:'

/**
 * Watches the watchdog: while no reference target answers, or the event loop is late, this
 * vantage's votes are absent for all paths (invariant 6).
 */
export async function runSelfCheck(options: SelfCheckOptions, signal: AbortSignal): Promise<void> {
  const { clock, everyMs, onChange } = options
  let last: SelfHealth | undefined
  for (;;) {
    const health = await checkSelf(options, signal)
    if (signal.aborted) return
    if (health.ok !== last?.ok || health.says !== last.says) onChange(health)
    last = health
    if (!(await clock.sleep(everyMs, signal))) return
  }
}

async function checkSelf(options: SelfCheckOptions, signal: AbortSignal): Promise<SelfHealth> {
  const lag = options.lagMs()
  if (lag > options.maxLagMs) {
    return { ok: false, says: `this process runs ${Math.round(lag)} ms late` }
  }
  const { reference } = options
  if (reference.length === 0) return { ok: true, says: 'no reference targets are configured' }
  const answers = await Promise.all(reference.map((url) => answered(options, url, signal)))
  const reached = answers.filter(Boolean).length
  if (reached === 0)
    return { ok: false, says: `none of ${reference.length} reference targets answers` }
  return { ok: true, says: `${reached} of ${reference.length} reference targets answer` }
}

async function answered(
  options: SelfCheckOptions,
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { net } = options
  if (target.startsWith(dnsScheme)) {
    const host = target.slice(dnsScheme.length)
    return await resolverAnswers(net, host, signal)
  }
  const result = await net.http({
    url: target,
    method: 'HEAD',
    deadlineMs: referenceTimeoutMs,
    maxBytes: maxReferenceBytes,
    maxRedirects: 0,
    signal,
  })
  return result.ok
}

/** Asks a DNS server over TCP; any answer will do, a refusal too. */
async function resolverAnswers(net: Net, host: string, signal: AbortSignal): Promise<boolean> {
  const result = await net.exchange({
    to: { host, port: 53 },
    payload: rootServersQuery,
    deadlineMs: referenceTimeoutMs,
    // Up to the flags, and so less than any answer has: servers keep the connection open after it.
    maxBytes: flagsAt + 1,
    signal,
  })
  // The QR bit tells an answer from a question that is sent back (RFC 1035 section 4.1.1).
  return result.ok && ((result.body[flagsAt] ?? 0) & 0x80) !== 0
}

/** After two bytes of length and two of identity. */
const flagsAt = 4

/**
 * `. IN NS`, the one question that every resolver can answer, as RFC 1035 section 4.1 writes it:
 * identity 0, recursion desired, one question; before it its length, as over TCP (section 4.2.2).
 */
const rootServersQuery = Buffer.from([
  0, 17, 0, 0, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1,
])
