import type { MuxFrame } from './mux.ts'
import { lengthPrefixed, soundConfig } from './rtmp/flv-frames.ts'

/** What a CMAF track carries: one of picture and sound, never both (ISO/IEC 23000-19, 7.3.1). */
export type TrackKind = MuxFrame['kind']

/** Ticks a second of both tracks: whole numbers for pictures and for frames of sound alike. */
export const timescale = 90_000

const trackId = 1
/** Sample flags (ISO/IEC 14496-12, 8.8.3.1): one that depends on none, and one that does. */
const syncSample = 0x02000000
const otherSample = 0x01010000
/** Frames of sound have 1024 samples at 48 kHz. */
const soundTicks = 1_920
const soundRate = 48_000
const adtsHeader = 7
/** Undetermined language in 5 bits a letter (8.4.2.3). */
const undetermined = 0x55c4
const identity = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]

/** What an initialisation segment says of its track. */
export interface TrackSetup {
  readonly kind: TrackKind
  /** The first frame of it, a key frame where it is a picture. */
  readonly first: Buffer
  readonly width: number
  readonly height: number
}

/** Writes the initialisation segment of a track (ISO/IEC 23000-19, 7.3.2.1). */
export function muxInit(setup: TrackSetup): Buffer {
  const isVideo = setup.kind === 'video'
  const { width, height } = isVideo ? setup : { width: 0, height: 0 }
  const volume = isVideo ? 0 : 0x0100
  return Buffer.concat([
    box('ftyp', ascii('iso6'), u32(0), ascii('iso6cmfcdash')),
    box(
      'moov',
      full(
        'mvhd',
        0,
        0,
        zeros(8),
        u32(timescale, 0, 0x10000),
        u16(0x0100),
        zeros(10),
        u32(...identity),
        zeros(24),
        u32(2),
      ),
      box(
        'trak',
        full(
          'tkhd',
          0,
          3,
          zeros(8),
          u32(trackId, 0, 0),
          zeros(8),
          u16(0, 0, volume, 0),
          u32(...identity, width * 0x10000, height * 0x10000),
        ),
        box(
          'mdia',
          full('mdhd', 0, 0, zeros(8), u32(timescale, 0), u16(undetermined, 0)),
          full('hdlr', 0, 0, u32(0), ascii(isVideo ? 'vide' : 'soun'), zeros(12), ascii('lab\0')),
          box(
            'minf',
            isVideo ? full('vmhd', 0, 1, zeros(8)) : full('smhd', 0, 0, zeros(4)),
            box('dinf', full('dref', 0, 0, u32(1), full('url ', 0, 1))),
            box(
              'stbl',
              full('stsd', 0, 0, u32(1), isVideo ? pictureEntry(setup) : soundEntry(setup.first)),
              full('stts', 0, 0, u32(0)),
              full('stsc', 0, 0, u32(0)),
              full('stsz', 0, 0, u32(0, 0)),
              full('stco', 0, 0, u32(0)),
            ),
          ),
        ),
      ),
      box('mvex', full('trex', 0, 0, u32(trackId, 1, 0, 0, 0))),
    ),
  ])
}

/**
 * Writes the frames of one track, in order of time, as a media segment of one fragment. Parameter
 * sets stay in the pictures (`avc3`), since a black picture may have others. Times go on for ever.
 */
export function muxFragment(frames: readonly MuxFrame[], sequence: number): Buffer {
  const isVideo = frames[0]?.kind === 'video'
  const samples = frames.map((frame, nth) => {
    const data = isVideo ? lengthPrefixed(frame.data) : frame.data.subarray(adtsHeader)
    const next = frames[nth + 1]?.ticks
    const before = frames[nth - 1]?.ticks ?? frame.ticks - soundTicks
    const duration = next === undefined ? frame.ticks - before : next - frame.ticks
    return { data, duration, flags: !isVideo || frame.key ? syncSample : otherSample }
  })
  // Duration, size and flags of each sample, and where the first one's data begin.
  const runFlags = 0x000701
  const traf = (offset: number) =>
    box(
      'traf',
      // Times count from the fragment itself (default-base-is-moof).
      full('tfhd', 0, 0x020000, u32(trackId)),
      full('tfdt', 1, 0, u64(frames[0]?.ticks ?? 0)),
      full(
        'trun',
        0,
        runFlags,
        u32(samples.length, offset),
        ...samples.map(({ data, duration, flags }) => u32(duration, data.length, flags)),
      ),
    )
  const moof = (offset: number) =>
    box('moof', full('mfhd', 0, 0, u32(sequence >>> 0)), traf(offset))
  return Buffer.concat([
    box('styp', ascii('msdh'), u32(0), ascii('msdhmsixcmfs')),
    moof(moof(0).length + 8),
    box('mdat', ...samples.map(({ data }) => data)),
  ])
}

/** AVCSampleEntry with an AVCDecoderConfigurationRecord that leaves parameter sets to the pictures. */
function pictureEntry({ first, width, height }: TrackSetup): Buffer {
  const at = first.indexOf(Buffer.of(0, 0, 1, 0x67))
  const profile = first.subarray(at + 4, at + 7)
  return box(
    'avc3',
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    zeros(32),
    u16(0x0018, 0xffff),
    box('avcC', Buffer.concat([Buffer.of(1), profile, Buffer.of(0xff, 0xe0, 0)])),
  )
}

/** MP4AudioSampleEntry with the AudioSpecificConfig of the first frame (ISO/IEC 14496-14, 5.6). */
function soundEntry(first: Buffer): Buffer {
  const config = soundConfig(first)
  const decoderSpecific = descriptor(5, config)
  // Audio (0x40), an audio stream (0x15), and rates that are not told.
  const decoder = descriptor(4, Buffer.of(0x40, 0x15, 0, 0, 0), zeros(8), decoderSpecific)
  const stream = descriptor(3, u16(trackId), Buffer.of(0), decoder, descriptor(6, Buffer.of(2)))
  return box(
    'mp4a',
    zeros(6),
    u16(1),
    zeros(8),
    u16(2, 16, 0, 0),
    u32(soundRate * 0x10000),
    full('esds', 0, 0, stream),
  )
}

function descriptor(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag, body.length), body])
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u32(8 + body.length), ascii(type), body])
}

function full(type: string, version: number, flags: number, ...parts: readonly Buffer[]): Buffer {
  return box(type, u32(version * 2 ** 24 + flags), ...parts)
}

function zeros(length: number): Buffer {
  return Buffer.alloc(length)
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  values.forEach((value, nth) => bytes.writeUInt16BE(value, 2 * nth))
  return bytes
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, nth) => bytes.writeUInt32BE(value, 4 * nth))
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(Math.round(value)))
  return bytes
}
