import { property, type Amf0Value } from '../../src/formats/amf0/value.ts'
import { readAudio } from '../../src/formats/flv/audio.ts'
import { readDecoderConfig, type DecoderConfig } from '../../src/formats/flv/decoder-config.ts'
import type { MediaPacket } from '../../src/formats/flv/packet.ts'
import { readVideo } from '../../src/formats/flv/video.ts'
import { timestampDifference, Track, type TrackCount, type TrackJumps } from './track.ts'

/**
 * Servers begin with what they kept since the last key frame, all at once. What arrives in the first
 * second is therefore not counted into rates and drift.
 */
const SETTLE_MS = 1_000
/** Rates over less time than this are noise. */
const SHORTEST_MS = 500
/** Without a second key frame, so much media says that they are rare. */
const RARE_KEY_MS = 10_000
/** A jump beyond this is a new time line: drift goes on from there. */
const NEW_LINE_MS = 1_000

/** What the stream says it is. */
export interface Announced {
  readonly width?: number
  readonly height?: number
  readonly frameRate?: number
  /** Of picture and sound together, in bit/s; only where both rates are announced. */
  readonly bitsPerSecond?: number
}

/** What came since the look before. Absent is what cannot be said yet. */
export interface Reading {
  readonly video: TrackJumps
  readonly audio: TrackJumps
  /** Present once enough time has passed to tell. */
  readonly rates?: Rates
  readonly keyIntervalMs?: number
  readonly skewMs?: number
  readonly driftMs?: number
  /** Messages whose header could not be read. */
  readonly malformed: number
}

/** What arrived in a while. */
export interface Rates {
  readonly overMs: number
  readonly video: TrackCount
  readonly audio: TrackCount
}

/** Counts and times the media of one connection, as it arrives. Times are monotonic milliseconds. */
export class Meter {
  readonly #tracks = { video: new Track(), audio: new Track() }
  /** When the newest frame of each arrived. */
  readonly arrivedAt: { video: number | undefined; audio: number | undefined } = {
    video: undefined,
    audio: undefined,
  }
  /** What decoders are set up for. */
  readonly configs: { video: DecoderConfig | undefined; audio: DecoderConfig | undefined } = {
    video: undefined,
    audio: undefined,
  }
  announced: Announced = {}
  firstAt: number | undefined
  /** Since when rates are counted. */
  #since: number | undefined
  #malformed = 0
  #skewMs: number | undefined
  #firstSeen: number | undefined
  #key: number | undefined
  #keyIntervalMs: number | undefined
  /** Arrival and media time from which drift counts, by the picture where there is one. */
  #origin:
    | { readonly kind: 'audio' | 'video'; readonly at: number; readonly timestamp: number }
    | undefined
  #driftMs: number | undefined

  /** Whether the connection has brought a frame. */
  get hasMedia(): boolean {
    return this.firstAt !== undefined
  }

  /** When the newest frame of any kind arrived. */
  get newestAt(): number | undefined {
    const { video, audio } = this.arrivedAt
    return video === undefined ? audio : audio === undefined ? video : Math.max(video, audio)
  }

  /** Takes an audio or video message. Set-up alone is no media: servers keep it for ever. */
  take(kind: 'audio' | 'video', timestamp: number, payload: Buffer, now: number): void {
    const { packets, problem } = kind === 'video' ? readVideo(payload) : readAudio(payload)
    if (problem !== undefined) this.#malformed += 1
    this.#settle(now)
    this.#tracks[kind].count(payload.length)
    let hasFrames = false
    let isKey = false
    for (const packet of packets) {
      if (packet.kind === 'config' && packet.track === 0) this.#configure(kind, packet)
      if (packet.kind !== 'frames' || packet.body.length === 0) continue
      this.configs[kind] ??= { codec: packet.codec }
      hasFrames = true
      isKey ||= packet.isKey
    }
    if (!hasFrames) return
    this.firstAt ??= now
    this.arrivedAt[kind] = now
    const jump = this.#tracks[kind].take(timestamp)
    if (kind === 'video' && isKey) this.#keyFrame(timestamp)
    this.#compare()
    this.#drift(kind, timestamp, jump, now)
  }

  /** Takes what onMetaData says. */
  describe(metadata: Amf0Value): void {
    const positive = (name: string) => {
      const value = property(metadata, name)
      return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : undefined
    }
    const [width, height] = [positive('width'), positive('height')]
    const frameRate = positive('framerate')
    // In kbit/s. A rate that an encoder does not know is 0.
    const [video, audio] = [positive('videodatarate'), positive('audiodatarate')]
    this.announced = {
      ...(width !== undefined && height !== undefined && { width, height }),
      ...(frameRate !== undefined && { frameRate }),
      ...(video !== undefined &&
        audio !== undefined && { bitsPerSecond: Math.round((video + audio) * 1_000) }),
    }
  }

  /** What came since the last call; rates since they were last told. */
  read(now: number): Reading {
    const { video, audio } = this.#tracks
    const keyIntervalMs = this.#keyInterval()
    const reading: Reading = {
      video: video.takeJumps(),
      audio: audio.takeJumps(),
      malformed: this.#malformed,
      ...this.#rates(now),
      ...(keyIntervalMs !== undefined && { keyIntervalMs }),
      ...(this.#skewMs !== undefined && { skewMs: this.#skewMs }),
      ...(this.#driftMs !== undefined && { driftMs: this.#driftMs }),
    }
    this.#malformed = 0
    this.#skewMs = undefined
    return reading
  }

  /** Begins to count for rates once what the server had kept is over. */
  #settle(now: number): void {
    if (this.#since !== undefined || this.firstAt === undefined) return
    if (now < this.firstAt + SETTLE_MS) return
    this.#since = now
    this.#tracks.video.takeCount()
    this.#tracks.audio.takeCount()
  }

  #rates(now: number): { readonly rates?: Rates } {
    this.#settle(now)
    if (this.#since === undefined || now - this.#since < SHORTEST_MS) return {}
    const overMs = now - this.#since
    this.#since = now
    const { video, audio } = this.#tracks
    return { rates: { overMs, video: video.takeCount(), audio: audio.takeCount() } }
  }

  #configure(kind: 'audio' | 'video', { codec, body }: MediaPacket): void {
    this.configs[kind] = readDecoderConfig(codec, body)
  }

  #keyFrame(timestamp: number): void {
    if (this.#key !== undefined) {
      const interval = timestampDifference(this.#key, timestamp)
      if (interval > 0) this.#keyIntervalMs = interval
    }
    this.#key = timestamp
  }

  /** Media time between the newest two key frames, or since the newest where that is longer. */
  #keyInterval(): number | undefined {
    const newest = this.#tracks.video.timestamp
    if (newest === undefined) return undefined
    this.#firstSeen ??= newest
    const since = timestampDifference(this.#key ?? this.#firstSeen, newest)
    if (this.#keyIntervalMs !== undefined) return Math.max(this.#keyIntervalMs, since)
    return since > RARE_KEY_MS ? since : undefined
  }

  /** How far picture and sound that arrive together are apart. */
  #compare(): void {
    const { video, audio } = this.#tracks
    if (video.timestamp === undefined || audio.timestamp === undefined) return
    const apart = Math.abs(timestampDifference(video.timestamp, audio.timestamp))
    this.#skewMs = Math.max(this.#skewMs ?? 0, apart)
  }

  #drift(kind: 'audio' | 'video', timestamp: number, jump: number, now: number): void {
    if (this.firstAt === undefined || now < this.firstAt + SETTLE_MS) return
    const origin = this.#origin
    if (origin?.kind === 'video' && kind === 'audio') return
    if (origin?.kind !== kind || Math.abs(jump) > NEW_LINE_MS) {
      const before = this.#driftMs ?? 0
      this.#origin = { kind, at: now - before, timestamp }
      this.#driftMs = before
      return
    }
    this.#driftMs = now - origin.at - timestampDifference(origin.timestamp, timestamp)
  }
}
