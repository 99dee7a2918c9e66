import { AUDIO_PID, patPacket, pmtPacket, VIDEO_PID } from './mux-tables.ts'

/** An access unit that is to be written. */
export interface MuxFrame {
  readonly kind: 'video' | 'audio'
  /** Presentation and decoding time in 90 kHz ticks of an endless clock; written modulo 2^33. */
  readonly ticks: number
  readonly key: boolean
  readonly data: Buffer
}

const PACKET = 188
const ROOM = PACKET - 4
const PES_HEADER = 14
const PCR_FIELD = 8
const WRAP = 2 ** 33
/** A decoder has this long between receiving a frame and showing it: 0.3 s. */
const PCR_LEAD = 27_000
/** PAT and PMT come again after so many pictures: 0.4 s, below the 0.5 s of TR 101 290, 1.3 and 1.5. */
const TABLES_EVERY = 10

/**
 * Writes frames, which must be in order of time, as one MPEG transport stream (ISO 13818-1): PAT
 * and PMT first, one PES packet a frame, a PCR on every picture. Continuity counters begin at 0 and
 * are continuous.
 */
export function muxSegment(frames: readonly MuxFrame[]): Buffer {
  const pictures = frames.filter(({ kind }) => kind === 'video').length
  const tables = 2 * Math.ceil(pictures / TABLES_EVERY)
  const packets = frames.reduce((sum, frame) => sum + packetsOf(frame), tables)
  const writer = new Writer(Buffer.allocUnsafe(packets * PACKET))
  let picture = 0
  for (const frame of frames) {
    if (frame.kind === 'video') {
      if (picture % TABLES_EVERY === 0) writer.tables()
      picture += 1
    }
    writer.frame(frame)
  }
  return writer.out
}

function packetsOf({ kind, data }: MuxFrame): number {
  return Math.ceil((PES_HEADER + data.length + (kind === 'video' ? PCR_FIELD : 0)) / ROOM)
}

class Writer {
  readonly out: Buffer
  #at = 0
  #tables = 0
  readonly #counters = { video: 0, audio: 0 }

  constructor(out: Buffer) {
    this.out = out
  }

  tables(): void {
    for (const packet of [patPacket, pmtPacket]) {
      packet.copy(this.out, this.#at)
      this.out[this.#at + 3] = 0x10 | (this.#tables & 0x0f)
      this.#at += PACKET
    }
    this.#tables += 1
  }

  frame(frame: MuxFrame): void {
    const pes = pesHeader(frame)
    const total = pes.length + frame.data.length
    for (let done = 0; done < total;) {
      const first = done === 0
      const wanted = first && frame.kind === 'video' ? PCR_FIELD : 0
      const size = Math.min(total - done, ROOM - wanted)
      const adaptation = ROOM - size
      this.#header(frame, first, adaptation)
      const from = this.#at - size
      const header = Math.max(0, Math.min(size, pes.length - done))
      if (header > 0) pes.copy(this.out, from, done, done + header)
      const start = done + header - pes.length
      frame.data.copy(this.out, from + header, start, start + size - header)
      done += size
    }
  }

  /** Writes header and adaptation field of one packet and moves to its end. */
  #header(frame: MuxFrame, first: boolean, adaptation: number): void {
    const { out } = this
    const at = this.#at
    out[at] = 0x47
    out.writeUInt16BE(
      (first ? 0x4000 : 0) | (frame.kind === 'video' ? VIDEO_PID : AUDIO_PID),
      at + 1,
    )
    out[at + 3] = (adaptation > 0 ? 0x30 : 0x10) | (this.#counters[frame.kind] & 0x0f)
    this.#counters[frame.kind] += 1
    this.#at += PACKET
    if (adaptation === 0) return
    out[at + 4] = adaptation - 1
    if (adaptation === 1) return
    const hasPcr = first && frame.kind === 'video'
    out[at + 5] = (first && frame.key ? 0x40 : 0) | (hasPcr ? 0x10 : 0)
    out.fill(0xff, at + 6, at + 4 + adaptation)
    if (hasPcr) writePcr(out, at + 6, wrapped(frame.ticks - PCR_LEAD))
  }
}

/** Ticks modulo 2^33, also for ticks below 0. */
function wrapped(ticks: number): number {
  return ((ticks % WRAP) + WRAP) % WRAP
}

/** PCR with extension 0 (ISO 13818-1, 2.4.3.5): 33 bits, 6 reserved, 9 bits of extension. */
function writePcr(out: Buffer, at: number, ticks: number): void {
  out.writeUInt32BE(Math.floor(ticks / 2), at)
  out.writeUInt16BE((ticks % 2) * 0x8000 + 0x7e00, at + 4)
}

/** PES header with a PTS alone (ISO 13818-1, 2.4.3.6); a picture's length is 0, "not bounded". */
function pesHeader({ kind, ticks, data }: MuxFrame): Buffer {
  const pts = wrapped(ticks)
  const header = Buffer.alloc(PES_HEADER)
  header.writeUInt32BE(kind === 'video' ? 0x1e0 : 0x1c0)
  if (kind === 'audio') header.writeUInt16BE(data.length + PES_HEADER - 6, 4)
  header[6] = 0x84 // data_alignment_indicator
  header[7] = 0x80
  header[8] = PES_HEADER - 9
  header[9] = 0x21 | (Math.floor(pts / 2 ** 30) << 1)
  header.writeUInt16BE(((Math.floor(pts / 2 ** 15) & 0x7fff) << 1) | 1, 10)
  header.writeUInt16BE(((pts & 0x7fff) << 1) | 1, 12)
  return header
}
