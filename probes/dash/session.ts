import type { Observation } from '../../src/core/sample.ts'
import type { Mpd } from '../../src/formats/mpd/model.ts'
import type { DeepOptions } from '../../src/plugin/deep/options.ts'
import { SegmentDeepWatch } from '../../src/plugin/deep/segment-watch.ts'
import type { HttpTargetOptions } from '../../src/plugin/http-options.ts'
import type { Due, ProbeContext } from '../../src/plugin/probe.ts'
import { deepOffer } from './deep-media.ts'
import { Fetcher, type Fetched, type ManifestResult } from './fetch.ts'
import { LiveRequests } from './live-request.ts'
import { nameRenditions } from './names.ts'
import { observation } from './observation.ts'
import { type Place, placesOf, Rendition } from './rendition.ts'
import { lookAtSegment, type SegmentLook } from './segment.ts'
import { StreamClock } from './stream-clock.ts'

export interface SessionOptions extends HttpTargetOptions {
  readonly timeout: number
  readonly segments: {
    readonly fetch: 'newest' | 'none'
    readonly per_look: number
    readonly max_bytes: number
  }
  readonly deep?: DeepOptions | undefined
}

/** Shares of a look's time after which each step is given up, so that time for the next remains. */
const manifestShare = 0.5
const clockShare = 0.65
const liveShare = 0.8
/** At its first look a session fetches a segment of each representation, up to this many. */
const firstSegments = 6
/** After a missing segment, so many others tell whether one is missing or all are. */
const alsoTry = 2
/** Segments of one representation in a row before the next has its turn, so that gaps between them show. */
const dwell = 3
/** The last tries that `segments_missing_ratio` counts. */
const tries = 6
/** Representations that are watched of one stream. */
const mostRenditions = 64

/** Everything that one look did, for the observation. */
export interface Look {
  manifest: ManifestResult | undefined
  readonly segments: SegmentLook[]
  /** The presentation was dynamic before and is static now. */
  ended: boolean
}

/** The state of one DASH path, and its looks. */
export class DashSession {
  readonly #options: SessionOptions
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  readonly #stream: StreamClock
  readonly #live: LiveRequests
  readonly #deep: SegmentDeepWatch | undefined
  /** Deep looks fetch for themselves: no look waits for them. */
  readonly #deepFetcher: Fetcher
  #manifest: Fetched | undefined
  #renditions: Rendition[] = []
  /** Representations that the manifest names, watched or not. */
  #named = 0
  #first = true
  #wasDynamic = false
  #turn = 0
  #inTurn = 0
  readonly #missing: boolean[] = []

  constructor(options: SessionOptions, context: ProbeContext) {
    this.#options = options
    this.#context = context
    const fetcher = () => new Fetcher(context.net, context.clock, context.signal, options)
    this.#fetcher = fetcher()
    this.#deepFetcher = fetcher()
    this.#deep = options.deep && new SegmentDeepWatch(options.deep, context)
    this.#stream = new StreamClock(context.clock)
    this.#live = new LiveRequests(this.#fetcher, context.clock, this.#stream)
  }

  /** One look; it ends within its deadline whatever the peer does. */
  async look(due: Due): Promise<Observation> {
    const { clock, everyMs } = this.#context
    // A look must not outlive the cadence for long, nor give a slow path less than two seconds.
    const budget = Math.min(this.#options.timeout, Math.max(2_000, everyMs))
    const startedAt = clock.now()
    this.#fetcher.fresh = due.purpose === 'verify' || due.purpose === 'precheck'
    const look: Look = { manifest: undefined, segments: [], ended: false }
    const suspicious = due.purpose !== 'interval' && due.purpose !== 'deadline'
    for (const rendition of this.#renditions) rendition.beginLook()
    const answer = await this.#fetchManifest(startedAt + budget * manifestShare)
    look.manifest = answer
    const mpd = answer.fetched?.mpd
    if (mpd !== undefined) {
      await this.#stream.follow(this.#fetcher, mpd, answer, startedAt + budget * clockShare)
      look.ended = this.#wasDynamic && !mpd.isDynamic
      this.#wasDynamic ||= mpd.isDynamic
      this.#reconcile(mpd, answer.at)
      await this.#askByClock(startedAt + budget * liveShare)
      if (this.#options.segments.fetch === 'newest') {
        await this.#segments(look, startedAt + budget, suspicious)
      }
    }
    const { max_bytes: maxBytes } = this.#options.segments
    const offer = () =>
      deepOffer(this.#renditions, this.#stream.wall(), this.#deepFetcher, maxBytes)
    this.#deep?.start(offer, suspicious)
    // One look is all there is: it may take its time.
    if (due.purpose === 'once') await this.#deep?.settled()
    const result = observation({
      look,
      url: this.#options.url,
      mpd,
      renditions: this.#renditions,
      named: this.#named,
      missingRatio: this.#missingRatio(),
      stream: this.#stream,
      deep: this.#deep,
      now: clock.now(),
    })
    if (result.outcome === 'pass') this.#first = false
    return result
  }

  /** The manifest says where it is to be asked for next; where that fails, the configured URL is asked. */
  async #fetchManifest(deadlineAt: number): Promise<ManifestResult> {
    const { url } = this.#options
    const next = this.#fetcher.fresh ? url : (this.#manifest?.mpd.location ?? url)
    let answer = await this.#fetcher.manifest(next, deadlineAt, this.#manifest)
    if (answer.fault !== undefined && !answer.fault.local && next !== url) {
      answer = await this.#fetcher.manifest(url, deadlineAt, this.#manifest)
    }
    this.#manifest = answer.fetched ?? this.#manifest
    return answer
  }

  /** Keeps the state of representations that stay, by key; new ones begin afresh. */
  #reconcile(mpd: Mpd, at: number): void {
    const wall = this.#stream.wall()
    const places = placesOf(mpd, wall)
    this.#named = places.length
    const known = new Map(this.#renditions.map((rendition) => [rendition.key, rendition]))
    const watched = places.slice(0, mostRenditions)
    const names = nameRenditions(watched.map(({ representation }) => representation))
    this.#renditions = watched.map((place: Place, nth) => {
      const { key } = place.representation
      const name = names[nth] ?? key
      const rendition = known.get(key) ?? new Rendition(key, name)
      rendition.name = name
      rendition.take(place, at, wall)
      return rendition
    })
  }

  async #askByClock(deadlineAt: number): Promise<void> {
    const waiting = this.#renditions.filter((rendition) => rendition.isByClock)
    await Promise.all(
      waiting.map(async (rendition) => {
        const fault = await this.#live.ask(rendition, deadlineAt)
        if (fault === undefined) return
        rendition.fault = fault
        if (!fault.local && this.#first) this.#tried(true)
      }),
    )
    const failed = waiting.filter(({ fault }) => fault !== undefined && !fault.local)
    // Segments that are gone are tries that failed, one for each look.
    if (!this.#first && failed.length > 0) this.#tried(true)
  }

  async #segments(look: Look, deadlineAt: number, suspicious: boolean): Promise<void> {
    const candidates = this.#inRotation()
    const fresh = candidates.filter((rendition) => this.#isFresh(rendition))
    const { per_look: perLook } = this.#options.segments
    let wanted: Rendition[]
    if (this.#first) wanted = fresh.slice(0, firstSegments)
    else if (suspicious) wanted = (fresh.length > 0 ? fresh : candidates).slice(0, perLook)
    else wanted = this.#dueNow(candidates, fresh).slice(0, perLook)
    const others = candidates.filter((rendition) => !wanted.includes(rendition))
    const halfway = (this.#context.clock.now() + deadlineAt) / 2
    let extra = alsoTry
    for (let at = 0; at < wanted.length; at++) {
      const rendition = wanted[at]
      const now = this.#context.clock.now()
      if (rendition === undefined || now >= (at < perLook ? deadlineAt : halfway)) break
      const seen = await this.#segment(rendition, deadlineAt)
      if (seen === undefined) continue
      look.segments.push(seen)
      const another = others.shift()
      if (seen.fault !== undefined && another !== undefined && extra-- > 0) wanted.push(another)
    }
  }

  async #segment(rendition: Rendition, deadlineAt: number): Promise<SegmentLook | undefined> {
    const segment = this.#wanted(rendition)
    if (segment === undefined) return undefined
    const seen = await lookAtSegment(
      this.#fetcher,
      { own: this.#context.clock, stream: this.#stream },
      rendition,
      segment,
      { deadlineAt, maxBytes: this.#options.segments.max_bytes },
    )
    if (seen === undefined) return undefined
    this.#tried(seen.fault !== undefined)
    if (++this.#inTurn >= dwell) {
      this.#inTurn = 0
      this.#turn++
    }
    return seen
  }

  /** The segment to fetch: what answered where the clock says what exists, else the newest listed one. */
  #wanted(rendition: Rendition) {
    return rendition.isByClock ? rendition.newest : rendition.candidate(this.#stream.wall())
  }

  #isFresh(rendition: Rendition): boolean {
    const segment = this.#wanted(rendition)
    return segment !== undefined && !rendition.has(segment)
  }

  /** Representations with segments to fetch, the one whose turn it is first. Subtitles carry no media. */
  #inRotation(): Rendition[] {
    const candidates = this.#renditions.filter(
      (rendition) =>
        rendition.place?.representation.kind !== 'text' && this.#wanted(rendition) !== undefined,
    )
    const from = candidates.length === 0 ? 0 : this.#turn % candidates.length
    return [...candidates.slice(from), ...candidates.slice(0, from)]
  }

  /** The one in turn when it has a new segment; others only when that one stands still. */
  #dueNow(candidates: readonly Rendition[], fresh: readonly Rendition[]): Rendition[] {
    const inTurn = candidates[0]
    if (inTurn === undefined || this.#isFresh(inTurn)) return [...fresh]
    const still = this.#context.clock.now() - inTurn.changedAt
    if (still <= 1_500 * (inTurn.newest?.duration ?? 6)) return []
    this.#turn++
    this.#inTurn = 0
    return [...fresh]
  }

  #tried(isMissing: boolean): void {
    this.#missing.push(isMissing)
    if (this.#missing.length > tries) this.#missing.shift()
  }

  #missingRatio(): number | undefined {
    if (this.#missing.length === 0) return undefined
    return this.#missing.filter(Boolean).length / this.#missing.length
  }
}
