import { formatDuration } from '../../src/core/duration.ts'
import type { Observation } from '../../src/core/sample.ts'
import { type FlowCounts, TsFlow } from '../../src/formats/mpegts/flow.ts'
import { readInduction, writeInduction } from '../../src/formats/srt.ts'
import type { StreamDeepWatch } from '../../src/plugin/deep/stream-watch.ts'
import { LivePull, type PullEnd } from '../../src/plugin/live-pull.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { WatchedPull } from '../../src/plugin/watch-live.ts'
import { callUri, missingProgram, parseSrtUrl, program, type SrtAddress } from './address.ts'
import { SrtSpeech } from './reasons.ts'
import { type SrtCounts, SrtStatistics } from './statistics.ts'

/** What a call needs to know; durations in milliseconds. */
interface SrtSettings {
  readonly url: string
  readonly stream_id?: string | undefined
  readonly passphrase?: string | undefined
  readonly latency: number
  readonly timeout: number
  readonly stall: number
}

/** The handshake gets this part of the timeout; the rest is for finding out why it failed, or for media. */
const connectPart = 0.6
const askPart = 0.2
/** The program reports after so many packets, not after a time: often enough at 100 kbit/s. */
const reportEvery = 50

/** One call of a listener by a program of its own, which ends with the call. */
export function pullSrt(
  settings: SrtSettings,
  { clock, net, random, processes }: ProbeContext,
  flows: FlowCounts,
  counts: SrtCounts,
  deep?: StreamDeepWatch,
): WatchedPull {
  const { url, timeout, stall } = settings
  const address = parseSrtUrl(url)
  if (address === undefined) throw new TypeError('the options were not checked')
  const { shown } = address
  const flow = new TsFlow('arrival', flows, clock.now())
  const statistics = new SrtStatistics(counts)
  const speech = new SrtSpeech()
  let isFirst = true
  let stop = () => {}
  const pull = new LivePull({
    clock,
    firstMs: timeout,
    stallMs: stall,
    late: () => late(shown, speech, flow.bytes, timeout),
    stalled: () => ({
      outcome: 'fail',
      reason: `${shown} sent no media for ${formatDuration(stall)}, though the connection stands.`,
      diagnosis: 'stream-stalled',
    }),
    release: () => stop(),
  })

  async function ended(): Promise<void> {
    const { isConnected, refusal } = speech.progress
    if (refusal !== undefined) {
      const reason = `${shown} refused the call: ${refusal.says}.`
      pull.end({ outcome: 'fail', reason, diagnosis: refusal.diagnosis })
    } else if (pull.media !== undefined || isConnected) {
      const reason = `${shown} ended the connection.`
      pull.end({ outcome: 'fail', reason, diagnosis: 'ingest-lost' })
    } else if (pull.ended === undefined) {
      pull.end(await whyNoCall(address as SrtAddress))
    }
  }

  /** The program cannot tell a port where nobody listens from silence: we ask once ourselves. */
  async function whyNoCall({ host, port }: SrtAddress): Promise<PullEnd> {
    const socketId = 1 + Math.floor(random.next() * (2 ** 30 - 2))
    const result = await net.datagram({
      host,
      port,
      payload: writeInduction(socketId),
      deadlineMs: timeout * askPart,
      isAnswer: (datagram) => readInduction(datagram, socketId) !== undefined,
    })
    if (result.ok) {
      const reason = `${shown} answers SRT, but the handshake was not completed.`
      return { outcome: 'fail', reason, diagnosis: 'access-refused' }
    }
    if (result.fault === 'local' || result.fault === 'aborted') {
      return { outcome: 'unknown', reason: `${result.says}.` }
    }
    const says =
      result.fault === 'refused'
        ? `Nobody listens at ${shown}`
        : result.fault === 'timeout'
          ? `${shown} does not answer: no listener, or its network or a firewall drops packets`
          : result.says
    return { outcome: 'fail', reason: `${says}.`, diagnosis: 'unreachable' }
  }

  async function begin(): Promise<void> {
    if (processes === undefined) {
      pull.end({ outcome: 'unknown', reason: 'No program can be started from here.' })
      return
    }
    if (processes.find(program) === undefined) {
      pull.end({ outcome: 'unknown', reason: missingProgram })
      return
    }
    const uri = callUri(address as SrtAddress, settings, timeout * connectPart)
    const started = await processes.start({
      program,
      args: (reports) => [
        '-a:no',
        '-loglevel:warn',
        '-statspf:json',
        `-s:${reportEvery}`,
        `-statsout:${reports}`,
        uri,
        'file://con',
      ],
      onOutput: (chunk) => {
        deep?.push(chunk)
        if (!flow.push(chunk, clock.now()) || pull.ended !== undefined) return
        if (pull.media === undefined) flows.connections++
        pull.sawMedia()
      },
      onError: (text) => speech.push(text),
      onReport: (text) => statistics.push(text),
      onEnd: () => void ended(),
    })
    if (!started.ok) {
      pull.end({ outcome: 'unknown', reason: `SRT cannot be pulled: ${started.says}.` })
      return
    }
    stop = () => started.stop()
    // It may be over before the program had begun.
    if (pull.ended !== undefined) stop()
  }

  void begin()
  return {
    pull,
    observe: () => {
      const now = clock.now()
      const { measurements, findings } = flow.look(now)
      const { media, ended: end } = pull
      const seen: Observation = {
        outcome: 'pass',
        measurements: {
          ...measurements,
          ...statistics.look(),
          ...(media !== undefined && { stream_stall_seconds: (now - media.lastAt) / 1_000 }),
          ...(media !== undefined &&
            isFirst && { first_media_seconds: (media.firstAt - pull.startedAt) / 1_000 }),
        },
        findings,
      }
      isFirst = false
      return end === undefined ? seen : { ...seen, ...end }
    },
  }
}

function late(shown: string, speech: SrtSpeech, bytes: number, timeout: number): PullEnd {
  const limit = `within ${formatDuration(timeout)}`
  if (bytes > 0) {
    const reason = `${shown} sent ${bytes} bytes ${limit} with no transport stream in them.`
    return { outcome: 'fail', reason, diagnosis: 'wrong-content' }
  }
  if (speech.progress.isConnected) {
    const reason = `${shown} took the call and sent nothing ${limit}.`
    return { outcome: 'fail', reason, diagnosis: 'stream-stalled' }
  }
  const reason = `${shown} did not take the call ${limit}.`
  return { outcome: 'fail', reason, diagnosis: 'unreachable' }
}
