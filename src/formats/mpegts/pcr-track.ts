import { pcrDifference, ticksPerMs } from './pcr.ts'
import { limitsMs } from './tr101290.ts'

/** How a clock reference follows the one before on its PID. */
export interface PcrStep {
  /**
   * `lawful`: 0 to 100 ms on. `late`: the clock went on, but packets for more than 100 ms came
   * without it. `jump`: the clock moved without the stream. `reset`: the first one, or announced.
   */
  readonly kind: 'lawful' | 'late' | 'jump' | 'reset'
  /** Milliseconds by the clock itself; 0 after a reset. */
  readonly clockMs: number
  /** Milliseconds of stream that passed: by the clock where it is lawful, else by the packets at the rate before. */
  readonly passedMs: number
}

/** Rates are taken over about so many of the newest steps. */
const memory = 0.97
/** Without any rate yet, a step up to here counts as time that passed. */
const longestUnknownMs = 1_000

/** Follows the clock references of one PID. */
export class PcrTrack {
  #last: number | undefined
  #lastPacket = 0
  #lawfulMs = 0
  #lawfulPackets = 0

  /** Takes a reference in ticks of 27 MHz; `marked` with the discontinuity indicator. */
  push(ticks: number, marked: boolean, packet: number): PcrStep {
    const last = this.#last
    const packets = packet - this.#lastPacket
    this.#last = ticks
    this.#lastPacket = packet
    if (last === undefined) return { kind: 'reset', clockMs: 0, passedMs: 0 }
    const estimate =
      this.#lawfulMs > 0 ? (packets * this.#lawfulMs) / this.#lawfulPackets : undefined
    if (marked) return { kind: 'reset', clockMs: 0, passedMs: estimate ?? 0 }
    const clockMs = pcrDifference(last, ticks) / ticksPerMs
    if (clockMs >= 0 && clockMs <= limitsMs.pcr) {
      this.#lawfulMs = this.#lawfulMs * memory + clockMs
      this.#lawfulPackets = this.#lawfulPackets * memory + packets
      return { kind: 'lawful', clockMs, passedMs: clockMs }
    }
    const isForward = clockMs > limitsMs.pcr
    const isLate =
      isForward && (estimate === undefined ? clockMs <= longestUnknownMs : estimate > limitsMs.pcr)
    const passedMs = estimate ?? (isLate ? clockMs : 0)
    return { kind: isLate ? 'late' : 'jump', clockMs, passedMs }
  }
}
