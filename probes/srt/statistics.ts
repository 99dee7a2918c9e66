import type { Measurements } from '../../src/core/sample.ts'
import { readSrtReport, type SrtReport } from '../../src/formats/srt.ts'

/** One report is less than 1 KiB; what is longer is none. */
const mostLine = 16_384

/** What one session counted over all of its calls. */
export class SrtCounts {
  packets = 0
  lost = 0
  dropped = 0
  retransmitted = 0
  belated = 0
}

/** Reads the reports of one call as they are written. */
export class SrtStatistics {
  readonly #totals: SrtCounts
  #line = ''
  #isTooLong = false
  #newest: SrtReport | undefined
  #since = { packets: 0, lost: 0, dropped: 0 }

  constructor(totals: SrtCounts) {
    this.#totals = totals
  }

  push(text: string): void {
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!this.#isTooLong) this.#take(this.#line + line)
      this.#line = ''
      this.#isTooLong = false
    }
    this.#line += rest
    if (this.#line.length <= mostLine) return
    this.#line = ''
    this.#isTooLong = true
  }

  /** What the reports since the look before say; totals are those of the session. */
  look(): Measurements {
    const report = this.#newest
    const { packets, lost, dropped } = this.#since
    this.#newest = undefined
    this.#since = { packets: 0, lost: 0, dropped: 0 }
    const totals = this.#totals
    const counted = {
      srt_packets: totals.packets,
      srt_packets_lost: totals.lost,
      srt_packets_dropped: totals.dropped,
      srt_packets_retransmitted: totals.retransmitted,
      srt_packets_belated: totals.belated,
    }
    if (report === undefined) return totals.packets === 0 ? {} : counted
    // Packets that were dropped are not among those that came.
    const expected = packets + dropped
    return {
      ...counted,
      srt_rtt_seconds: report.rttMs / 1_000,
      srt_receive_bits_per_second: report.bitsPerSecond,
      srt_buffer_seconds: report.bufferMs / 1_000,
      srt_latency_seconds: report.latencyMs / 1_000,
      ...(expected > 0 && {
        srt_loss_ratio: Math.min(1, lost / expected),
        srt_drop_ratio: Math.min(1, dropped / expected),
      }),
    }
  }

  #take(line: string): void {
    const report = readSrtReport(line)
    if (report === undefined) return
    this.#newest = report
    this.#since.packets += report.packets
    this.#since.lost += report.lost
    this.#since.dropped += report.dropped
    const totals = this.#totals
    totals.packets += report.packets
    totals.lost += report.lost
    totals.dropped += report.dropped
    totals.retransmitted += report.retransmitted
    totals.belated += report.belated
  }
}
