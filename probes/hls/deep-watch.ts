import type { Finding } from '../../src/core/sample.ts'
import type { Segment } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import { DeepJudge, type OnAir } from '../../src/plugin/deep/judge.ts'
import type { DeepOptions } from '../../src/plugin/deep/options.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { Fetcher } from './fetch.ts'
import { lastSegmentOf, mediaOf, type DeepMedia } from './deep-media.ts'
import type { Rendition } from './rendition.ts'

/** A deep look ends within this time; no other look waits for it. */
const deepMs = 20_000

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
  readonly #maxBytes: number
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  readonly #judge: DeepJudge
  /** Variants that turned out to carry sound alone. */
  readonly #soundOnly = new Set<string>()
  /** By rendition key: where the judged media ended, and what was tried last. */
  readonly #places = new Map<'picture' | 'sound', Place>()
  readonly #tried = new Map<string, string>()
  #running: Promise<void> | undefined

  constructor(options: DeepOptions, maxBytes: number, context: ProbeContext, fetcher: Fetcher) {
    this.#maxBytes = maxBytes
    this.#context = context
    this.#fetcher = fetcher
    this.#judge = new DeepJudge(options, context)
  }

  /** Begins a deep look where one is due and none is under way; waits for nothing. */
  start(renditions: readonly Rendition[], isSuspicious: boolean): void {
    if (this.#running !== undefined) return
    const main = this.#judge.isDue(isSuspicious) ? this.#main(renditions) : undefined
    if (main === undefined || !this.#isNew(main)) return
    this.#judge.begin()
    const deadlineAt = this.#context.clock.now() + deepMs
    this.#running = this.#look(main, renditions, deadlineAt).finally(() => {
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
    return this.#judge.measurements()
  }

  /** Why nothing could be judged the last time. */
  get findings(): readonly Finding[] {
    return this.#judge.findings
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
    const known = this.#soundOnly.size
    const media = await this.#take(main, deadlineAt, true)
    // What it lacks is no reason to stop: another variant has a picture, another rendition the sound.
    if (media?.hasSound === false) {
      const audio = renditions.find(({ spec, present }) => spec.kind === 'audio' && present)
      if (audio !== undefined && this.#isNew(audio)) await this.#take(audio, deadlineAt, false)
    }
    this.#judge.finish(this.#soundOnly.size > known)
  }

  /** Decodes the newest segment of a rendition and judges it. */
  async #take(
    rendition: Rendition,
    deadlineAt: number,
    wantsPicture: boolean,
  ): Promise<DeepMedia | undefined> {
    const { key } = rendition.spec
    const segment = lastSegmentOf(rendition)
    if (segment === undefined) return undefined
    if (this.#tried.size >= 64) this.#tried.clear()
    this.#tried.set(key, nameOf(segment))
    const at = this.#context.clock.now() / 1_000
    const fetched = await mediaOf(this.#fetcher, rendition, segment, {
      deadlineAt,
      maxBytes: this.#maxBytes,
    })
    if (!fetched.ok) {
      this.#judge.missed(fetched.says)
      return undefined
    }
    const { media } = fetched
    if (wantsPicture && !media.hasPicture) this.#remember(key)
    const hasPicture = wantsPicture && media.hasPicture
    const onAir = (what: 'picture' | 'sound') => this.#placed(what, key, segment, at)
    await this.#judge.judge({ ...media, hasPicture }, onAir, deadlineAt)
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
  #placed(what: 'picture' | 'sound', key: string, segment: Segment, at: number): OnAir {
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
