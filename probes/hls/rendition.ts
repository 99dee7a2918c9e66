import type { Finding } from '../../src/core/sample.ts'
import { compareMedia } from '../../src/formats/m3u8/compare.ts'
import {
  type MediaPlaylist,
  type MultivariantPlaylist,
  resolveUri,
  type Variant,
} from '../../src/formats/m3u8/model.ts'
import { compareParts, isBefore, nextPlace } from '../../src/formats/m3u8/compare-parts.ts'
import {
  edgeIdentity,
  edgeTime,
  endSequence,
  segmentEndTime,
  withoutQuery,
} from '../../src/formats/m3u8/timeline.ts'
import { Drift } from '../../src/formats/playback/drift.ts'
import { quoteValue } from '../../src/formats/m3u8/report.ts'
import { type Fault, wrongContent } from '../../src/plugin/http-fault.ts'
import type { CachedCopy } from './cached-copy.ts'
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
  /** Elapsed time against elapsed media, as of the last new segment. */
  readonly drift = new Drift()
  /** Seconds of media that appeared, and when; taken away by who counts along. */
  readonly arrivals: { readonly at: number; readonly seconds: number }[] = []
  /** How often the media began afresh, so that a player would go to its live edge. */
  rejoins = 0
  /** Monotonic milliseconds at which a whole playlist, not a delta update, was last had. */
  fullAt = 0
  regressions = 0
  /** What the linter says of the current playlist, and what the current look found besides. */
  lint: readonly Finding[] = []
  changes: readonly Finding[] = []
  endedWhileWatched = false
  readonly #edges: string[] = []
  /** The last playlist that came without waiting: only such are compared with each other. */
  #plain: MediaPlaylist | undefined
  /** The sequence number after the last segment that was counted as media. */
  #countedTo = 0
  /** Monotonic milliseconds of the look before the present one. */
  #lookedAt = 0
  #hadMedia = false
  #protection = ''

  constructor(spec: RenditionSpec) {
    this.spec = spec
  }

  /** What a cache said of the copy that the current look got. */
  copy: CachedCopy | undefined

  /** Forgets what belongs to one look only. */
  beginLook(): void {
    this.present = false
    this.fault = undefined
    this.copy = undefined
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
    this.copy = result.copy
    this.#lookedAt = this.fullAt
    this.fullAt = result.at
    const previous = this.#plain
    if (result.same && previous === playlist) return
    this.#plain = playlist
    this.lint = playlist.findings.map((finding) => ({ ...finding, rendition: this.spec.name }))
    this.changes = this.#update(previous, playlist, result)
    // A cache may answer plain requests with an older copy than one that waits for a new part gets.
    const held = this.playlist !== previous ? this.playlist : undefined
    const isBehind = held !== undefined && isBefore(nextPlace(playlist), nextPlace(held))
    if (!isBehind || this.regressions > 0) this.playlist = playlist
  }

  /**
   * Takes what a held request brought, between looks, where it is newer than what is known; a
   * plain request may have overtaken it.
   */
  takeHeld(
    playlist: MediaPlaylist,
    result: PlaylistResult,
  ): { readonly findings: readonly Finding[]; readonly availabilityDelay: number | undefined } {
    const previous = this.playlist
    if (previous === undefined || !isBefore(nextPlace(previous), nextPlace(playlist))) {
      return { findings: [], availabilityDelay: undefined }
    }
    this.playlist = playlist
    const findings = this.#update(previous, playlist, result)
    const end = edgeTime(playlist)
    const availabilityDelay = end === undefined ? undefined : (result.wall - end) / 1_000
    return { findings, availabilityDelay }
  }

  /** It showed something new within two target durations of its last playlist. */
  get movedLately(): boolean {
    return this.fullAt - this.changedAt < 2_000 * (this.playlist?.targetDuration ?? 6)
  }

  /** It once listed media and has not ended: its age means something. */
  get isLive(): boolean {
    return this.#hadMedia && this.playlist?.endList === false
  }

  /** Follows the live edge from one playlist to the next; returns what is wrong between them. */
  #update(
    previous: MediaPlaylist | undefined,
    next: MediaPlaylist,
    result: Pick<PlaylistResult, 'at' | 'wall'>,
  ): readonly Finding[] {
    const edge = edgeIdentity(next)
    // A list that was emptied shows nothing new, so it goes on growing old.
    if (edge === undefined) return []
    const noted = this.#protectionNoted(next)
    if (previous === undefined || !this.#hadMedia) {
      this.#hadMedia = true
      this.#remember(edge)
      this.changedAt = result.at
      this.#begin(next, result.at)
      return noted
    }
    this.endedWhileWatched ||= next.endList && !previous.endList
    const comparison = compareMedia(previous, next)
    this.regressions = comparison.regressions
    const parts = comparison.regressions > 0 ? [] : compareParts(previous, next)
    const found = [
      ...[...comparison.findings, ...parts].map((each) => ({ ...each, rendition: this.spec.name })),
      ...noted,
      ...this.#cues(previous, next),
    ]
    const oldCopy = comparison.regressions > 0 && !comparison.restarted
    if (oldCopy || this.#edges.includes(edge)) return found
    this.#remember(edge)
    this.changedAt = result.at
    if (comparison.appended > 0) {
      const end = segmentEndTime(next, next.segments.length - 1)
      if (end !== undefined) this.availabilityDelay = (result.wall - end) / 1_000
    }
    if (comparison.regressions > 0) this.#begin(next, result.at)
    else this.#follow(next, result.at)
    return found
  }

  #begin(next: MediaPlaylist, at: number): void {
    this.arrivals.length = 0
    this.rejoins++
    this.drift.restart(at)
    this.#countedTo = endSequence(next)
  }

  /** Sums up the media that appeared; a jump beyond what is listed begins a new sum. */
  #follow(next: MediaPlaylist, at: number): void {
    const appended = endSequence(next) - this.#countedTo
    if (appended <= 0) return
    if (appended > next.segments.length) {
      this.#begin(next, at)
      return
    }
    this.#countedTo = endSequence(next)
    const segments = next.segments.slice(-appended)
    let left = segments.reduce((sum, { gap, duration }) => sum + (gap ? 0 : duration), 0)
    this.drift.appeared(at, left)
    for (const { gap, duration } of segments) {
      if (gap) continue
      left -= duration
      // Several that came since the last look appeared one after the other, not all at once.
      this.arrivals.push({ at: Math.max(this.#lookedAt, at - left * 1_000), seconds: duration })
      if (this.arrivals.length > remembered) this.arrivals.shift()
    }
  }

  /** Says once how segments are protected: of a DRM system no more than that is looked at. */
  #protectionNoted(next: MediaPlaylist): readonly Finding[] {
    const keys = next.segments.at(-1)?.keys ?? []
    const protection = keys
      .filter(({ method, keyFormat }) => method !== 'AES-128' || keyFormat !== 'identity')
      .map(({ method, keyFormat }) => `${method} (${keyFormat})`)
      .join(', ')
    if (protection === this.#protection) return []
    this.#protection = protection
    if (protection === '') return []
    const says = `Segments of ${this.spec.name} are protected by ${protection.slice(0, 200)}: licences are not asked for.`
    return [{ code: 'protected', severity: 'info', says, rendition: this.spec.name }]
  }

  /** Says once when a break is announced (EXT-X-DATERANGE with SCTE-35). */
  #cues(previous: MediaPlaylist, next: MediaPlaylist): readonly Finding[] {
    const known = new Set(previous.dateRanges.map(({ id, scte35 }) => `${scte35} ${id}`))
    return next.dateRanges
      .filter(({ id, scte35 }) => scte35 !== undefined && !known.has(`${scte35} ${id}`))
      .slice(0, 3)
      .map(({ id, scte35, line }) => ({
        code: `scte35-${scte35}`,
        severity: 'info',
        says: `EXT-X-DATERANGE ${quoteValue(id)} carries SCTE35-${String(scte35).toUpperCase()}.`,
        rendition: this.spec.name,
        line,
      }))
  }

  #remember(edge: string): void {
    this.#edges.push(edge)
    if (this.#edges.length > remembered) this.#edges.shift()
  }
}

/**
 * The renditions that a multivariant playlist names, each media playlist once: variants of
 * `pathway` (else of the one to start with), audio and subtitles with a URI. I-frame playlists and closed captions are none.
 */
export function renditionsOf(
  playlist: MultivariantPlaylist,
  base: string,
  pathway: string | undefined = playlist.contentSteering?.pathwayId,
): RenditionSpec[] {
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
  const variants = variantsOf(playlist, pathway)
  // EXT-X-MEDIA has no pathway of its own: its group belongs to the variants that name it.
  const groups = new Set(variants.flatMap(({ audio, subtitles }) => [audio, subtitles]))
  const isWanted = (id: string | undefined, group: string) =>
    pathway === undefined || (id === undefined ? groups.has(group) : id === pathway)
  for (const [at, variant] of variants.entries()) {
    const advertised = variant.averageBandwidth ?? (variant.bandwidth || undefined)
    add('variant', variantName(variants, variant, at), variant.uri, advertised)
  }
  let audio = 0
  let subtitles = 0
  for (const rendition of playlist.renditions) {
    if (rendition.uri === undefined || !isWanted(rendition.pathwayId, rendition.groupId)) continue
    if (rendition.type === 'AUDIO') add('audio', `a${++audio}`, rendition.uri, undefined)
    else if (rendition.type === 'SUBTITLES') {
      add('subtitles', `s${++subtitles}`, rendition.uri, undefined)
    }
  }
  return [...specs.values()]
}

/**
 * The variants of one pathway; those without PATHWAY-ID belong to the pathway `.` (rfc8216bis
 * 4.4.6.2). Where none does, those without: a playlist may name a pathway for steering alone.
 */
function variantsOf(
  { variants }: MultivariantPlaylist,
  pathway: string | undefined,
): readonly Variant[] {
  if (pathway === undefined) return variants
  const own = variants.filter(({ pathwayId }) => (pathwayId ?? '.') === pathway)
  return own.length > 0 ? own : variants.filter(({ pathwayId }) => pathwayId === undefined)
}

/** `720p` where one variant alone has this height, else `v1`, `v2` in the order of the playlist. */
function variantName(variants: readonly Variant[], variant: Variant, at: number): string {
  const height = variant.resolution?.height
  const alone =
    height !== undefined &&
    variants.filter(({ resolution }) => resolution?.height === height).length === 1
  return alone ? `${height}p` : `v${at + 1}`
}
