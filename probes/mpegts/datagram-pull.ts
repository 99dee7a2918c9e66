import { formatDuration } from '../../src/core/duration.ts'
import { type FlowCounts, TsFlow } from '../../src/formats/mpegts/flow.ts'
import type { StreamDeepWatch } from '../../src/plugin/deep/stream-watch.ts'
import type { NetFailure } from '../../src/plugin/net.ts'
import { LivePull, type PullEnd } from '../../src/plugin/live-pull.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { WatchedPull } from '../../src/plugin/watch-live.ts'
import { type DatagramCounts, Datagrams } from './datagrams.ts'
import { observationOf } from './observation.ts'

/** What receiving datagrams needs to know; durations in milliseconds. */
interface DatagramSettings {
  readonly url: string
  readonly interface?: string | undefined
  readonly source?: string | undefined
  readonly timeout: number
  readonly stall: number
}

/** One socket on which the stream arrives. */
export function pullDatagrams(
  settings: DatagramSettings,
  { clock, net }: ProbeContext,
  counts: FlowCounts,
  totals: DatagramCounts,
  deep?: StreamDeepWatch,
): WatchedPull {
  const { timeout, stall, source, interface: on } = settings
  const { protocol, hostname, port } = new URL(settings.url)
  const where = `${hostname}:${port}`
  const flow = new TsFlow('arrival', counts, clock.now())
  const controller = new AbortController()
  const ignoredBefore = totals.ignored
  let isFirst = true
  let now = clock.now()
  const datagrams = new Datagrams((bytes) => {
    deep?.push(bytes)
    if (!flow.push(bytes, now)) return
    if (pull.media === undefined) counts.connections++
    pull.sawMedia()
  }, totals)
  const pull = new LivePull({
    clock,
    firstMs: timeout,
    stallMs: stall,
    late: () => nothing(where, totals.ignored - ignoredBefore, timeout),
    stalled: () => ({
      outcome: 'fail',
      reason: `No media arrived at ${where} for ${formatDuration(stall)}.`,
      diagnosis: 'stream-stalled',
    }),
    release: () => controller.abort(),
  })
  const ours = (failure: NetFailure) => pull.end({ outcome: 'unknown', reason: `${failure.says}.` })
  const opening = net.receive({
    host: hostname,
    port: Number(port),
    deadlineMs: timeout,
    signal: controller.signal,
    onFault: ours,
    onDatagram: (datagram) => {
      now = clock.now()
      datagrams.push(datagram, now)
    },
    ...(on !== undefined && { interface: on }),
    ...(source !== undefined && { source }),
  })
  void opening.then((opened) => {
    // It may be over before the socket was open.
    if (opened.ok) return pull.ended === undefined ? undefined : opened.close()
    return ours(opened)
  })
  return {
    pull,
    observe: () => {
      now = clock.now()
      const measured = datagrams.measure(now)
      const observation = observationOf(pull, flow, now, isFirst, (spreadMs) => ({
        ...measured,
        ...(spreadMs !== undefined && { pcr_delay_spread_seconds: spreadMs / 1_000 }),
      }))
      isFirst = false
      if (protocol !== 'rtp:' || datagrams.hasRtp || pull.media === undefined) return observation
      const finding = {
        code: 'rtp-header-missing',
        severity: 'warning',
        says: `What arrives at ${where} is plain UDP without RTP headers: loss cannot be told from reordering.`,
      } as const
      return { ...observation, findings: [...observation.findings, finding] }
    },
  }
}

function nothing(where: string, ignored: number, timeout: number): PullEnd {
  const limit = `within ${formatDuration(timeout)}`
  if (ignored === 0) {
    const reason = `Nothing arrived at ${where} ${limit}.`
    return { outcome: 'fail', reason, diagnosis: 'stream-stalled' }
  }
  const reason = `What arrived at ${where} ${limit} is no transport stream.`
  return { outcome: 'fail', reason, diagnosis: 'wrong-content' }
}
