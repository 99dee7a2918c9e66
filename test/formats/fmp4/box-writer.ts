/** A box of these parts. */
export function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body])
}

/** A full box: version and flags come first. */
export function full(type: string, version: number, flags: number, ...parts: readonly Buffer[]) {
  return box(type, u32(version * 2 ** 24 + flags), ...parts)
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, at * 4)
  return bytes
}

export function u64(value: number): Buffer {
  return u32(Math.floor(value / 2 ** 32), value % 2 ** 32)
}

interface TrackToWrite {
  readonly id?: number
  readonly timescale?: number
  readonly handler?: string
  /** The sample entry and what is in it, such as encryption. */
  readonly entry?: string
  readonly inEntry?: Buffer
  /** Default of `trex`. */
  readonly defaultDuration?: number
}

/** An initialisation segment of one track. */
export function initSegment({
  id = 1,
  timescale = 90_000,
  handler = 'vide',
  entry = 'avc1',
  inEntry = Buffer.alloc(0),
  defaultDuration = 0,
}: TrackToWrite = {}): Buffer {
  const fields = Buffer.alloc(handler === 'soun' ? 28 : 78)
  const stsd = full('stsd', 0, 0, u32(1), box(entry, fields, inEntry))
  return Buffer.concat([
    box('ftyp', Buffer.from('iso6'), u32(0), Buffer.from('cmfc')),
    box(
      'moov',
      box(
        'trak',
        full('tkhd', 0, 7, u32(0, 0, id, 0, 0), Buffer.alloc(60)),
        box(
          'mdia',
          full('mdhd', 0, 0, u32(0, 0, timescale, 0, 0)),
          full('hdlr', 0, 0, u32(0), Buffer.from(handler), Buffer.alloc(13)),
          box('minf', box('stbl', stsd)),
        ),
      ),
      box('mvex', full('trex', 0, 0, u32(id, 1, defaultDuration, 0, 0))),
    ),
  ])
}

export interface FragmentToWrite {
  readonly trackId?: number
  readonly sequence: number
  readonly decodeTime: number
  readonly samples?: number
  /** Ticks of each sample. */
  readonly sampleDuration?: number
  readonly bytes?: number
  /** A producer reference time, in wall milliseconds, at the start of the fragment. */
  readonly producedAt?: number
}

/** One fragment (`prft`, `moof`, `mdat`): the first sample is a key frame. */
export function fragment({
  trackId = 1,
  sequence,
  decodeTime,
  samples = 50,
  sampleDuration = 3_600,
  bytes = 1_000,
  producedAt,
}: FragmentToWrite): Buffer {
  const traf = box(
    'traf',
    full('tfhd', 0, 0x20_0028, u32(trackId, sampleDuration, 0x1_0000)),
    full('tfdt', 1, 0, u64(decodeTime)),
    full('trun', 0, 0x4, u32(samples, 0x200_0000)),
  )
  const seconds = (producedAt ?? 0) / 1_000 + 2_208_988_800
  const prft = full(
    'prft',
    1,
    24,
    u32(trackId, Math.floor(seconds), Math.floor((seconds % 1) * 2 ** 32)),
    u64(decodeTime),
  )
  return Buffer.concat([
    ...(producedAt === undefined ? [] : [prft]),
    box('moof', full('mfhd', 0, 0, u32(sequence)), traf),
    box('mdat', Buffer.alloc(bytes, 0x5a)),
  ])
}
