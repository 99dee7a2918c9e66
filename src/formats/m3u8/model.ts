import type { Finding } from '../../core/sample.ts'

/** A part of a resource, in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** EXT-X-KEY or EXT-X-SESSION-KEY; method NONE is represented by no key at all. */
export interface Key {
  readonly method: string
  readonly uri: string | undefined
  readonly iv: string | undefined
  /** `identity` unless the tag says otherwise. */
  readonly keyFormat: string
}

/** EXT-X-MAP: the media initialisation section that applies to a segment. */
export interface InitSection {
  readonly uri: string
  readonly byteRange: ByteRange | undefined
}

/** EXT-X-PART: a partial segment (rfc8216bis 4.4.4.9). */
export interface Part {
  readonly uri: string
  /** Seconds. */
  readonly duration: number
  readonly independent: boolean
  readonly gap: boolean
  readonly byteRange: ByteRange | undefined
  /** The line of its tag, counted from 1. */
  readonly line: number
}

/** One media segment. Every field is always present, so that all segments have one shape. */
export interface Segment {
  /** Its media sequence number. */
  readonly sequence: number
  /** As written, variables substituted; `resolveUri` makes it absolute. */
  readonly uri: string
  /** Seconds; 0 where EXTINF is unreadable (there is a finding then). */
  readonly duration: number
  /** The line of its URI, counted from 1. */
  readonly line: number
  /** Whether EXT-X-DISCONTINUITY stands before it. */
  readonly discontinuity: boolean
  /** Its absolute discontinuity sequence number. */
  readonly discontinuitySequence: number
  readonly gap: boolean
  /** Wall milliseconds of its first sample as EXT-X-PROGRAM-DATE-TIME states it; never extrapolated. */
  readonly programDateTime: number | undefined
  readonly byteRange: ByteRange | undefined
  readonly keys: readonly Key[]
  readonly map: InitSection | undefined
  /** EXT-X-BITRATE in bits per second. */
  readonly bitrate: number | undefined
  readonly parts: readonly Part[]
}

/** EXT-X-SERVER-CONTROL; times in seconds. */
export interface ServerControl {
  readonly canBlockReload: boolean
  readonly canSkipUntil: number | undefined
  readonly canSkipDateRanges: boolean
  readonly holdBack: number | undefined
  readonly partHoldBack: number | undefined
}

/** EXT-X-PRELOAD-HINT. */
export interface PreloadHint {
  readonly type: 'PART' | 'MAP'
  readonly uri: string
  readonly byteRangeStart: number | undefined
  readonly byteRangeLength: number | undefined
}

/** EXT-X-RENDITION-REPORT: where another rendition stands. */
export interface RenditionReport {
  readonly uri: string
  readonly line: number
  readonly lastSequence: number | undefined
  readonly lastPart: number | undefined
}

/** EXT-X-SKIP of a delta update. */
export interface Skip {
  readonly segments: number
  readonly removedDateRanges: readonly string[]
}

/** EXT-X-DATERANGE; dates in wall milliseconds, durations in seconds. */
export interface DateRange {
  readonly id: string
  readonly class: string | undefined
  readonly start: number | undefined
  readonly end: number | undefined
  readonly duration: number | undefined
  readonly plannedDuration: number | undefined
  /** Which SCTE-35 attribute it carries, if any. */
  readonly scte35: 'cmd' | 'out' | 'in' | undefined
  readonly line: number
}

/** EXT-X-START. */
export interface Start {
  readonly timeOffset: number
  readonly precise: boolean
}

interface Common {
  readonly version: number | undefined
  readonly independentSegments: boolean
  readonly start: Start | undefined
  /** EXT-X-DEFINE: names and values, imported ones included. */
  readonly variables: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
  /** Lines scanned. */
  readonly lines: number
  /** Scanning stopped at a limit: what follows is not in the model, the live edge is unknown. */
  readonly truncated: boolean
}

/** Tags that occur once in a media playlist and whose line findings name. */
export type NamedTag =
  | 'targetDuration'
  | 'mediaSequence'
  | 'discontinuitySequence'
  | 'serverControl'
  | 'partInf'
  | 'playlistType'
  | 'skip'

/** A media playlist. */
export interface MediaPlaylist extends Common {
  readonly kind: 'media'
  /** Seconds; `undefined` where EXT-X-TARGETDURATION is missing or unreadable. */
  readonly targetDuration: number | undefined
  readonly mediaSequence: number
  readonly discontinuitySequence: number
  readonly endList: boolean
  readonly playlistType: 'EVENT' | 'VOD' | undefined
  readonly iFramesOnly: boolean
  /** PART-TARGET of EXT-X-PART-INF, in seconds. */
  readonly partTarget: number | undefined
  readonly serverControl: ServerControl | undefined
  readonly skip: Skip | undefined
  readonly segments: readonly Segment[]
  /** Parts of the segment that is not complete yet. */
  readonly trailingParts: readonly Part[]
  readonly preloadHints: readonly PreloadHint[]
  readonly renditionReports: readonly RenditionReport[]
  readonly dateRanges: readonly DateRange[]
  /** The lines of its tags, counted from 1. */
  readonly tagLines: Readonly<Partial<Record<NamedTag, number>>>
}

/** One EXT-X-STREAM-INF (or EXT-X-I-FRAME-STREAM-INF) with its URI. */
export interface Variant {
  readonly uri: string
  /** Peak bits per second; 0 where the attribute is missing (there is a finding then). */
  readonly bandwidth: number
  readonly averageBandwidth: number | undefined
  readonly codecs: string | undefined
  readonly resolution: { readonly width: number; readonly height: number } | undefined
  readonly frameRate: number | undefined
  readonly videoRange: string | undefined
  readonly hdcpLevel: string | undefined
  readonly audio: string | undefined
  readonly video: string | undefined
  readonly subtitles: string | undefined
  /** A group name, or `NONE`. */
  readonly closedCaptions: string | undefined
  readonly pathwayId: string | undefined
  readonly stableId: string | undefined
  readonly line: number
}

export type RenditionType = 'AUDIO' | 'VIDEO' | 'SUBTITLES' | 'CLOSED-CAPTIONS'

/** One EXT-X-MEDIA. */
export interface Rendition {
  readonly type: RenditionType
  /** Never set for closed captions: they live inside the video and nothing may be requested. */
  readonly uri: string | undefined
  readonly groupId: string
  readonly name: string
  readonly language: string | undefined
  readonly default: boolean
  readonly autoselect: boolean
  readonly forced: boolean
  readonly channels: string | undefined
  readonly instreamId: string | undefined
  readonly pathwayId: string | undefined
  readonly stableId: string | undefined
  readonly line: number
}

/** EXT-X-CONTENT-STEERING. */
export interface ContentSteering {
  readonly serverUri: string
  readonly pathwayId: string | undefined
}

/** A multivariant playlist. */
export interface MultivariantPlaylist extends Common {
  readonly kind: 'multivariant'
  readonly variants: readonly Variant[]
  readonly iFrameVariants: readonly Variant[]
  readonly renditions: readonly Rendition[]
  readonly contentSteering: ContentSteering | undefined
  readonly sessionKeys: readonly Key[]
}

/** What a body that is no playlist looks like. */
export type Lookalike = 'empty' | 'html' | 'xml' | 'json' | 'binary' | 'text'

/** A body without #EXTM3U in front. */
export interface NotAPlaylist {
  readonly kind: 'not-a-playlist'
  readonly looksLike: Lookalike
  readonly findings: readonly Finding[]
}

export type Playlist = MultivariantPlaylist | MediaPlaylist | NotAPlaylist

/**
 * The absolute URL of `uri` in a playlist fetched from `base` (the final URL, redirects followed),
 * or `undefined` where it is no http or https URL: nothing else is ever requested.
 */
export function resolveUri(uri: string, base: string): string | undefined {
  const url = URL.parse(uri, base)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
    ? url.href
    : undefined
}
