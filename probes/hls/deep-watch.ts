import { z } from 'zod'
import type { Finding } from '../../src/core/sample.ts'
import type { Segment } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import { PictureWatch } from '../../src/formats/picture/picture-watch.ts'
import { SilenceWatch } from '../../src/formats/sound/silence-watch.ts'
import { decode } from './decoder.ts'
import { duration } from '../../src/plugin/option-types.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { Fetcher } from './fetch.ts'
import { lastSegmentOf, mediaOf, type DeepMedia } from './deep-media.ts'
import type { Rendition } from './rendition.ts'

/** How often pictures and sound are looked at. */
export const deepOptions = z.strictObject({
  every: duration('5s', '1h')
    .default(30_000)
    .describe(
      'A segment of the smallest variant is decoded so often while nothing is wrong, and each new one as soon as something may be.',
    ),
})

export type DeepOptions = z.output<typeof deepOptions>

/** A deep look ends within this time; no other look waits for it. */
const deepMs = 20_000
/** A verdict is told for so long after the sample that gave it was due to be followed by another. */
const keptMs = 15_000

/** Where the judged media of a rendition ended. */
interface Place {
  readonly key: string
  readonly sequence: number
  readonly discontinuitySequence: number
  /** Seconds of the clock of arrival. */
  readonly end: number
}

/**
 * The deep tier: now and then, and for each new segment once something may be wrong, the key frames
 * and the sound of one segment are decoded and judged. It fetches for itself, from the variant that
 * costs least, and nothing waits for it: what is wrong with a picture is wrong in all its sizes.
 */
export class DeepWatch {
  readonly #everyMs: number
  readonly #maxBytes: number
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  #picture = new PictureWatch()
  #sound = new SilenceWatch()
  #pictureAt: number | undefined
  #soundAt: number | undefined
  #triedAt = Number.NEGATIVE_INFINITY
  /** The next new segment is wanted whatever the time. */
  #again = true
  /** Variants that turned out to carry sound alone. */
  readonly #soundOnly = new Set<string>()
  /** By rendition key: where the judged media ended, and what was tried last. */
  readonly #places = new Map<'picture' | 'sound', Place>()
  readonly #tried = new Map<string, string>()
  #says: string | undefined
  #running: Promise<void> | undefined

  constructor({ every }: DeepOptions, maxBytes: number, context: ProbeContext, fetcher: Fetcher) {
    this.#everyMs = every
    this.#maxBytes = maxBytes
    this.#context = context
    this.#fetcher = fetcher
  }

  /** Begins a deep look where one is due and none is under way; waits for nothing. */
  start(renditions: readonly Rendition[], isSuspicious: boolean): void {
    if (this.#running !== undefined) return
    const now = this.#context.clock.now()
    const isDue = isSuspicious || this.#again || now - this.#triedAt >= this.#everyMs
    const main = isDue ? this.#main(renditions) : undefined
    if (main === undefined || !this.#isNew(main)) return
    this.#triedAt = now
    this.#running = this.#look(main, renditions, now + deepMs).finally(() => {
      this.#running = undefined
    })
  }

  /** The end of the deep look under way, for who has nothing else to wait for. */
  async settled(): Promise<void> {
    if (this.#running === undefined) return
    const over = new AbortController()
    await Promise.race([this.#running, this.#context.clock.sleep(deepMs, over.signal)])
    over.abort('settled')
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

  /** Why nothing could be judged the last time. */
  get findings(): readonly Finding[] {
    if (this.#says === undefined) return []
    return [{ code: 'not-decoded', severity: 'info', says: this.#says }]
  }

  /** The variant that costs least, one without a picture only where no other is left. */
  #main(renditions: readonly Rendition[]): Rendition | undefined {
    const variants = renditions
      .filter(({ spec, present, isLive }) => spec.kind === 'variant' && present && isLive)
      .toSorted((a, b) => (a.spec.advertised ?? 0) - (b.spec.advertised ?? 0))
    return variants.find(({ spec }) => !this.#soundOnly.has(spec.key)) ?? variants[0]
  }

  #isNew(rendition: Rendition): boolean {
    const segment = rendition.playlist && newestSegment(rendition.playlist)
    return segment !== undefined && this.#tried.get(rendition.spec.key) !== nameOf(segment)
  }

  async #look(main: Rendition, renditions: readonly Rendition[], deadlineAt: number) {
    const { clock } = this.#context
    const known = this.#soundOnly.size
    const media = await this.#judge(main, deadlineAt, true)
    // What it lacks is no reason to stop: another variant has a picture, another rendition the sound.
    if (media?.hasSound === false) {
      const audio = renditions.find(({ spec, present }) => spec.kind === 'audio' && present)
      if (audio !== undefined && this.#isNew(audio)) await this.#judge(audio, deadlineAt, false)
    }
    const oldest = clock.now() - this.#everyMs
    this.#again =
      this.#soundOnly.size > known ||
      ((this.#pictureAt ?? -1) > oldest && this.#picture.isSuspicious) ||
      ((this.#soundAt ?? -1) > oldest && this.#sound.isSuspicious)
  }

  /** Decodes the newest segment of a rendition and judges it. */
  async #judge(
    rendition: Rendition,
    deadlineAt: number,
    wantsPicture: boolean,
  ): Promise<DeepMedia | undefined> {
    const { clock } = this.#context
    const { key } = rendition.spec
    const segment = lastSegmentOf(rendition)
    if (segment === undefined) return undefined
    if (this.#tried.size >= 64) this.#tried.clear()
    this.#tried.set(key, nameOf(segment))
    const at = clock.now() / 1_000
    const fetched = await mediaOf(this.#fetcher, rendition, segment, {
      deadlineAt,
      maxBytes: this.#maxBytes,
    })
    if (!fetched.ok) {
      this.#says = fetched.says
      return undefined
    }
    const { media } = fetched
    if (wantsPicture && !media.hasPicture) this.#remember(key)
    const hasPicture = wantsPicture && media.hasPicture
    const decoded = await decode({ ...media, hasPicture }, this.#context, deadlineAt)
    this.#says = decoded.ok ? undefined : decoded.says
    if (!decoded.ok) return media
    const { thumbnails, sound } = decoded
    if (thumbnails.length > 0) {
      const { from, to } = this.#placed('picture', key, segment, at)
      const apart = (to - from) / thumbnails.length
      thumbnails.forEach((thumbnail, nth) => this.#picture.take(from + nth * apart, thumbnail))
      this.#pictureAt = clock.now()
    }
    if (sound.length > 0) {
      this.#sound.take(this.#placed('sound', key, segment, at).from, sound)
      this.#soundAt = clock.now()
    }
    return media
  }

  #remember(key: string) {
    if (this.#soundOnly.size >= 64) this.#soundOnly.clear()
    this.#soundOnly.add(key)
  }

  /**
   * When the media of a segment was on air, by arrival: it goes on where the segment before it
   * ended, or else ended when it was seen.
   */
  #placed(what: 'picture' | 'sound', key: string, segment: Segment, at: number) {
    const { sequence, discontinuitySequence } = segment
    const before = this.#places.get(what)
    const goesOn =
      before?.key === key &&
      before.sequence + 1 === sequence &&
      before.discontinuitySequence === discontinuitySequence
    const from = goesOn ? before.end : Math.max(before?.end ?? -Infinity, at - segment.duration)
    const to = from + segment.duration
    this.#places.set(what, { key, sequence, discontinuitySequence, end: to })
    return { from, to }
  }
}

function nameOf({ sequence, uri, byteRange }: Segment): string {
  return `${sequence} ${uri} ${byteRange?.offset ?? ''}`
}
