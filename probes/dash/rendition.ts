import type { Init } from '../../src/formats/fmp4/model.ts'
import type { Span } from '../../src/formats/fmp4/continuity.ts'
import {
  liveWindow,
  segmentAt,
  type LiveWindow,
  type MediaSegment,
} from '../../src/formats/mpd/live-edge.ts'
import type { Mpd, Period, Representation } from '../../src/formats/mpd/model.ts'
import type { Fault } from '../../src/plugin/http-fault.ts'

/** So many recent live edges are remembered, to tell new media from old copies served again. */
const remembered = 32
/** Periods looked back for one with a segment; short ones follow each other around advertisements. */
const backPeriods = 5
/** A listed segment may not be available yet: so many are stepped over. */
const backSegments = 10

/** Where a representation stands in a manifest. */
export interface Place {
  readonly mpd: Mpd
  readonly period: Period
  readonly representation: Representation
  readonly window: LiveWindow
}

/** A segment that was fetched well. */
export interface FetchedSegment {
  readonly segment: MediaSegment
  /** Where its media lies by its own decode times. */
  readonly span: Span | undefined
  /** Start of its period: indices and decode times of different periods have nothing in common. */
  readonly period: number | undefined
}

/** What is known of one representation over time. */
export class Rendition {
  readonly key: string
  /** Short and bounded: `720p`, `v2`, `a1`, `s1`. */
  name: string
  place: Place | undefined
  /** The newest segment that was listed, or that answered. */
  newest: MediaSegment | undefined
  /** Monotonic milliseconds at which it was first seen. */
  changedAt = 0
  /** Seconds after it should have been whole, of a segment first seen at this look. */
  availabilityDelay: number | undefined
  drift: number | undefined
  /** Its listed edge went backwards at this look. */
  regressed = false
  /** Why its segments by the clock cannot be had at this look. */
  fault: Fault | undefined
  bitrate: number | undefined
  /** Its initialisation segment, and the address that it came from. */
  init: { readonly url: string; readonly init: Init | undefined } | undefined
  /** The last segment that was fetched well. */
  fetched: FetchedSegment | undefined
  #availabilityStart: number | undefined
  readonly #edges: string[] = []
  #driftFrom: { readonly at: number; readonly end: number } | undefined
  #ahead: { readonly period: number | undefined; readonly seconds: number } | undefined

  constructor(key: string, name: string) {
    this.key = key
    this.name = name
  }

  beginLook(): void {
    this.availabilityDelay = undefined
    this.regressed = false
    this.fault = undefined
  }

  get isLive(): boolean {
    return this.newest !== undefined && this.place?.mpd.isDynamic === true
  }

  /** The newest segment should be asked for, because the clock alone says that it exists. */
  get isByClock(): boolean {
    return this.place?.window.isListed === false && this.place.mpd.isDynamic
  }

  /** Takes its place in the manifest of this look; `wall` is the stream's clock. */
  take(place: Place, at: number, wall: number): void {
    this.place = place
    const { availabilityStart } = place.mpd
    if (this.#availabilityStart !== undefined && availabilityStart !== this.#availabilityStart) {
      // The presentation began anew: nothing of before can be compared with it.
      this.newest = undefined
      this.fetched = undefined
      this.#edges.length = 0
    }
    this.#availabilityStart = availabilityStart
    if (this.isByClock) return
    const edge = segmentAt(place.mpd, place.period, place.representation, place.window.newest)
    if (edge !== undefined) this.saw(edge, at, wall)
  }

  /** A segment was listed or answered: is it new? */
  saw(segment: MediaSegment, at: number, wall: number): void {
    const identity = identityOf(segment)
    const before = this.newest
    if (before !== undefined && identityOf(before) === identity) return
    const isBack = before !== undefined && segment.start < before.start
    this.regressed = isBack
    // An old copy that comes again is no new media; a restart shows an edge that never was.
    if (this.#edges.includes(identity)) return
    this.#edges.push(identity)
    if (this.#edges.length > remembered) this.#edges.shift()
    this.newest = segment
    this.changedAt = at
    if (before === undefined || isBack) {
      this.#driftFrom = { at, end: segment.start + segment.duration }
      this.drift = undefined
      return
    }
    if (segment.completeAt !== undefined) {
      this.availabilityDelay = (wall - segment.completeAt) / 1_000
    }
    if (this.isByClock || this.#driftFrom === undefined) return
    const media = segment.start + segment.duration - this.#driftFrom.end
    this.drift = (at - this.#driftFrom.at) / 1_000 - media
  }

  /** Whether this segment was fetched well last. */
  has(segment: MediaSegment): boolean {
    return this.fetched !== undefined && identityOf(this.fetched.segment) === identityOf(segment)
  }

  /** Of segments by the clock, media that falls behind the time line of the manifest is drift. */
  fetchedWell(segment: MediaSegment, span: Span | undefined): void {
    const period = this.place?.period.start
    this.fetched = { segment, span, period }
    if (span === undefined || !this.isByClock) return
    const seconds = span.start - segment.start
    if (this.#ahead === undefined || this.#ahead.period !== period)
      this.#ahead = { period, seconds }
    else this.drift = this.#ahead.seconds - seconds
  }

  /** The newest segment that is whole at `wall`; `undefined` where there is none. */
  candidate(wall: number): MediaSegment | undefined {
    const place = this.place
    if (place === undefined) return undefined
    const { mpd, period, representation, window } = place
    const newest = segmentAt(mpd, period, representation, window.newest)
    if (!window.isListed || !mpd.isDynamic) return newest
    for (let back = 0; back < backSegments; back++) {
      const segment = segmentAt(mpd, period, representation, window.newest - back)
      if (segment === undefined) break
      const availableAt = (segment.completeAt ?? 0) - representation.availabilityTimeOffset * 1_000
      if (availableAt <= wall) return segment
    }
    return newest
  }
}

/** Segments are the same where they begin at the same time under the same address. */
function identityOf(segment: MediaSegment): string {
  return `${segment.start.toFixed(3)} ${segment.name}`
}

/**
 * Where each representation stands at `wall`: in the newest period that has begun and has a segment
 * of it. Representations of the newest period with segments count; pictures for seeking and single files do not.
 */
export function placesOf(mpd: Mpd, wall: number): Place[] {
  const begun = mpd.periods.filter(
    ({ start }) =>
      !mpd.isDynamic ||
      mpd.availabilityStart === undefined ||
      mpd.availabilityStart + start * 1_000 <= wall,
  )
  const recent = begun.slice(-backPeriods).toReversed()
  // A period that has begun but shows no segment yet must not hide that the one before stands still.
  const newest =
    recent.find((period) =>
      period.representations.some((each) => {
        const window = each.kind === 'other' ? undefined : liveWindow(mpd, period, each, wall)
        return window !== undefined && window.newest >= window.oldest
      }),
    ) ?? recent[0]
  const places: Place[] = []
  for (const representation of newest?.representations ?? []) {
    if (representation.kind === 'other') continue
    let place: Place | undefined
    for (const period of recent) {
      const same = period.representations.find(({ key }) => key === representation.key)
      const window = same === undefined ? undefined : liveWindow(mpd, period, same, wall)
      if (same === undefined || window === undefined) continue
      place ??= { mpd, period, representation: same, window }
      if (window.newest < window.oldest) continue
      place = { mpd, period, representation: same, window }
      break
    }
    if (place !== undefined) places.push(place)
  }
  return places
}
