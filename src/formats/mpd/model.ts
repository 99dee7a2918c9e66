import type { Finding } from '../../core/sample.ts'

/** A manifest (ISO/IEC 23009-1) as far as a monitor of live streams needs it. */
export interface Mpd {
  readonly kind: 'mpd'
  readonly isDynamic: boolean
  /** Wall milliseconds. */
  readonly availabilityStart: number | undefined
  readonly publishTime: number | undefined
  /** Seconds. */
  readonly minimumUpdatePeriod: number | undefined
  readonly timeShiftBufferDepth: number | undefined
  readonly suggestedPresentationDelay: number | undefined
  readonly maxSegmentDuration: number | undefined
  readonly duration: number | undefined
  /** Where the manifest is to be asked for next, as written. */
  readonly location: string | undefined
  readonly utcTimings: readonly UtcTiming[]
  /** Seconds behind the live edge that a player should be (ServiceDescription, Latency). */
  readonly latency: { readonly target: number | undefined } | undefined
  /** Named by ContentSteering; not followed. */
  readonly steering: boolean
  readonly patch: boolean
  readonly periods: readonly Period[]
  readonly findings: readonly Finding[]
}

/** A body that is no manifest, with why. */
export interface NotAnMpd {
  readonly kind: 'not-an-mpd'
  /** The rest of a sentence: `is no manifest but looks like html`. */
  readonly says: string
}

/** A way to ask for the time. */
export interface UtcTiming {
  readonly scheme: 'direct' | 'http-xsdate' | 'http-iso' | 'http-head' | 'other'
  readonly value: string
}

export interface Period {
  readonly id: string | undefined
  /** Seconds since availabilityStart. */
  readonly start: number
  /** Seconds since availabilityStart; absent where it is not known yet. */
  readonly end: number | undefined
  readonly representations: readonly Representation[]
}

export type ContentKind = 'video' | 'audio' | 'text' | 'other'

export interface Representation {
  /** Stays the same over periods and updates: kind, adaptation set, id. */
  readonly key: string
  readonly id: string
  readonly kind: ContentKind
  /** Bits a second. */
  readonly bandwidth: number | undefined
  readonly codecs: string | undefined
  readonly width: number | undefined
  readonly height: number | undefined
  /** The key id of its ContentProtection, lower-case hexadecimal digits. */
  readonly keyId: string | undefined
  readonly isProtected: boolean
  /** The absolute URL that its segment URLs are relative to. */
  readonly base: string
  /** Seconds that segments may be had before they are complete; infinite where always. */
  readonly availabilityTimeOffset: number
  /** A segment is whole when it becomes available. */
  readonly availabilityTimeComplete: boolean
  readonly addressing: Addressing
  /** A ProducerReferenceTime stands in the manifest. */
  readonly hasReferenceTime: boolean
}

/** How segments are found. Times are in ticks of `timescale`, from the start of the period's media. */
export type Addressing = TemplateAddressing | ListAddressing | SingleAddressing

interface Timed {
  readonly timescale: number
  /** The media time at the start of the period. */
  readonly presentationTimeOffset: bigint
}

export interface TemplateAddressing extends Timed {
  readonly type: 'template'
  readonly media: string
  readonly initialization: string | undefined
  readonly startNumber: number
  readonly endNumber: number | undefined
  /** Ticks of every segment; absent where a timeline says. */
  readonly segmentDuration: number | undefined
  readonly timeline: readonly TimelineRun[] | undefined
}

export interface ListAddressing extends Timed {
  readonly type: 'list'
  readonly initialization: Place | undefined
  readonly startNumber: number
  readonly segmentDuration: number | undefined
  readonly timeline: readonly TimelineRun[] | undefined
  readonly segments: readonly Place[]
}

/** One file with an index in it (SegmentBase), or without any addressing. */
export interface SingleAddressing {
  readonly type: 'single'
  readonly indexRange: string | undefined
}

/** Part of a resource. */
export interface Place {
  /** As written; absent where it is the base itself. */
  readonly url: string | undefined
  readonly range: string | undefined
}

/** Segments of equal duration in a row: one `S` of a timeline. */
export interface TimelineRun {
  /** Media time of the first one. */
  readonly start: bigint
  /** Ticks of each; never 0. */
  readonly duration: number
  /** How many; infinite for `r="-1"` at the end, which goes on until the live edge. */
  readonly count: number
  /** How many segments of the timeline come before. */
  readonly before: number
}
