/** Twice the usual step and half a second more is a gap: slides come once a second, and jitter is no gap. */
const GAP_MS = 500
const GAP_STEPS = 2
/** Weight of a new step in the usual one. */
const SMOOTHING = 0.1
/** Time stamps count modulo 2^32; what lies further apart than this went back. */
const HALF = 2 ** 31

/** Milliseconds from one time stamp to another, across the wrap after 49.7 days. */
export function timestampDifference(from: number, to: number): number {
  const ahead = (to - from) >>> 0
  return ahead < HALF ? ahead : ahead - 2 ** 32
}

/** What has been counted of a track. */
export interface TrackCount {
  readonly frames: number
  readonly bytes: number
}

/** How the time stamps of a track went since the look before. */
export interface TrackJumps {
  /** The largest jump ahead or back in milliseconds; 0 where there was none. */
  readonly gapMs: number
  readonly gaps: number
  /** Time stamps that lie before their predecessor. */
  readonly regressions: number
}

/** Time stamps and sizes of the picture or the sound. */
export class Track {
  /** Of the newest frame. */
  timestamp: number | undefined
  #usualMs: number | undefined
  #frames = 0
  #bytes = 0
  #gapMs = 0
  #gaps = 0
  #regressions = 0

  /** Takes a frame; gives the milliseconds by which its time stamp jumps, 0 where it goes on. */
  take(timestamp: number): number {
    this.#frames += 1
    const before = this.timestamp
    this.timestamp = timestamp
    if (before === undefined) return 0
    const step = timestampDifference(before, timestamp)
    if (step < 0) {
      this.#regressions += 1
      this.#gapMs = Math.max(this.#gapMs, -step)
      return step
    }
    const usual = this.#usualMs ?? step
    const isGap = step > GAP_STEPS * usual + GAP_MS
    if (!isGap) this.#usualMs = usual + SMOOTHING * (step - usual)
    if (!isGap) return 0
    this.#gaps += 1
    this.#gapMs = Math.max(this.#gapMs, step - usual)
    return step - usual
  }

  /** Counts bytes of messages, headers of the format included. */
  count(bytes: number): void {
    this.#bytes += bytes
  }

  /** What was counted since the last call. */
  takeCount(): TrackCount {
    const count = { frames: this.#frames, bytes: this.#bytes }
    this.#frames = 0
    this.#bytes = 0
    return count
  }

  /** How time stamps went since the last call. */
  takeJumps(): TrackJumps {
    const jumps = { gapMs: this.#gapMs, gaps: this.#gaps, regressions: this.#regressions }
    this.#gapMs = 0
    this.#gaps = 0
    this.#regressions = 0
    return jumps
  }
}
