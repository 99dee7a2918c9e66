import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { Fetcher } from './fetch.ts'
import type { Rendition } from './rendition.ts'
import { lookAtNewest, lookAtOlder, type SegmentLook } from './segment.ts'

/** At its first look a session fetches a segment of each rendition, up to this many. */
const firstSegments = 6
/** After a missing segment, so many others tell whether one is missing or all are. */
const alsoTry = 2
/** Segments of one rendition in a row before the next has its turn, so that gaps between them show. */
const dwell = 3
/** The last tries that `missingRatio` counts. */
const tries = 6
/** Subtitles are small and seldom wrong: one look in so many fetches a segment of them … */
const subtitlesEvery = 5
/** … and one in so many asks whether an older listed segment is still there. */
const olderEvery = 20

export interface RotationOptions {
  readonly perLook: number
  readonly maxBytes: number
  /** Whether digests of segments are wanted. */
  readonly hash: boolean
}

/** What kind of look it is. */
interface LookKind {
  readonly deadlineAt: number
  readonly suspicious: boolean
  readonly first: boolean
}

/** Which segments of which renditions a look fetches, in turn. */
export class SegmentRotation {
  readonly #options: RotationOptions
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  readonly #missing: boolean[] = []
  #looks = 0
  #turn = 0
  #inTurn = 0

  constructor(options: RotationOptions, context: ProbeContext, fetcher: Fetcher) {
    this.#options = options
    this.#context = context
    this.#fetcher = fetcher
  }

  /** Share of the last tries that brought no segment. */
  get missingRatio(): number | undefined {
    if (this.#missing.length === 0) return undefined
    return this.#missing.filter(Boolean).length / this.#missing.length
  }

  /** Fetches what this look should; ends within its deadline. */
  async look(renditions: readonly Rendition[], kind: LookKind): Promise<SegmentLook[]> {
    const seen: SegmentLook[] = []
    const candidates = this.#inRotation(renditions)
    this.#looks++
    await this.#newest(seen, candidates, kind)
    const { clock } = this.#context
    if (this.#looks % subtitlesEvery === 0 && clock.now() < kind.deadlineAt) {
      await this.#subtitles(seen, renditions, kind.deadlineAt)
    }
    if (this.#looks % olderEvery === 0 && clock.now() < kind.deadlineAt) {
      await this.#older(seen, candidates, kind.deadlineAt)
    }
    return seen
  }

  async #newest(seen: SegmentLook[], candidates: readonly Rendition[], kind: LookKind) {
    const { deadlineAt, suspicious, first } = kind
    const fresh = candidates.filter((rendition) => isFresh(rendition))
    const { perLook } = this.#options
    let wanted: Rendition[]
    if (first) wanted = fresh.slice(0, firstSegments)
    else if (suspicious) wanted = (fresh.length > 0 ? fresh : candidates).slice(0, perLook)
    else wanted = this.#dueNow(candidates, fresh).slice(0, perLook)
    const others = candidates.filter((rendition) => !wanted.includes(rendition))
    const halfway = (this.#context.clock.now() + deadlineAt) / 2
    let extra = alsoTry
    for (let at = 0; at < wanted.length; at++) {
      const rendition = wanted[at]
      const now = this.#context.clock.now()
      if (rendition === undefined || now >= (at < perLook ? deadlineAt : halfway)) break
      const segment = await this.#fetch(rendition, deadlineAt)
      if (segment === undefined) continue
      seen.push(segment)
      this.#count(segment)
      if (++this.#inTurn >= dwell) {
        this.#inTurn = 0
        this.#turn++
      }
      const another = others.shift()
      if (segment.fault !== undefined && another !== undefined && extra-- > 0) wanted.push(another)
    }
  }

  /** A segment of the subtitles in turn. They carry no media: what is wrong with them is counted apart. */
  async #subtitles(seen: SegmentLook[], renditions: readonly Rendition[], deadlineAt: number) {
    const fresh = renditions.filter(
      (rendition) => rendition.present && rendition.spec.kind === 'subtitles' && isFresh(rendition),
    )
    const rendition = fresh[(this.#looks / subtitlesEvery) % Math.max(1, fresh.length)]
    const segment = rendition && (await this.#fetch(rendition, deadlineAt))
    if (segment !== undefined) seen.push(segment)
  }

  /** Whether an older segment is still there: viewers behind the live edge need it. */
  async #older(seen: SegmentLook[], candidates: readonly Rendition[], deadlineAt: number) {
    const rendition = candidates[0]
    if (rendition === undefined) return
    const chance = this.#context.random.next()
    const segment = await lookAtOlder(this.#fetcher, rendition, chance, deadlineAt)
    if (segment === undefined) return
    seen.push(segment)
    this.#count(segment)
  }

  #fetch(rendition: Rendition, deadlineAt: number): Promise<SegmentLook | undefined> {
    const { maxBytes, hash } = this.#options
    const { clock } = this.#context
    return lookAtNewest(this.#fetcher, clock, rendition, { deadlineAt, maxBytes, hash })
  }

  #count({ fault }: SegmentLook) {
    this.#missing.push(fault !== undefined)
    if (this.#missing.length > tries) this.#missing.shift()
  }

  /** Renditions with segments to fetch, the one whose turn it is first. */
  #inRotation(renditions: readonly Rendition[]): Rendition[] {
    const candidates = renditions.filter(
      ({ present, playlist, spec }) =>
        present &&
        playlist !== undefined &&
        playlist.segments.length > 0 &&
        spec.kind !== 'subtitles',
    )
    const from = candidates.length === 0 ? 0 : this.#turn % candidates.length
    return [...candidates.slice(from), ...candidates.slice(0, from)]
  }

  /** The one in turn when it has a new segment; others only when that one stands still. */
  #dueNow(candidates: readonly Rendition[], fresh: readonly Rendition[]): Rendition[] {
    const inTurn = candidates[0]
    if (inTurn === undefined || isFresh(inTurn)) return [...fresh]
    const still = this.#context.clock.now() - inTurn.changedAt
    const patience = 1_500 * (inTurn.playlist?.targetDuration ?? 6)
    if (still <= patience) return []
    this.#turn++
    this.#inTurn = 0
    return [...fresh]
  }
}

function isFresh(rendition: Rendition): boolean {
  const segment = rendition.playlist === undefined ? undefined : newestSegment(rendition.playlist)
  return segment !== undefined && !rendition.segments.has(segment)
}
