import type { PictureLooks } from '../../core/picture.ts'
import { darkRatio, meanDifference } from './thumbnail.ts'

/** A picture with at least this share of dark pixels is black. */
const blackRatio = 0.98
/** Two key frames that differ by less are the same picture: noise of an encoder stays below it. */
const sameDifference = 0.5
/** The least key frames of a black, and of a frozen picture. */
const leastBlack = 2
const leastFrozen = 3
/** Nobody knows what was on air in a longer time between two key frames, in seconds. */
const longestGap = 15

/** Key frames in a row that are alike. */
interface Run {
  readonly from: number
  readonly to: number
  readonly frames: number
}

/** What the key frames seen so far say. Seconds are from the first key frame of a run to its last. */
export interface PictureState {
  /** Share of dark pixels of the newest key frame. */
  readonly darkRatio: number
  /** Absent before two key frames are known that are close enough in time. */
  readonly blackSeconds: number | undefined
  /** As above. A black picture does not move either, but is not called frozen. */
  readonly frozenSeconds: number | undefined
}

/**
 * Judges key frames as thumbnails, over segments. A frozen picture is one that stays what it was at
 * the beginning, so that a slow movement is none. Keeps one thumbnail.
 */
export class PictureWatch {
  #black: Run | undefined
  #still: Run | undefined
  /** The picture that the run of still key frames began with. */
  #anchor: Uint8Array | undefined
  #last: { readonly at: number; readonly darkRatio: number } | undefined
  #isJudged = false
  #isSuspicious = true

  /** Takes the next key frame; `at` is in seconds of any clock and never falls. */
  take(at: number, thumbnail: Uint8Array): void {
    const ratio = darkRatio(thumbnail)
    const last = this.#last
    const isNear = last !== undefined && at - last.at <= longestGap
    const isBlack = ratio >= blackRatio
    const isSame =
      this.#anchor !== undefined && meanDifference(this.#anchor, thumbnail) < sameDifference
    this.#black = isBlack ? grown(isNear ? this.#black : undefined, at) : undefined
    this.#still = isBlack ? undefined : grown(isNear && isSame ? this.#still : undefined, at)
    if (!isSame) this.#anchor = Buffer.from(thumbnail)
    this.#last = { at, darkRatio: ratio }
    this.#isJudged = isNear
    this.#isSuspicious = last === undefined || isBlack || isSame
  }

  /** Whether the next key frames are wanted soon: too little is known, or the newest may be wrong. */
  get isSuspicious(): boolean {
    return this.#isSuspicious
  }

  /** What the newest key frame looks like; nothing speaks against it before three of a frozen picture. */
  get looks(): PictureLooks {
    if ((this.#last?.darkRatio ?? 0) >= blackRatio) return 'black'
    return (this.state?.frozenSeconds ?? 0) > 0 ? 'frozen' : 'good'
  }

  /** `undefined` before the first key frame. */
  get state(): PictureState | undefined {
    if (this.#last === undefined) return undefined
    const { darkRatio: ratio } = this.#last
    // A picture that changed or is not dark needs no second key frame to be told so.
    const isFine = this.#still === undefined || !this.#isSuspicious
    return {
      darkRatio: ratio,
      blackSeconds:
        this.#isJudged || ratio < blackRatio ? seconds(this.#black, leastBlack) : undefined,
      frozenSeconds: this.#isJudged || isFine ? seconds(this.#still, leastFrozen) : undefined,
    }
  }
}

function grown(run: Run | undefined, at: number): Run {
  if (run === undefined) return { from: at, to: at, frames: 1 }
  return { from: run.from, to: at, frames: run.frames + 1 }
}

function seconds(run: Run | undefined, least: number): number {
  return run === undefined || run.frames < least ? 0 : run.to - run.from
}
