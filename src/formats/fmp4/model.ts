/** What a track carries, by its handler. */
export type TrackKind = 'video' | 'audio' | 'text' | 'other'

/** One track of an initialisation segment. */
export interface Track {
  readonly id: number
  /** Ticks a second of its decode times and durations; never 0. */
  readonly timescale: number
  readonly kind: TrackKind
  /** The four characters of its sample entry, of the original one where it is encrypted: `avc1`. */
  readonly codec: string | undefined
  readonly encrypted: boolean
  /** The default key id, 32 hexadecimal digits, where it is encrypted and says so. */
  readonly keyId: string | undefined
  /** Defaults of its fragments (`trex`), in ticks, and sample flags. */
  readonly defaultDuration: number | undefined
  readonly defaultFlags: number | undefined
}

/** An initialisation segment (ISO/IEC 14496-12, `moov`). */
export interface Init {
  /** At most sixteen. */
  readonly tracks: readonly Track[]
}

/**
 * The media of one track in what was scanned. Times are decode times in ticks of the track's
 * timescale, as doubles: beyond 2^53 they are exact to one part in 2^53.
 */
export interface TrackMedia {
  readonly id: number
  /** Decode time of the first sample; absent where no `tfdt` gives it. */
  readonly start: number | undefined
  /** Where the last fragment ends; absent where the duration of its samples is not known. */
  readonly end: number | undefined
  /** Ticks of all samples together; absent where that of some is not known. */
  readonly duration: number | undefined
  readonly samples: number
  /** Whether the first sample can be decoded without others; absent where nothing says so. */
  readonly startsWithKey: boolean | undefined
  /** Fragments that do not begin where the one before ended. */
  readonly jumps: number
  /** The widest of these jumps in ticks, forward or back, without its sign. */
  readonly widestJump: number
}

/** A producer reference time (`prft`): a wall clock beside a media time. */
export interface ReferenceTime {
  readonly trackId: number
  /** Wall time of the producer's clock, milliseconds since the Unix epoch. */
  readonly wall: number
  /** In ticks of the track. */
  readonly mediaTime: number
  /**
   * What was done at that time: 0 the picture entered the encoder, 1 left it, 2 the fragment was
   * finished, 4 written, 8 any other consistent moment, 24 captured (flags of the box).
   */
  readonly moment: number
}

/** An event message (`emsg`), such as SCTE-35. */
export interface EventMessage {
  readonly scheme: string
  readonly value: string
  readonly timescale: number
  /** Ticks; from the start of the segment in version 0, of the presentation in version 1. */
  readonly time: number
  readonly isRelative: boolean
  readonly duration: number
  readonly id: number
}

/** A segment index (`sidx`), as used with byte ranges. */
export interface SegmentIndex {
  readonly timescale: number
  /** In ticks. */
  readonly earliest: number
  readonly duration: number
  readonly references: number
}

/** What a scan of fragmented MP4 found so far. */
export interface Fmp4Report {
  readonly bytes: number
  readonly boxes: number
  /** Why scanning ended before the bytes did: `no box begins at byte 812`. */
  readonly damage: string | undefined
  /** The bytes end inside a box that says how long it is. */
  readonly cut: boolean
  /** Where a `moov` was among them. */
  readonly init: Init | undefined
  /** How many `moof` there were. */
  readonly fragments: number
  /** Sequence numbers (`mfhd`) of the first and the last fragment. */
  readonly firstSequence: number | undefined
  readonly lastSequence: number | undefined
  /** Fragments whose sequence number is not above that of the one before. */
  readonly sequenceRegressions: number
  /** At most sixteen. */
  readonly tracks: readonly TrackMedia[]
  /** The last one. */
  readonly referenceTime: ReferenceTime | undefined
  /** The first sixteen; `eventCount` counts all. */
  readonly events: readonly EventMessage[]
  readonly eventCount: number
  readonly index: SegmentIndex | undefined
}
