import { crc32 } from '../../../src/formats/mpegts/crc32.ts'

/** The PIDs that `TsWriter` uses. */
export const pids = { pat: 0, pmt: 0x100, video: 0x101, audio: 0x102 } as const

/** Writes small but lawful transport streams for tests: PAT, PMT, PES of video (H.264) and audio (AAC). */
export class TsWriter {
  readonly #counters = new Map<number, number>()

  /** One packet with payload; a shorter payload is stuffed by an adaptation field. */
  packet(
    pid: number,
    payload: Buffer,
    options: { readonly unitStart?: boolean; readonly discontinuity?: boolean } = {},
  ): Buffer {
    const counter = this.#counters.get(pid) ?? 0
    this.#counters.set(pid, (counter + 1) & 0x0f)
    return rawPacket(pid, counter, payload, options)
  }

  /** PAT and PMT. */
  tables(): Buffer {
    return Buffer.concat([
      this.packet(pids.pat, psi(patSection()), { unitStart: true }),
      this.packet(pids.pmt, psi(pmtSection()), { unitStart: true }),
    ])
  }

  /** A PES packet of `size` bytes of content with this PTS (90 kHz), in as many packets as it takes. */
  pes(kind: 'video' | 'audio', pts: number, size: number): Buffer {
    const unit = Buffer.concat([
      pesHeader(kind === 'video' ? 0xe0 : 0xc0, pts),
      Buffer.alloc(size, pts & 0xff),
    ])
    const packets: Buffer[] = []
    for (let at = 0; at < unit.length; at += 184) {
      packets.push(this.packet(pids[kind], unit.subarray(at, at + 184), { unitStart: at === 0 }))
    }
    return Buffer.concat(packets)
  }

  /** Forgets the continuity counters, as packagers do at each segment. */
  restart(): void {
    this.#counters.clear()
  }

  /** A media segment: tables, then 25 video and about 43 audio units a second. */
  segment(startPts: number, seconds: number, bytesPerFrame = 1_000): Buffer {
    this.restart()
    const parts = [this.tables()]
    const frames = Math.round(seconds * 25)
    for (let frame = 0; frame < frames; frame++) {
      parts.push(this.pes('video', (startPts + frame * 3_600) % 2 ** 33, bytesPerFrame))
      parts.push(this.pes('audio', (startPts + frame * 3_600) % 2 ** 33, 100))
    }
    return Buffer.concat(parts)
  }
}

/** A packet with every field given. */
export function rawPacket(
  pid: number,
  counter: number,
  payload: Buffer,
  options: { readonly unitStart?: boolean; readonly discontinuity?: boolean } = {},
): Buffer {
  const packet = Buffer.alloc(188, 0xff)
  const stuffing = 184 - payload.length
  const adaptation = stuffing > 0 || options.discontinuity === true
  if (adaptation && stuffing < 2 && options.discontinuity === true) throw new Error('no room')
  packet[0] = 0x47
  packet[1] = (options.unitStart ? 0x40 : 0) | (pid >> 8)
  packet[2] = pid & 0xff
  packet[3] = (adaptation ? 0x20 : 0) | (payload.length > 0 ? 0x10 : 0) | counter
  if (adaptation) {
    packet[4] = stuffing - 1
    if (stuffing > 1) packet[5] = options.discontinuity ? 0x80 : 0
  }
  payload.copy(packet, 188 - payload.length)
  return packet
}

/** A section as the payload of one packet. */
export function psi(section: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0]), section, Buffer.alloc(183 - section.length, 0xff)])
}

/** A section without its checksum, with it. */
export function withCrc(section: Buffer): Buffer {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(section, 0, section.length))
  return Buffer.concat([section, crc])
}

/** One program, its map on PID 0x100. */
export function patSection(): Buffer {
  return withCrc(Buffer.from([0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0x00]))
}

/** H.264 with the clock, and AAC. */
export function pmtSection(): Buffer {
  return withCrc(
    Buffer.from([
      2, 0xb0, 23, 0, 1, 0xc1, 0, 0, 0xe1, 0x01, 0xf0, 0, 0x1b, 0xe1, 0x01, 0xf0, 0, 0x0f, 0xe1,
      0x02, 0xf0, 0,
    ]),
  )
}

/** The header of a PES packet of open length with a PTS. */
export function pesHeader(streamId: number, pts: number): Buffer {
  const bits = (divisor: number, mask: number) => Math.floor(pts / divisor) & mask
  return Buffer.from([
    0,
    0,
    1,
    streamId,
    0,
    0,
    0x80,
    0x80,
    5,
    0x21 | (bits(2 ** 30, 7) << 1),
    bits(2 ** 22, 0xff),
    (bits(2 ** 15, 0x7f) << 1) | 1,
    bits(2 ** 7, 0xff),
    (bits(1, 0x7f) << 1) | 1,
  ])
}
