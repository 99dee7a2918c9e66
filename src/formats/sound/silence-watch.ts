/** Samples a second of what is judged: one channel, 16 bits, signed, low byte first. */
export const soundRate = 8_000

export const soundBytesPerSecond = 2 * soundRate

const fullScale = 32_768
/** −60 dB of full scale. */
const silentRatio = 0.001
/** Judged in windows of a tenth of a second. */
const windowSamples = soundRate / 10
/** Nobody knows what was heard in a longer time between two pieces, in seconds. */
const longestGap = 15

/** What the sound so far says. */
export interface SoundState {
  /** Root mean square of the newest piece by full scale, 0 to 1; −60 dBFS is 0.001. */
  readonly rmsRatio: number
  /** From the beginning of the silence that lasts to its end so far. */
  readonly silentSeconds: number
}

/** Judges PCM sound for silence, over segments. Keeps no sound. */
export class SilenceWatch {
  #silentFrom: number | undefined
  #end: number | undefined
  #state: SoundState | undefined

  /**
   * Takes a piece that begins at `start`, in seconds of any clock that never falls. Pieces of less
   * than a tenth of a second say nothing.
   */
  take(start: number, pcm: Buffer): void {
    const samples = Math.floor(pcm.length / 2)
    if (samples < windowSamples) return
    if (this.#end !== undefined && start - this.#end > longestGap) this.#silentFrom = undefined
    let total = 0
    let window = 0
    for (let at = 0; at < samples; at++) {
      const sample = pcm.readInt16LE(2 * at) / fullScale
      total += sample * sample
      window += sample * sample
      if ((at + 1) % windowSamples !== 0) continue
      if (Math.sqrt(window / windowSamples) >= silentRatio) this.#silentFrom = undefined
      else this.#silentFrom ??= start + (at + 1 - windowSamples) / soundRate
      window = 0
    }
    const end = start + samples / soundRate
    this.#end = end
    const silentSeconds = this.#silentFrom === undefined ? 0 : end - this.#silentFrom
    this.#state = { rmsRatio: Math.sqrt(total / samples), silentSeconds }
  }

  /** Whether the piece ended in silence, so that the next one is wanted soon. */
  get isSuspicious(): boolean {
    return this.#silentFrom !== undefined
  }

  /** `undefined` before the first piece. */
  get state(): SoundState | undefined {
    return this.#state
  }
}
