import type { Finding, Measurements } from '../../core/sample.ts'
import { counterOf } from './flow-measures.ts'
import { TsMonitor, type TsMonitorReport } from './monitor.ts'
import type { StreamKind } from './report.ts'
import { type IndicatorId, indicators, type TimeBase } from './tr101290.ts'

const packetBits = 188 * 8
/** A rate over less says nothing. */
const leastRateMs = 200
/** The least delay of the first so many milliseconds is what later ones are compared with. */
const baselineMs = 5_000

/** What one session counted over all of its pulls. */
export class FlowCounts {
  connections = 0
  readonly errors: Record<IndicatorId, number> = Object.fromEntries(
    Object.keys(indicators).map((id) => [id, 0]),
  ) as Record<IndicatorId, number>
}

/** What a look at a flow gives. */
export interface FlowLook {
  readonly measurements: Measurements
  readonly findings: readonly Finding[]
  /** Since the look before; absent where that was too short ago. */
  readonly spreadMs: number | undefined
}

type Kind = StreamKind | 'psi'

/**
 * One transport stream as it arrives, from its first byte to its last: rates by kind of packet, the
 * indicators of TR 101 290 and the drift of its clock, since the look before. Time is passed in.
 */
export class TsFlow {
  readonly #monitor: TsMonitor
  readonly #base: TimeBase
  readonly #counts: FlowCounts
  #lookAt: number
  #bytes = 0
  #packets = 0
  #nullPackets = 0
  #byKind: Readonly<Record<Kind, number>> = { video: 0, audio: 0, other: 0, psi: 0 }
  #errors: Readonly<Partial<Record<IndicatorId, number>>> = {}
  #clockBreaks = -1
  #baselineUntil = 0
  #baseline = Number.POSITIVE_INFINITY

  /** `now` is when the first byte could come, in monotonic milliseconds. */
  constructor(base: TimeBase, counts: FlowCounts, now: number) {
    this.#monitor = new TsMonitor(base)
    this.#base = base
    this.#counts = counts
    this.#lookAt = now
  }

  /** Packets so far that are no null packets. */
  get mediaPackets(): number {
    return this.#monitor.packets - this.#monitor.nullPackets
  }

  /** Bytes so far, also outside of packets. */
  get bytes(): number {
    return this.#monitor.bytes
  }

  /** Takes the next bytes; says whether they brought packets that are no null packets. */
  push(chunk: Buffer, now: number): boolean {
    const before = this.mediaPackets
    this.#monitor.push(chunk, now)
    return this.mediaPackets > before
  }

  /** What came since the look before. */
  look(now: number): FlowLook {
    this.#monitor.tick(now)
    const report = this.#monitor.report()
    const findings = [...this.#raised(report), ...missing(report)]
    const drift = this.#drift(report, now)
    return {
      measurements: {
        ...this.#rates(report, now),
        ...this.#totals(),
        ...present(report),
        ...(drift !== undefined && { media_clock_drift_seconds: drift / 1_000 }),
      },
      findings,
      spreadMs: report.delayMs && report.delayMs.most - report.delayMs.least,
    }
  }

  #rates({ scan }: TsMonitorReport, now: number): Measurements {
    const seconds = (now - this.#lookAt) / 1_000
    const byKind = { video: 0, audio: 0, other: 0, psi: 0 }
    for (const { kind, packets } of scan.pids) byKind[kind] += packets
    const before = this.#byKind
    const [bytes, packets, nulls] = [this.#bytes, this.#packets, this.#nullPackets]
    if (seconds * 1_000 < leastRateMs) return {}
    this.#lookAt = now
    this.#byKind = byKind
    this.#bytes = scan.bytes
    this.#packets = scan.packets
    this.#nullPackets = scan.nullPackets
    // A PID may turn out to be of another kind than its first packets seemed.
    const rate = (kind: Kind) => (Math.max(0, byKind[kind] - before[kind]) * packetBits) / seconds
    const fresh = scan.packets - packets
    return {
      bitrate_bits_per_second: ((scan.bytes - bytes) * 8) / seconds,
      video_bits_per_second: rate('video'),
      audio_bits_per_second: rate('audio'),
      table_bits_per_second: rate('psi'),
      data_bits_per_second: rate('other'),
      ...(fresh > 0 && { null_packet_ratio: (scan.nullPackets - nulls) / fresh }),
    }
  }

  /** Adds what is new to the counts of the session, and says it. */
  #raised({ errors }: TsMonitorReport): Finding[] {
    const before = this.#errors
    this.#errors = errors
    return (Object.keys(errors) as IndicatorId[]).flatMap((id): Finding[] => {
      const fresh = errors[id] - (before[id] ?? 0)
      if (fresh <= 0) return []
      this.#counts.errors[id] += fresh
      const { name, says } = indicators[id]
      const clock = this.#base === 'pcr' ? 'by the program clock' : 'by arrival'
      const timed = timedIndicators.has(id) ? `, ${clock}` : ''
      return [
        {
          code: name.toLowerCase().replaceAll('_', '-'),
          severity: id.startsWith('1') ? 'warning' : 'info',
          says: `TR 101 290 ${id} ${name}, ${fresh} times${timed}: ${says}.`,
        },
      ]
    })
  }

  #totals(): Measurements {
    const { errors, connections } = this.#counts
    const entries = (Object.keys(errors) as IndicatorId[]).map((id) => [counterOf[id], errors[id]])
    return { stream_connections: connections, ...Object.fromEntries(entries) }
  }

  /**
   * The least delay of a look against that of the first seconds: bytes that wait in queues or come
   * in bursts make delays longer, never shorter.
   */
  #drift({ delayMs, clockBreaks }: TsMonitorReport, now: number): number | undefined {
    if (clockBreaks !== this.#clockBreaks) {
      this.#clockBreaks = clockBreaks
      this.#baselineUntil = now + baselineMs
      this.#baseline = Number.POSITIVE_INFINITY
    }
    if (delayMs === undefined) return undefined
    if (now < this.#baselineUntil) {
      this.#baseline = Math.min(this.#baseline, delayMs.least)
      return undefined
    }
    if (this.#baseline === Number.POSITIVE_INFINITY) this.#baseline = delayMs.least
    return delayMs.least - this.#baseline
  }
}

/** Those that depend on a clock. */
const timedIndicators: ReadonlySet<IndicatorId> = new Set([
  '1.3a',
  '1.5a',
  '1.6',
  '2.3a',
  '2.5',
  '2.6',
])

function present({ overdue, referred }: TsMonitorReport): Measurements {
  const absent = (kind: string) => overdue.pids.filter((each) => each.kind === kind).length
  return {
    video_pids: referred.video,
    video_pids_missing: absent('video'),
    audio_pids: referred.audio,
    audio_pids_missing: absent('audio'),
    ts_tables_overdue: (overdue.pat ? 1 : 0) + overdue.pmt.length,
  }
}

const spoken = { video: 'Picture', audio: 'Sound', clock: 'Clock', pmt: 'Program map' } as const

function missing({ overdue }: TsMonitorReport): Finding[] {
  return overdue.pids.map(({ pid, kind }) => ({
    code: 'pid-missing',
    diagnosis: 'track-missing',
    severity: 'error',
    says: `${spoken[kind]} PID 0x${pid.toString(16)} is announced and does not come.`,
    rendition: `0x${pid.toString(16)}`,
  }))
}
