/** What a viewer's player would report, in the words of CMCD (CTA-5004 version 2). */
export interface PlayerState {
  /** Seconds of media ahead of the playhead (`bl`). */
  readonly buffer: number
  /** It waits for media now (`bs`). */
  readonly starved: boolean
  /** How often playback stopped for want of media since it began (`bsa`). */
  readonly stalls: number
  /** Seconds it stood still since it began, the stall under way included (`bsd`). */
  readonly stalled: number
  /** Seconds from the wish to play to the first picture (`msd`). */
  readonly startup: number
}

/**
 * A player without a screen: media arrives, time passes, the buffer fills and drains, and playback
 * stops where it is empty until `resumeSeconds` are there again. It plays at normal speed and never
 * skips media, as a player does that must not jump. Times are monotonic milliseconds in order;
 * earlier ones count as the latest known.
 */
export class VirtualPlayer {
  readonly #resume: number
  readonly #startup: number
  #at: number
  #buffer: number
  #starved = false
  #stalls = 0
  #stalled = 0

  /** Begins to play at `at` with so many seconds of media, after `startup` seconds of waiting. */
  constructor(at: number, buffer: number, startup: number, resumeSeconds: number) {
    this.#at = at
    this.#buffer = Math.max(0, buffer)
    this.#startup = startup
    this.#resume = Math.max(0, resumeSeconds)
  }

  /** `seconds` of media were there at `at`. */
  arrived(at: number, seconds: number): void {
    this.#passTo(at)
    this.#buffer += Math.max(0, seconds)
    if (this.#starved && this.#buffer >= this.#resume && this.#buffer > 0) this.#starved = false
  }

  /** It went to another place of the stream, where it has so many seconds of media. */
  moved(at: number, seconds: number): void {
    this.#passTo(at)
    this.#buffer = 0
    this.arrived(at, seconds)
  }

  /** Where it stands at `at`. */
  state(at: number): PlayerState {
    this.#passTo(at)
    return {
      buffer: this.#buffer,
      starved: this.#starved,
      stalls: this.#stalls,
      stalled: this.#stalled,
      startup: this.#startup,
    }
  }

  #passTo(at: number): void {
    const elapsed = Math.max(0, at - this.#at) / 1_000
    this.#at = Math.max(this.#at, at)
    if (this.#starved) {
      this.#stalled += elapsed
      return
    }
    const missing = elapsed - this.#buffer
    if (missing <= 0) {
      this.#buffer -= elapsed
      return
    }
    // What is left below the resume level stays 0: playback stopped with the last picture shown.
    this.#buffer = 0
    this.#starved = true
    this.#stalls += 1
    this.#stalled += missing
  }
}
