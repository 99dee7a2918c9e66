import type { Measurements } from '../../src/core/sample.ts'
import { readRtp } from '../../src/formats/rtp.ts'
import { RtpReceiver } from '../../src/formats/rtp-receiver.ts'

const packet = 188
const sync = 0x47

/** What one session counted over all of its pulls. */
export class DatagramCounts {
  packets = 0
  lost = 0
  reordered = 0
  repeated = 0
  sourceChanges = 0
  ignored = 0
}

/** Whether these bytes are whole packets of a transport stream. */
function isPackets(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.length % packet === 0 && bytes[0] === sync
}

/**
 * Takes datagrams with or without RTP and gives the transport stream in order. Forward error
 * correction (SMPTE ST 2022-1) has RTP headers too, with its own sequence: its payload is a header
 * of 16 bytes and the XOR of packets, never whole packets, and is passed over.
 */
export class Datagrams {
  readonly #deliver: (bytes: Buffer) => void
  readonly #rtp: RtpReceiver
  readonly #totals: DatagramCounts
  #before = { received: 0, lost: 0, reordered: 0, repeated: 0, sourceChanges: 0 }
  #hasRtp = false

  constructor(deliver: (bytes: Buffer) => void, totals: DatagramCounts) {
    this.#deliver = deliver
    this.#totals = totals
    this.#rtp = new RtpReceiver(deliver)
  }

  /** Whether RTP headers were seen. */
  get hasRtp(): boolean {
    return this.#hasRtp
  }

  push(datagram: Buffer, now: number): void {
    if (isPackets(datagram)) return this.#deliver(datagram)
    const rtp = readRtp(datagram)
    if (rtp === undefined || !isPackets(rtp.payload)) {
      this.#totals.ignored++
      return
    }
    this.#hasRtp = true
    this.#rtp.push(rtp, now)
  }

  /** Counts of the session up to `now`. */
  measure(now: number): Measurements {
    this.#rtp.expire(now)
    const { received, lost, reordered, repeated, sourceChanges, restarts, jitterSeconds } =
      this.#rtp.counts()
    const totals = this.#totals
    const before = this.#before
    totals.packets += received - before.received
    totals.lost += lost - before.lost
    totals.reordered += reordered - before.reordered
    totals.repeated += repeated - before.repeated
    totals.sourceChanges += sourceChanges + restarts - before.sourceChanges
    this.#before = {
      received,
      lost,
      reordered,
      repeated,
      sourceChanges: sourceChanges + restarts,
    }
    const ignored = { datagrams_ignored: totals.ignored }
    if (totals.packets === 0) return ignored
    return {
      ...ignored,
      rtp_packets: totals.packets,
      rtp_packets_lost: totals.lost,
      rtp_packets_reordered: totals.reordered,
      rtp_packets_repeated: totals.repeated,
      rtp_source_changes: totals.sourceChanges,
      ...(jitterSeconds !== undefined && { rtp_jitter_seconds: jitterSeconds }),
    }
  }
}
