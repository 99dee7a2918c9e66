import type { RtpPacket } from './rtp.ts'

/** What a receiver counted since it began. */
export interface RtpCounts {
  /** Packets of the stream that came, repetitions included. */
  readonly received: number
  /** Packets that were missing when their turn came; those that came too late are among them. */
  readonly lost: number
  /** Packets that came after a later one, in time. */
  readonly reordered: number
  /** Packets that came again. */
  readonly repeated: number
  /** Packets that came when their turn was over. */
  readonly late: number
  /** Times that the synchronisation source changed: the sender restarted, or another one took over. */
  readonly sourceChanges: number
  /** Times that the sequence went on somewhere else, with the same source. */
  readonly restarts: number
  /** Seconds of interarrival jitter (RFC 3550 section 6.4.1); absent before the second packet. */
  readonly jitterSeconds: number | undefined
}

/** Packets that wait for one before them, and how long they do. */
const mostHeld = 64
const longestHeldMs = 100
/** RFC 3550 appendix A.1: a gap of more is a restart, and so much behind is one too. */
const maxDropout = 3_000
const maxMisorder = 100
/** RFC 2250 section 2. */
const clockHz = 90_000

/**
 * Puts the packets of one RTP stream in order and counts what is missing. A packet out of order is
 * waited for, up to 64 packets or 100 ms, as a decoder does; so loss and reordering are told apart.
 */
export class RtpReceiver {
  readonly #deliver: (payload: Buffer) => void
  readonly #held = new Map<number, { readonly payload: Buffer; readonly at: number }>()
  /** Whether each of the sequence numbers before `#expected` came, by its low 8 bits. */
  readonly #came = new Uint8Array(256)
  #expected = -1
  #ssrc: number | undefined
  /** The one after a packet from nowhere: two in a row are a restart, one is a stray. */
  #strayNext = -1
  #transit: number | undefined
  #jitter: number | undefined
  #counts = {
    received: 0,
    lost: 0,
    reordered: 0,
    repeated: 0,
    late: 0,
    sourceChanges: 0,
    restarts: 0,
  }

  constructor(deliver: (payload: Buffer) => void) {
    this.#deliver = deliver
  }

  counts(): RtpCounts {
    const jitterSeconds = this.#jitter === undefined ? undefined : this.#jitter / clockHz
    return { ...this.#counts, jitterSeconds }
  }

  /** Takes a packet that arrived at `now` (monotonic milliseconds). Its payload may be kept for 100 ms. */
  push(packet: RtpPacket, now: number): void {
    if (this.#ssrc !== packet.ssrc) {
      if (this.#ssrc !== undefined) this.#counts.sourceChanges++
      this.#ssrc = packet.ssrc
      this.#begin(packet.sequence)
    }
    const ahead = (((packet.sequence - this.#expected) & 0xffff) << 16) >> 16
    if (ahead >= maxDropout || ahead < -maxMisorder) {
      if (packet.sequence !== this.#strayNext) {
        this.#strayNext = (packet.sequence + 1) & 0xffff
        return
      }
      this.#counts.restarts++
      this.#begin(packet.sequence)
    }
    this.#strayNext = -1
    this.#counts.received++
    this.#measure(packet.timestamp, now)
    this.#place(packet, now)
    this.expire(now)
  }

  /** Gives up on packets that have been waited for long enough by `now`. */
  expire(now: number): void {
    while (this.#held.size > 0) {
      const [oldest] = this.#held.values()
      const isOver = this.#held.size > mostHeld || now - (oldest?.at ?? now) > longestHeldMs
      if (!isOver) return
      this.#skip()
      this.#drain()
    }
  }

  #place({ sequence, payload }: RtpPacket, now: number): void {
    const ahead = (((sequence - this.#expected) & 0xffff) << 16) >> 16
    if (ahead < 0) {
      if (this.#came[sequence & 0xff] === 1) this.#counts.repeated++
      else {
        this.#counts.late++
        this.#came[sequence & 0xff] = 1
      }
      return
    }
    if (this.#held.has(sequence)) {
      this.#counts.repeated++
      return
    }
    const isBehind = [...this.#held.keys()].some(
      (other) => (((other - sequence) & 0xffff) << 16) >> 16 > 0,
    )
    if (isBehind) this.#counts.reordered++
    if (ahead > 0) {
      this.#held.set(sequence, { payload, at: now })
      return
    }
    this.#pass(payload)
    this.#drain()
  }

  #pass(payload: Buffer): void {
    this.#came[this.#expected & 0xff] = 1
    this.#expected = (this.#expected + 1) & 0xffff
    this.#deliver(payload)
  }

  #drain(): void {
    for (;;) {
      const next = this.#held.get(this.#expected)
      if (next === undefined) return
      this.#held.delete(this.#expected)
      this.#pass(next.payload)
    }
  }

  /** The next one is lost. */
  #skip(): void {
    while (this.#held.size > 0 && !this.#held.has(this.#expected)) {
      this.#came[this.#expected & 0xff] = 0
      this.#expected = (this.#expected + 1) & 0xffff
      this.#counts.lost++
    }
  }

  #begin(sequence: number): void {
    while (this.#held.size > 0) {
      this.#skip()
      this.#drain()
    }
    this.#expected = sequence
    this.#came.fill(1)
    this.#transit = undefined
    this.#strayNext = -1
  }

  #measure(timestamp: number, now: number): void {
    const transit = (now * clockHz) / 1_000 - timestamp
    if (this.#transit !== undefined) {
      // The timestamp wraps at 2^32; no two packets in order are half of that apart.
      let change = (transit - this.#transit) % 2 ** 32
      if (change >= 2 ** 31) change -= 2 ** 32
      else if (change < -(2 ** 31)) change += 2 ** 32
      this.#jitter = (this.#jitter ?? 0) + (Math.abs(change) - (this.#jitter ?? 0)) / 16
    }
    this.#transit = transit
  }
}
