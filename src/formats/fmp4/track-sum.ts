import type { Run } from './fragment.ts'
import type { TrackMedia } from './model.ts'

/** Adds up the fragments of one track as they come. */
export class TrackSum {
  readonly #id: number
  #start: number | undefined
  #end: number | undefined
  #duration: number | undefined = 0
  #samples = 0
  #startsWithKey: boolean | undefined
  #fragments = 0
  #jumps = 0
  #widestJump = 0

  constructor(id: number) {
    this.#id = id
  }

  add(run: Run): void {
    if (this.#fragments++ === 0) {
      this.#start = run.decodeTime
      this.#startsWithKey = run.startsWithKey
    } else if (this.#end !== undefined && run.decodeTime !== undefined) {
      const jump = Math.abs(run.decodeTime - this.#end)
      if (jump > 0) this.#jumps++
      this.#widestJump = Math.max(this.#widestJump, jump)
    }
    this.#samples += run.samples
    if (run.duration === undefined) this.#duration = undefined
    else if (this.#duration !== undefined) this.#duration += run.duration
    const from = run.decodeTime ?? this.#end
    const isKnown = from !== undefined && run.duration !== undefined
    this.#end = isKnown ? from + (run.duration ?? 0) : undefined
  }

  report(): TrackMedia {
    return {
      id: this.#id,
      start: this.#start,
      end: this.#end,
      duration: this.#duration,
      samples: this.#samples,
      startsWithKey: this.#startsWithKey,
      jumps: this.#jumps,
      widestJump: this.#widestJump,
    }
  }
}
