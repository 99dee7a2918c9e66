import type { Finding } from '../../src/core/sample.ts'
import { compareMedia } from '../../src/formats/m3u8/compare.ts'
import {
  type MediaPlaylist,
  type MultivariantPlaylist,
  resolveUri,
  type Variant,
} from '../../src/formats/m3u8/model.ts'
import { edgeIdentity, segmentEndTime, withoutQuery } from '../../src/formats/m3u8/timeline.ts'
import { type Fault, wrongContent } from '../../src/plugin/http-fault.ts'
import type { Fetched, PlaylistResult } from './fetch.ts'
import { SegmentTrack } from './segment-track.ts'

export type RenditionKind = 'variant' | 'audio' | 'subtitles'

/** One rendition to watch, as the multivariant playlist names it. */
export interface RenditionSpec {
  /** Stays the same while only signed query values change. */
  readonly key: string
  readonly kind: RenditionKind
  /** Short and bounded: `720p`, `v2`, `a1`, `s1`, `main`. */
  readonly name: string
  readonly url: string
  /** AVERAGE-BANDWIDTH, or else BANDWIDTH, in bits per second. */
  readonly advertised: number | undefined
}

/** So many recent live edges are remembered, to tell new media from old copies served again. */
const remembered = 32

/** What is known of one rendition over time. */
export class Rendition {
  spec: RenditionSpec
  readonly segments = new SegmentTrack()
  /** The last good playlist. */
  fetched: Fetched | undefined
  playlist: MediaPlaylist | undefined
  /** Why it could not be had in the current look. */
  fault: Fault | undefined
  /** It was had in the current look. */
  present = false
  /** Monotonic milliseconds at which the newest segment or part was first seen. */
  changedAt = 0
  /** At first sight of a new last segment in the current look: how long after its stated end, in seconds. */
  availabilityDelay: number | undefined
  /** Elapsed time minus elapsed media in seconds, as of the last new segment. */
  drift: number | undefined
  regressions = 0
  /** What the linter says of the current playlist, and what the current look found besides. */
  lint: readonly Finding[] = []
  changes: readonly Finding[] = []
  endedWhileWatched = false
  readonly #edges: string[] = []
  #hadMedia = false
  #driftFrom: number | undefined
  #media = 0

  constructor(spec: RenditionSpec) {
    this.spec = spec
  }

  /** Forgets what belongs to one look only. */
  beginLook(): void {
    this.present = false
    this.fault = undefined
    this.availabilityDelay = undefined
    this.regressions = 0
    this.changes = []
  }

  /** Takes the answer of the current look. */
  take(result: PlaylistResult): void {
    const playlist = result.fetched?.playlist
    if (result.fault !== undefined || playlist === undefined) {
      this.fault = result.fault
      return
    }
    if (playlist.kind !== 'media') {
      this.fault = wrongContent('is a multivariant playlist where a media playlist should be')
      return
    }
    this.fault = undefined
    this.present = true
    this.fetched = result.fetched
    if (result.same && this.playlist === playlist) return
    const previous = this.playlist
    this.playlist = playlist
    this.lint = playlist.findings.map((finding) => ({ ...finding, rendition: this.spec.name }))
    this.#update(previous, playlist, result)
  }

  /** It once listed media and has not ended: its age means something. */
  get isLive(): boolean {
    return this.#hadMedia && this.playlist?.endList === false
  }

  #update(previous: MediaPlaylist | undefined, next: MediaPlaylist, result: PlaylistResult): void {
    const edge = edgeIdentity(next)
    // A list that was emptied shows nothing new, so it goes on growing old.
    if (edge === undefined) return
    if (previous === undefined || !this.#hadMedia) {
      this.#hadMedia = true
      this.#remember(edge)
      this.changedAt = result.at
      this.#driftFrom = result.at
      return
    }
    this.endedWhileWatched ||= next.endList && !previous.endList
    const comparison = compareMedia(previous, next)
    this.regressions = comparison.regressions
    this.changes = comparison.findings.map((found) => ({ ...found, rendition: this.spec.name }))
    const oldCopy = comparison.regressions > 0 && !comparison.restarted
    if (oldCopy || this.#edges.includes(edge)) return
    this.#remember(edge)
    this.changedAt = result.at
    if (comparison.appended > 0) {
      const end = segmentEndTime(next, next.segments.length - 1)
      if (end !== undefined) this.availabilityDelay = (result.wall - end) / 1_000
    }
    this.#follow(previous, next, comparison.appended, result.at)
  }

  /** Sums up the media that appeared; a restart or a jump begins a new sum. */
  #follow(previous: MediaPlaylist, next: MediaPlaylist, appended: number, at: number): void {
    const broken = appended > next.segments.length || next.mediaSequence < previous.mediaSequence
    if (broken || this.#driftFrom === undefined) {
      this.#driftFrom = at
      this.#media = 0
      this.drift = undefined
      return
    }
    if (appended === 0) return
    for (const segment of next.segments.slice(-appended)) this.#media += segment.duration
    this.drift = (at - this.#driftFrom) / 1_000 - this.#media
  }

  #remember(edge: string): void {
    this.#edges.push(edge)
    if (this.#edges.length > remembered) this.#edges.shift()
  }
}

/**
 * The renditions that a multivariant playlist names, each media playlist once: variants of the
 * starting pathway, audio and subtitles with a URI. I-frame playlists and closed captions are none.
 */
export function renditionsOf(playlist: MultivariantPlaylist, base: string): RenditionSpec[] {
  const specs = new Map<string, RenditionSpec>()
  const paths = new Map<string, number>()
  const add = (kind: RenditionKind, name: string, uri: string, advertised: number | undefined) => {
    const url = resolveUri(uri, base)
    if (url === undefined || specs.has(url)) return
    const path = withoutQuery(url)
    const nth = paths.get(path) ?? 0
    paths.set(path, nth + 1)
    specs.set(url, { key: `${path} ${nth}`, kind, name, url, advertised })
  }
  const pathway = playlist.contentSteering?.pathwayId
  const starts = (id: string | undefined) => pathway === undefined || (id ?? pathway) === pathway
  const variants = playlist.variants.filter(({ pathwayId }) => starts(pathwayId))
  for (const [at, variant] of variants.entries()) {
    const advertised = variant.averageBandwidth ?? (variant.bandwidth || undefined)
    add('variant', variantName(variants, variant, at), variant.uri, advertised)
  }
  let audio = 0
  let subtitles = 0
  for (const rendition of playlist.renditions) {
    if (rendition.uri === undefined || !starts(rendition.pathwayId)) continue
    if (rendition.type === 'AUDIO') add('audio', `a${++audio}`, rendition.uri, undefined)
    else if (rendition.type === 'SUBTITLES') {
      add('subtitles', `s${++subtitles}`, rendition.uri, undefined)
    }
  }
  return [...specs.values()]
}

/** `720p` where one variant alone has this height, else `v1`, `v2` in the order of the playlist. */
function variantName(variants: readonly Variant[], variant: Variant, at: number): string {
  const height = variant.resolution?.height
  const alone =
    height !== undefined &&
    variants.filter(({ resolution }) => resolution?.height === height).length === 1
  return alone ? `${height}p` : `v${at + 1}`
}
