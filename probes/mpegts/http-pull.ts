import { formatDuration } from '../../src/core/duration.ts'
import { redactUrl } from '../../src/core/redact.ts'
import { type FlowCounts, TsFlow } from '../../src/formats/mpegts/flow.ts'
import type { HttpHead, HttpResult } from '../../src/plugin/net.ts'
import type { StreamDeepWatch } from '../../src/plugin/deep/stream-watch.ts'
import { LivePull, type PullEnd } from '../../src/plugin/live-pull.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { WatchedPull } from '../../src/plugin/watch-live.ts'
import { observationOf } from './observation.ts'

/** What a pull over HTTP needs to know; durations in milliseconds. */
interface HttpSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly address?: string | undefined
  readonly timeout: number
  readonly stall: number
}

/** So many bytes without a transport stream in them are something else. */
const mostForeignBytes = 64 * 1_024

/** One request whose answer is the stream. The timers are ours, so the call has no deadline of its own. */
export function pullHttp(
  { url, headers, address, timeout, stall }: HttpSettings,
  { clock, net }: ProbeContext,
  counts: FlowCounts,
  deep?: StreamDeepWatch,
): WatchedPull {
  const shown = redactUrl(url)
  const flow = new TsFlow('pcr', counts, clock.now())
  const controller = new AbortController()
  let head: HttpHead | undefined
  let isFirst = true
  const pull = new LivePull({
    clock,
    firstMs: timeout,
    stallMs: stall,
    late: () => nothing(shown, head !== undefined, flow.bytes, timeout),
    stalled: () => ({
      outcome: 'fail',
      reason: `${shown} sent no media for ${formatDuration(stall)}, though the connection stands.`,
      diagnosis: 'stream-stalled',
    }),
    release: () => controller.abort(),
  })
  const call = net.http({
    url,
    // What is coded would wait in a decoder.
    headers: { 'accept-encoding': 'identity', connection: 'close', ...headers },
    deadlineMs: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    discardBody: true,
    fresh: true,
    signal: controller.signal,
    ...(address !== undefined && { address }),
    onAnswer: (answer) => {
      head = answer
      return answer.status === 200
    },
    onChunk: (chunk) => {
      deep?.push(chunk)
      if (flow.push(chunk, clock.now())) {
        if (pull.media === undefined) counts.connections++
        pull.sawMedia()
      } else if (pull.media === undefined && flow.bytes > mostForeignBytes) {
        pull.end(nothing(shown, true, flow.bytes, timeout))
      }
      return pull.ended === undefined
    },
  })
  void call.then((result) => pull.end(endOf(result, shown, pull.media !== undefined)))
  return {
    pull,
    observe: () => {
      const observation = observationOf(pull, flow, clock.now(), isFirst, () => ({
        ...(head !== undefined && { http_status: head.status }),
        ...(isFirst && phases(head)),
      }))
      isFirst = false
      return observation
    },
  }
}

function phases(head: HttpHead | undefined) {
  const { connect, firstByte } = head?.timings ?? {}
  return {
    ...(connect !== undefined && { http_connect_seconds: connect / 1_000 }),
    ...(firstByte !== undefined && { http_first_byte_seconds: firstByte / 1_000 }),
  }
}

function nothing(shown: string, hasAnswered: boolean, bytes: number, timeout: number): PullEnd {
  const limit = `within ${formatDuration(timeout)}`
  if (!hasAnswered) {
    const reason = `${shown} did not answer ${limit}.`
    return { outcome: 'fail', reason, diagnosis: 'unreachable' }
  }
  if (bytes === 0) {
    const reason = `${shown} answered and sent nothing ${limit}.`
    return { outcome: 'fail', reason, diagnosis: 'stream-stalled' }
  }
  const reason = `${shown} sent ${bytes} bytes ${limit} with no transport stream in them.`
  return { outcome: 'fail', reason, diagnosis: 'wrong-content' }
}

function endOf(result: HttpResult, shown: string, hadMedia: boolean): PullEnd {
  if (!result.ok) {
    const isOurs = result.fault === 'local' || result.fault === 'aborted'
    const reason = `${shown} cannot be pulled (${result.phase}): ${result.says}.`
    return isOurs
      ? { outcome: 'unknown', reason }
      : { outcome: 'fail', reason, diagnosis: 'unreachable' }
  }
  if (result.status !== 200) {
    const isGone = result.status === 404 || result.status === 410
    const isRefused = result.status === 401 || result.status === 403
    const diagnosis = isGone ? 'not-found' : isRefused ? 'access-refused' : 'unreachable'
    return { outcome: 'fail', reason: `${shown} answered ${result.status}.`, diagnosis }
  }
  if (!hadMedia) {
    const reason = `${shown} ended after ${result.bytes} bytes with no transport stream in them.`
    return { outcome: 'fail', reason, diagnosis: 'wrong-content' }
  }
  const reason = `${shown} ended the stream after ${result.bytes} bytes.`
  return { outcome: 'fail', reason, diagnosis: 'ingest-lost' }
}
