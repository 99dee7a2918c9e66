import type { Observation } from '../../src/core/sample.ts'
import type { MultivariantPlaylist } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import type { Due, ProbeContext } from '../../src/plugin/probe.ts'
import { Fetcher, type Fetched, type FetchOptions, type PlaylistResult } from './fetch.ts'
import { observation } from './observation.ts'
import { Rendition, type RenditionSpec, renditionsOf } from './rendition.ts'
import { lookAtNewest, type SegmentLook } from './segment.ts'

export interface SessionOptions extends FetchOptions {
  readonly timeout: number
  readonly segments: {
    readonly fetch: 'newest' | 'none'
    readonly per_look: number
    readonly max_bytes: number
  }
}

/** The multivariant playlist is fetched again after so many looks or so much time. */
const topEveryLooks = 3
const topEveryMs = 6_000
/** Shares of a look's time after which playlists are given up, so that time for a segment remains. */
const topShare = 0.6
const renditionShare = 0.85
/** At its first look a session fetches a segment of each rendition, up to this many. */
const firstSegments = 6
/** After a missing segment, so many others tell whether one is missing or all are. */
const alsoTry = 2
/** Segments of one rendition in a row before the next has its turn, so that gaps between them show. */
const dwell = 3
/** The last tries that `segments_missing_ratio` counts. */
const tries = 6
/** Media playlists that are watched of one stream; long ladders have some thirty. */
const mostRenditions = 64

/** Everything that one look did, for the observation. */
export interface Look {
  /** Every request for a playlist that this look made. */
  readonly requests: PlaylistResult[]
  /** The answer for the configured URL, where this look asked for it. */
  top: PlaylistResult | undefined
  /** Renditions asked for under their present URL. */
  readonly asked: Set<Rendition>
  readonly segments: SegmentLook[]
}

/** The state of one HLS path, and its looks. */
export class HlsSession {
  readonly #options: SessionOptions
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  #top: Fetched | undefined
  #topAt = 0
  #looksSinceTop = 0
  /** Something was wrong at the last look: the next one looks at everything. */
  #troubled = true
  #first = true
  #renditions: Rendition[] = []
  /** Media playlists that the multivariant playlist names, watched or not. */
  #named = 0
  #turn = 0
  #inTurn = 0
  readonly #missing: boolean[] = []

  constructor(options: SessionOptions, context: ProbeContext) {
    this.#options = options
    this.#context = context
    this.#fetcher = new Fetcher(context.net, context.clock, context.signal, options)
  }

  /** One look; it ends within its deadline whatever the peer does. */
  async look(due: Due): Promise<Observation> {
    const { clock, everyMs } = this.#context
    // A look must not outlive the cadence for long, nor give a slow path less than two seconds.
    const budget = Math.min(this.#options.timeout, Math.max(2_000, everyMs))
    const startedAt = clock.now()
    this.#fetcher.fresh = due.purpose === 'verify' || due.purpose === 'precheck'
    const look: Look = { requests: [], top: undefined, asked: new Set(), segments: [] }
    const suspicious = due.purpose !== 'interval' && due.purpose !== 'deadline'
    for (const rendition of this.#renditions) rendition.beginLook()
    await this.#playlists(look, startedAt, budget, suspicious)
    const topFailed = look.top !== undefined && look.top.fault !== undefined
    if (!topFailed && this.#options.segments.fetch === 'newest') {
      await this.#segments(look, startedAt + budget, suspicious)
    }
    const result = observation({
      look,
      url: this.#options.url,
      multivariant: this.#multivariant(),
      renditions: this.#renditions,
      named: this.#named,
      missingRatio: this.#missingRatio(),
      now: clock.now(),
      wall: clock.wall(),
    })
    this.#troubled =
      result.outcome !== 'pass' || this.#renditions.some((rendition) => !rendition.present)
    if (result.outcome === 'pass') this.#first = false
    return result
  }

  /** Playlists held at once, by powers of two: a limit that moves with each rendition helps nobody. */
  #share(): number {
    return 2 ** Math.ceil(Math.log2(Math.max(1, this.#renditions.length)))
  }

  #multivariant(): MultivariantPlaylist | undefined {
    return this.#top?.playlist.kind === 'multivariant' ? this.#top.playlist : undefined
  }

  async #playlists(look: Look, startedAt: number, budget: number, suspicious: boolean) {
    const topBy = startedAt + budget * topShare
    const by = startedAt + budget * renditionShare
    const bare = this.#multivariant() === undefined
    this.#looksSinceTop++
    const topDue =
      bare ||
      suspicious ||
      this.#troubled ||
      this.#looksSinceTop >= topEveryLooks ||
      startedAt - this.#topAt >= topEveryMs
    await Promise.all([
      topDue ? this.#fetchTop(look, topBy) : undefined,
      ...(bare ? [] : this.#renditions.map((rendition) => this.#refresh(look, rendition, by))),
    ])
    // Every address may have changed since the multivariant playlist was read: ask before judging.
    const failed = this.#renditions.some(({ fault }) => fault !== undefined && !fault.local)
    if (look.top === undefined && failed) await this.#fetchTop(look, topBy)
    await Promise.all(
      this.#renditions
        .filter((rendition) => this.#multivariant() !== undefined && !look.asked.has(rendition))
        .map((rendition) => this.#refresh(look, rendition, by)),
    )
  }

  async #fetchTop(look: Look, deadlineAt: number) {
    const result = await this.#fetcher.playlist(this.#options.url, deadlineAt, this.#top)
    look.top = result
    look.requests.push(result)
    const { fetched } = result
    if (fetched === undefined) return
    const changed = this.#top === undefined || this.#top !== fetched
    this.#top = fetched
    this.#topAt = result.at
    this.#looksSinceTop = 0
    const { playlist, url } = fetched
    if (playlist.kind === 'multivariant') {
      if (changed) {
        const specs = renditionsOf(playlist, url)
        this.#named = specs.length
        this.#reconcile(look, specs.slice(0, mostRenditions))
      }
      return
    }
    const spec = { key: 'main', kind: 'variant', name: 'main', url, advertised: undefined } as const
    this.#reconcile(look, [spec])
    this.#renditions[0]?.take(result)
  }

  /** Keeps the state of renditions that stay, by key; new ones begin afresh. */
  #reconcile(look: Look, specs: readonly RenditionSpec[]) {
    const known = new Map(this.#renditions.map((rendition) => [rendition.spec.key, rendition]))
    this.#renditions = specs.map((spec) => {
      const rendition = known.get(spec.key)
      if (rendition === undefined) return new Rendition(spec)
      // What failed under its old URL deserves another try; what came needs none.
      if (rendition.spec.url !== spec.url && !rendition.present) look.asked.delete(rendition)
      rendition.spec = spec
      return rendition
    })
  }

  async #refresh(look: Look, rendition: Rendition, deadlineAt: number) {
    look.asked.add(rendition)
    const result = await this.#fetcher.playlist(rendition.spec.url, deadlineAt, rendition.fetched, {
      imports: this.#multivariant()?.variables,
      among: this.#share(),
    })
    look.requests.push(result)
    rendition.take(result)
  }

  async #segments(look: Look, deadlineAt: number, suspicious: boolean) {
    const candidates = this.#inRotation()
    const fresh = candidates.filter((rendition) => isFresh(rendition))
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
    const { max_bytes: maxBytes } = this.#options.segments
    const { clock } = this.#context
    const seen = await lookAtNewest(this.#fetcher, clock, rendition, deadlineAt, maxBytes)
    if (seen === undefined) return undefined
    this.#missing.push(seen.fault !== undefined)
    if (this.#missing.length > tries) this.#missing.shift()
    if (++this.#inTurn >= dwell) {
      this.#inTurn = 0
      this.#turn++
    }
    return seen
  }

  /** Renditions with segments to fetch, the one whose turn it is first. Subtitles carry no media. */
  #inRotation(): Rendition[] {
    const candidates = this.#renditions.filter(
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

  #missingRatio(): number | undefined {
    if (this.#missing.length === 0) return undefined
    return this.#missing.filter(Boolean).length / this.#missing.length
  }
}

function isFresh(rendition: Rendition): boolean {
  const segment = rendition.playlist === undefined ? undefined : newestSegment(rendition.playlist)
  return segment !== undefined && !rendition.segments.has(segment)
}
