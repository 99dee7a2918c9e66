import type { Finding, Measurements } from '../../core/sample.ts'
import { PictureWatch } from '../../formats/picture/picture-watch.ts'
import { SilenceWatch } from '../../formats/sound/silence-watch.ts'
import type { ProbeContext } from '../probe.ts'
import { decode, type DecodeRequest } from './decode.ts'
import type { DeepOptions } from './options.ts'

/** A verdict is told for so long after the sample that gave it was due to be followed by another. */
const keptMs = 15_000

/** When a piece of media was on air, in seconds of one clock that never falls. */
export interface OnAir {
  readonly from: number
  readonly to: number
}

/**
 * What deep looks at one path know: pieces of media are decoded, judged, and the verdicts kept over
 * pieces. How a piece is come by is the affair of the probe.
 */
export class DeepJudge {
  readonly #everyMs: number
  readonly #context: ProbeContext
  readonly #picture = new PictureWatch()
  readonly #sound = new SilenceWatch()
  #pictureAt: number | undefined
  #soundAt: number | undefined
  #nextAt = Number.NEGATIVE_INFINITY
  #looks = 0
  /** The next piece is wanted whatever the time. */
  #isUrgent = true
  #says: string | undefined

  constructor({ every }: DeepOptions, context: ProbeContext) {
    this.#everyMs = every
    this.#context = context
  }

  /** Whether a piece is wanted now. */
  isDue(isSuspicious: boolean): boolean {
    return isSuspicious || this.#isUrgent || this.#context.clock.now() >= this.#nextAt
  }

  /**
   * A look begins. The first interval is a random part of the whole, so that many paths which
   * began together do not all decode at once for ever.
   */
  begin(): void {
    const { clock, random } = this.#context
    this.#looks++
    const part = this.#looks === 2 ? 0.5 + 0.5 * random.next() : 1
    this.#nextAt = clock.now() + part * this.#everyMs
  }

  /** A look is over: whether the next piece is wanted soon. `more` is for reasons of the caller. */
  finish(more = false): void {
    const oldest = this.#context.clock.now() - this.#everyMs
    this.#isUrgent =
      more ||
      ((this.#pictureAt ?? -1) > oldest && this.#picture.isSuspicious) ||
      ((this.#soundAt ?? -1) > oldest && this.#sound.isSuspicious)
  }

  /**
   * Decodes a piece and judges it; `onAir` is asked once for each of picture and sound that came.
   * Says what came. It ends at `deadlineAt`, in monotonic milliseconds, and never throws.
   */
  async judge(
    piece: DecodeRequest,
    onAir: (what: 'picture' | 'sound') => OnAir,
    deadlineAt: number,
  ): Promise<{ readonly picture: boolean; readonly sound: boolean }> {
    const { clock, showPicture } = this.#context
    const wall = clock.wall()
    const decoded = await decode(piece, this.#context, deadlineAt)
    this.#says = decoded.ok ? undefined : decoded.says
    if (!decoded.ok) return { picture: false, sound: false }
    const { thumbnails, sound, jpeg } = decoded
    if (thumbnails.length > 0) {
      const { from, to } = onAir('picture')
      const apart = (to - from) / thumbnails.length
      thumbnails.forEach((thumbnail, nth) => this.#picture.take(from + nth * apart, thumbnail))
      this.#pictureAt = clock.now()
      if (jpeg !== undefined) {
        const { looks } = this.#picture
        showPicture?.({ jpeg, wall, looks, freshForMs: this.#everyMs + keptMs })
      }
    }
    if (sound.length > 0) {
      this.#sound.take(onAir('sound').from, sound)
      this.#soundAt = clock.now()
    }
    return { picture: thumbnails.length > 0, sound: sound.length > 0 }
  }

  /** A piece could not be come by, for this reason. */
  missed(says: string): void {
    this.#says = says
  }

  /** What is known by now; absent where nothing was judged lately. */
  measurements(): Readonly<Record<string, number | undefined>> {
    const oldest = this.#context.clock.now() - this.#everyMs - keptMs
    const picture = (this.#pictureAt ?? -1) >= oldest ? this.#picture.state : undefined
    const sound = (this.#soundAt ?? -1) >= oldest ? this.#sound.state : undefined
    return {
      picture_black_seconds: picture?.blackSeconds,
      picture_frozen_seconds: picture?.frozenSeconds,
      picture_dark_ratio: picture?.darkRatio,
      sound_silent_seconds: sound?.silentSeconds,
      sound_rms_ratio: sound?.rmsRatio,
    }
  }

  /** As above, without what is absent. */
  present(): Measurements {
    const known = Object.entries(this.measurements()).filter(([, value]) => value !== undefined)
    return Object.fromEntries(known) as Measurements
  }

  /** Why nothing could be judged the last time. */
  get findings(): readonly Finding[] {
    if (this.#says === undefined) return []
    return [{ code: 'not-decoded', severity: 'info', says: this.#says }]
  }
}
