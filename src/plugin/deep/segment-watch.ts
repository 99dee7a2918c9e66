import type { Finding } from '../../core/sample.ts'
import type { ProbeContext } from '../probe.ts'
import type { DecodeRequest } from './decode.ts'
import { DeepJudge, type OnAir } from './judge.ts'
import type { DeepOptions } from './options.ts'
import type { Piece } from './piece.ts'

/** A deep look ends within this time; no other look waits for it. */
const deepMs = 20_000
const mostKnown = 64

/** The newest segment of one rendition, which can be fetched. */
export interface DeepSegment {
  /** Of the rendition: the same over manifests. */
  readonly key: string
  /** For people, such as `360p`. */
  readonly rendition: string
  /** Tells it from the other segments of its rendition. */
  readonly name: string
  /** Counts segments of one time line. */
  readonly sequence: number
  /** Another number is another time line. */
  readonly line: number
  /** Seconds. */
  readonly duration: number
  /** Fetches it with what it takes to decode it; never throws for what a peer does. */
  fetch(deadlineAt: number): Promise<Piece>
}

/** What a presentation offers for a deep look: variants from the one that costs least. */
export interface DeepOffer {
  readonly variants: readonly DeepSegment[]
  /** Where the sound is that variants lack. */
  readonly audio: DeepSegment | undefined
}

/** Where the judged media of a rendition ended. */
interface Place extends Pick<DeepSegment, 'key' | 'sequence' | 'line'> {
  /** Seconds of the clock of arrival. */
  readonly end: number
}

/**
 * The deep tier of presentations made of segments: now and then, and for each new segment once
 * something may be wrong, the key frames and the sound of one segment are decoded and judged. It
 * fetches for itself, from the variant that costs least, and nothing waits for it: what is wrong with
 * a picture is wrong in all its sizes.
 */
export class SegmentDeepWatch {
  readonly #context: ProbeContext
  readonly #judge: DeepJudge
  /** Variants that turned out to carry sound alone. */
  readonly #soundOnly = new Set<string>()
  readonly #places = new Map<'picture' | 'sound', Place>()
  /** By rendition key: what was tried last. */
  readonly #tried = new Map<string, string>()
  #running: Promise<void> | undefined

  constructor(options: DeepOptions, context: ProbeContext) {
    this.#context = context
    this.#judge = new DeepJudge(options, context)
  }

  /** Begins a deep look where one is due and none is under way; waits for nothing. */
  start(offer: () => DeepOffer, isSuspicious: boolean): void {
    if (this.#running !== undefined || !this.#judge.isDue(isSuspicious)) return
    const { variants, audio } = offer()
    const main = variants.find(({ key }) => !this.#soundOnly.has(key)) ?? variants[0]
    if (main === undefined || !this.#isNew(main)) return
    this.#judge.begin()
    const deadlineAt = this.#context.clock.now() + deepMs
    this.#running = this.#look(main, audio, deadlineAt).finally(() => {
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

  #isNew({ key, name }: DeepSegment): boolean {
    return this.#tried.get(key) !== name
  }

  async #look(main: DeepSegment, audio: DeepSegment | undefined, deadlineAt: number) {
    const known = this.#soundOnly.size
    const media = await this.#take(main, deadlineAt, true)
    // What it lacks is no reason to stop: another variant has a picture, another rendition the sound.
    if (media?.hasSound === false && audio !== undefined && this.#isNew(audio)) {
      await this.#take(audio, deadlineAt, false)
    }
    this.#judge.finish(this.#soundOnly.size > known)
  }

  /** Decodes a segment and judges it. */
  async #take(
    segment: DeepSegment,
    deadlineAt: number,
    wantsPicture: boolean,
  ): Promise<DecodeRequest | undefined> {
    const { key, rendition } = segment
    if (this.#tried.size >= mostKnown) this.#tried.clear()
    this.#tried.set(key, segment.name)
    const at = this.#context.clock.now() / 1_000
    const piece = await segment.fetch(deadlineAt)
    if (!piece.ok) {
      this.#judge.missed(`Picture and sound of ${rendition} are not looked at: ${piece.why}.`)
      return undefined
    }
    const { media } = piece
    if (wantsPicture && !media.hasPicture) this.#remember(key)
    const hasPicture = wantsPicture && media.hasPicture
    const onAir = (what: 'picture' | 'sound') => this.#placed(what, segment, at)
    await this.#judge.judge({ ...media, hasPicture }, onAir, deadlineAt)
    return media
  }

  #remember(key: string) {
    if (this.#soundOnly.size >= mostKnown) this.#soundOnly.clear()
    this.#soundOnly.add(key)
  }

  /**
   * When the media of a segment was on air, by arrival: it goes on where the segment before it
   * ended, or else ended when it was seen.
   */
  #placed(what: 'picture' | 'sound', segment: DeepSegment, at: number): OnAir {
    const { key, sequence, line, duration } = segment
    const before = this.#places.get(what)
    const goesOn = before?.key === key && before.sequence + 1 === sequence && before.line === line
    const from = goesOn ? before.end : Math.max(before?.end ?? -Infinity, at - duration)
    const to = from + duration
    this.#places.set(what, { key, sequence, line, end: to })
    return { from, to }
  }
}
