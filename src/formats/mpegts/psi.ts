import { crc32 } from './crc32.ts'
import type { StreamKind } from './report.ts'

/** PAT and PMT sections are at most 1,021 bytes beyond their length field (ISO 13818-1 2.4.4). */
const maxSection = 1_024

/** Puts the sections of one PID together from the payloads of its packets. */
export class SectionAssembler {
  // From Node's pool: a scanner lives as long as one segment.
  readonly #section = Buffer.allocUnsafe(maxSection)
  #have = 0
  #collecting = false

  /** Takes a payload; `onSection` gets each complete section, valid only during the call. */
  push(
    data: Buffer,
    from: number,
    to: number,
    unitStart: boolean,
    onSection: (section: Buffer) => void,
  ): void {
    let at = from
    if (unitStart) {
      const start = at + 1 + (data[at] ?? 0)
      if (start > to) {
        this.reset()
        return
      }
      // What stands before the pointed-at byte ends the section under way.
      if (this.#collecting) this.#take(data, at + 1, start, onSection)
      this.#collecting = true
      this.#have = 0
      at = start
    }
    while (this.#collecting && at < to) {
      if (this.#have === 0 && data[at] === 0xff) {
        // Stuffing runs to the end of the packet.
        this.#collecting = false
        return
      }
      at = this.#take(data, at, to, onSection)
    }
  }

  /** Forgets a section under way, after a continuity error. */
  reset(): void {
    this.#collecting = false
    this.#have = 0
  }

  /** Copies up to the end of the section under way; returns where the next one may begin. */
  #take(data: Buffer, from: number, to: number, onSection: (section: Buffer) => void): number {
    let at = from
    while (at < to) {
      const wanted = this.#have < 3 ? 3 : this.#length()
      if (wanted > maxSection) {
        this.reset()
        return to
      }
      const count = Math.min(wanted - this.#have, to - at)
      data.copy(this.#section, this.#have, at, at + count)
      this.#have += count
      at += count
      if (this.#have >= 3 && this.#have === this.#length()) {
        onSection(this.#section.subarray(0, this.#have))
        this.#have = 0
        return at
      }
    }
    return at
  }

  #length(): number {
    return 3 + (((this.#section[1] ?? 0) & 0x0f) << 8) + (this.#section[2] ?? 0)
  }
}

/** What a section says; `bad-crc` where it is damaged, `other` for any other table. */
export type Psi =
  | { readonly table: 'pat'; readonly pmtPids: readonly number[] }
  | {
      readonly table: 'pmt'
      readonly program: number
      /** The PID with the clock of the program; 0x1FFF where it has none. */
      readonly pcrPid: number
      readonly streams: readonly { readonly pid: number; readonly type: number }[]
    }
  | { readonly table: 'cat' }
  | { readonly table: 'bad-crc' }
  | { readonly table: 'other' }

const other = { table: 'other' } as const

/** Reads a PAT, CAT or PMT section (ISO 13818-1 2.4.4.3 to 2.4.4.8); `undefined` where it is not yet in force. */
export function readSection(section: Buffer): Psi | undefined {
  const table = section[0]
  if ((table !== 0 && table !== 1 && table !== 2) || section.length < 12) return other
  if (crc32(section, 0, section.length) !== 0) return { table: 'bad-crc' }
  // current_next_indicator 0: announced, not yet in force.
  if (((section[5] ?? 0) & 1) === 0) return undefined
  if (table === 1) return { table: 'cat' }
  const end = section.length - 4
  if (table === 0) {
    const pmtPids: number[] = []
    for (let at = 8; at + 4 <= end; at += 4) {
      // Program 0 points at the network information table.
      if (section.readUInt16BE(at) !== 0) pmtPids.push(section.readUInt16BE(at + 2) & 0x1fff)
    }
    return { table: 'pat', pmtPids }
  }
  if (end < 12) return other
  const streams: { pid: number; type: number }[] = []
  let at = 12 + (section.readUInt16BE(10) & 0x0fff)
  while (at + 5 <= end) {
    streams.push({ type: section[at] ?? 0, pid: section.readUInt16BE(at + 1) & 0x1fff })
    at += 5 + (section.readUInt16BE(at + 3) & 0x0fff)
  }
  const program = section.readUInt16BE(3)
  return { table: 'pmt', program, pcrPid: section.readUInt16BE(8) & 0x1fff, streams }
}

/** MPEG-1/2/4, AVC, HEVC, VVC, CAVS, AVS, VC-1 and encrypted AVC (ISO 13818-1 table 2-34, HLS sample encryption). */
const videoTypes: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x10, 0x1b, 0x20, 0x24, 0x33, 0x42, 0xd1, 0xd2, 0xea, 0xdb,
])
/** MPEG-1/2, AAC (ADTS, LATM), AC-3, E-AC-3, DTS, MPEG-H and their encrypted forms. */
const audioTypes: ReadonlySet<number> = new Set([
  0x03, 0x04, 0x0f, 0x11, 0x1c, 0x2d, 0x2e, 0x81, 0x82, 0x87, 0xc1, 0xc2, 0xcf,
])

/** What a stream type carries. */
export function kindOfStreamType(type: number): StreamKind {
  if (videoTypes.has(type)) return 'video'
  return audioTypes.has(type) ? 'audio' : 'other'
}
