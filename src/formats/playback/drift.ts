/** So many recent values make the rolling average: about a minute and a half of common segments. */
const kept = 30
/** Fewer say nothing about a deviation. */
const least = 5

/**
 * Elapsed time against elapsed media. A stream that runs true keeps them together; an encoder that
 * stalls, bursts or runs at the wrong speed lets them part, which shows first in the deviation from
 * the rolling average.
 */
export class Drift {
  #from: number | undefined
  #media = 0
  readonly #recent: number[] = []
  /** Elapsed time minus elapsed media in seconds, at the last media; absent before any. */
  seconds: number | undefined
  /** By how many seconds the last value differs from the mean of those before it. */
  deviation: number | undefined

  /** Counts from `at` (monotonic milliseconds) on; what was before no longer counts. */
  restart(at: number): void {
    this.#from = at
    this.#media = 0
    this.#recent.length = 0
    this.seconds = undefined
    this.deviation = undefined
  }

  /** `seconds` of media appeared at `at`. Without a beginning, this is it. */
  appeared(at: number, seconds: number): void {
    if (this.#from === undefined) {
      this.restart(at)
      return
    }
    this.#media += seconds
    const value = (at - this.#from) / 1_000 - this.#media
    this.seconds = value
    const mean = this.#recent.reduce((sum, each) => sum + each, 0) / this.#recent.length
    this.deviation = this.#recent.length < least ? undefined : value - mean
    this.#recent.push(value)
    if (this.#recent.length > kept) this.#recent.shift()
  }
}
