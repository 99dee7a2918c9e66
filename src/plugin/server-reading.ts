import { present } from './present.ts'
import type { Diagnosis } from '../core/diagnosis.ts'
import type { Finding, MeasurementDeclaration, Measurements } from '../core/sample.ts'

/**
 * What a server says of one stream at one look. Counters are those of the server: they grow while
 * the same publisher is connected to the same process, and begin again with either. What a server
 * does not say stays absent.
 */
export interface ServerReading {
  /** Names the process: another value at the next look means that it restarted. */
  readonly process?: string
  readonly uptimeSeconds?: number
  /** How often the process restarted, where something counts that. */
  readonly restarts?: number
  /** Names the publisher's connection, so that counters of two are never subtracted. */
  readonly session?: string
  /** Bytes received from the publisher. */
  readonly receivedBytes?: number
  /** Bytes sent to clients. */
  readonly sentBytes?: number
  readonly receivedPackets?: number
  /** Packets, or frames where the server counts those, that are missing from what it passes on. */
  readonly droppedPackets?: number
  readonly frames?: number
  /** Those who pull the stream; the publisher is none of them. */
  readonly clients?: number
  /** The incoming rate as the server measured it, where it counts no bytes. */
  readonly receivedBitsPerSecond?: number
}

/** The answer of a server: its reading of the stream, or why there is none. */
export type ServerAnswer =
  | {
      readonly ok: true
      readonly reading: ServerReading
      /** What this server says beyond a reading. */
      readonly measurements?: Measurements
      readonly findings?: readonly Finding[]
    }
  | {
      readonly ok: false
      /** `unknown`: the answer says nothing of the stream. */
      readonly outcome: 'fail' | 'unknown'
      /** One sentence. */
      readonly reason: string
      readonly diagnosis?: Diagnosis
      /** What was said all the same, for instance of the process. */
      readonly reading?: ServerReading
      readonly measurements?: Measurements
    }

/** What every reader of a streaming server measures. */
export const serverMeasures: readonly MeasurementDeclaration[] = [
  {
    name: 'api_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time in which the server answered the questions of one look.',
  },
  {
    name: 'incoming_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: "Bitrate that the server receives, from its byte counter since the look before, by the prober's clock.",
  },
  {
    name: 'incoming_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since a look first saw the newest bytes that the server received.',
  },
  {
    name: 'expected_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'The bitrate that configuration expects; absent where it expects none.',
  },
  {
    name: 'outgoing_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bitrate that the server sends to clients, since the look before.',
  },
  {
    name: 'packet_drop_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Of the packets (frames, where the server counts those) since the look before, those that it dropped.',
  },
  {
    name: 'packets_dropped_per_second',
    kind: 'gauge',
    unit: 'count',
    help: 'Packets a second (frames, where the server counts those) that it dropped since the look before.',
  },
  {
    name: 'incoming_frames_per_second',
    kind: 'gauge',
    unit: 'count',
    help: 'Frames a second since the look before.',
  },
  {
    name: 'clients',
    kind: 'gauge',
    unit: 'count',
    help: 'Clients that pull the stream from the server, without the publisher.',
  },
  {
    name: 'process_uptime_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How long the streaming process has been running, as it says.',
  },
  {
    name: 'process_restarts',
    kind: 'gauge',
    unit: 'count',
    help: 'Restarts of the streaming process since the look before.',
  },
]

/** A restart shows when a process is younger than it was by more than its whole seconds may hide. */
const uptimeSlackSeconds = 2

/** Keeps what a server said last and turns counters into rates. Times are monotonic milliseconds. */
export class ServerTrack {
  #last: { readonly reading: ServerReading; readonly at: number } | undefined
  #grewAt: number | undefined

  /** The measurements of this look; a rate is absent at the first look and across a restart. */
  measure(reading: ServerReading, at: number): Measurements {
    const before = this.#last
    this.#last = { reading, at }
    const restarts = before === undefined ? undefined : restartsSince(before, reading, at)
    const isContinuous =
      before !== undefined && restarts === 0 && before.reading.session === reading.session
    const seconds = before === undefined ? 0 : (at - before.at) / 1_000
    const grown = (of: (of: ServerReading) => number | undefined) =>
      isContinuous && seconds > 0 ? difference(of(before.reading), of(reading)) : undefined
    const received = grown((from) => from.receivedBytes)
    const sent = grown((from) => from.sentBytes)
    const frames = grown((from) => from.frames)
    const incoming = received === undefined ? undefined : (received * 8) / seconds
    const dropped = grown((from) => from.droppedPackets)
    const drops = dropRatio(
      grown((from) => from.receivedPackets),
      dropped,
    )
    return present({
      incoming_bits_per_second: incoming ?? reading.receivedBitsPerSecond,
      incoming_age_seconds: this.#age(reading, isContinuous ? received : undefined, at),
      outgoing_bits_per_second: sent === undefined ? undefined : (sent * 8) / seconds,
      packet_drop_ratio: drops,
      packets_dropped_per_second: dropped === undefined ? undefined : dropped / seconds,
      incoming_frames_per_second: frames === undefined ? undefined : frames / seconds,
      clients: reading.clients,
      process_uptime_seconds: reading.uptimeSeconds,
      process_restarts: restarts,
    })
  }

  /** Nothing was received in this look's time: what was known of the stream is history. */
  lose(reading: ServerReading | undefined, at: number): Measurements {
    this.#grewAt = undefined
    if (reading === undefined) return {}
    const { process_uptime_seconds: uptime, process_restarts: restarts } = this.measure(reading, at)
    return present({ process_uptime_seconds: uptime, process_restarts: restarts })
  }

  #age(reading: ServerReading, received: number | undefined, at: number): number | undefined {
    if (reading.receivedBytes === undefined && reading.receivedBitsPerSecond === undefined) {
      return undefined
    }
    // Of a new connection, whatever it brought is new.
    const fresh = received ?? reading.receivedBytes ?? reading.receivedBitsPerSecond ?? 0
    const grows = fresh > 0
    if (grows || this.#grewAt === undefined) this.#grewAt = at
    return (at - this.#grewAt) / 1_000
  }
}

function restartsSince(
  before: { readonly reading: ServerReading; readonly at: number },
  reading: ServerReading,
  at: number,
): number {
  const { restarts } = before.reading
  if (restarts === undefined || reading.restarts === undefined) {
    return Number(hasRestarted(before, reading, at))
  }
  // Where several processes are counted together, the count falls when one of them is taken away.
  return Math.max(0, reading.restarts - restarts)
}

function hasRestarted(
  before: { readonly reading: ServerReading; readonly at: number },
  reading: ServerReading,
  at: number,
): boolean {
  const { process, uptimeSeconds: uptime } = before.reading
  if (process !== undefined && reading.process !== undefined) return process !== reading.process
  if (uptime === undefined || reading.uptimeSeconds === undefined) return false
  const expected = uptime + (at - before.at) / 1_000
  return reading.uptimeSeconds + uptimeSlackSeconds < Math.min(uptime, expected)
}

/** A counter that fell began anew: nothing can be said of the time between. */
function difference(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined || now < before) return undefined
  return now - before
}

function dropRatio(received: number | undefined, dropped: number | undefined): number | undefined {
  if (received === undefined || dropped === undefined) return undefined
  const all = received + dropped
  return all === 0 ? undefined : dropped / all
}
