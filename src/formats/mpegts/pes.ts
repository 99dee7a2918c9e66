import { type PtsRange, ptsDifference, type StreamKind } from './report.ts'

/** Stream ids whose PES packets have no optional header (ISO 13818-1 2.4.3.7). */
const headerless: ReadonlySet<number> = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff])

/** The stream id of a PES packet that begins at `at`, or −1 where none does. */
export function pesStreamId(data: Buffer, at: number, end: number): number {
  if (at + 4 > end || data[at] !== 0 || data[at + 1] !== 0 || data[at + 2] !== 1) return -1
  return data[at + 3] ?? -1
}

/** What a stream id says about the content; 0xFD (extended) and private streams say nothing. */
export function kindOfStreamId(id: number): StreamKind {
  if (id >= 0xe0 && id <= 0xef) return 'video'
  return id >= 0xc0 && id <= 0xdf ? 'audio' : 'other'
}

/** The PTS of the PES packet at `at` in ticks of 90 kHz, or −1 where it carries none. */
export function readPts(data: Buffer, at: number, end: number): number {
  if (at + 14 > end || headerless.has(data[at + 3] ?? 0xff)) return -1
  if (((data[at + 7] ?? 0) & 0x80) === 0) return -1
  const high = data[at + 9] ?? 0
  const middle = ((data[at + 10] ?? 0) << 8) | (data[at + 11] ?? 0)
  const low = ((data[at + 12] ?? 0) << 8) | (data[at + 13] ?? 0)
  // The prefix 001x and three marker bits: anything else is damage.
  if ((high & 0xe1) !== 0x21 || (middle & low & 1) === 0) return -1
  return ((high >> 1) & 7) * 2 ** 30 + (middle >> 1) * 2 ** 15 + (low >> 1)
}

/** Follows the presentation times of one PID across the wrap at 2^33. */
export class PtsTrack {
  readonly #first: number
  #lastRaw: number
  #last: number
  #min: number
  #max: number
  #count = 1

  constructor(first: number) {
    this.#first = first
    this.#lastRaw = first
    this.#last = first
    this.#min = first
    this.#max = first
  }

  push(pts: number): void {
    this.#last += ptsDifference(this.#lastRaw, pts)
    this.#lastRaw = pts
    if (this.#last < this.#min) this.#min = this.#last
    if (this.#last > this.#max) this.#max = this.#last
    this.#count++
  }

  range(): PtsRange {
    return {
      first: this.#first,
      last: this.#last,
      min: this.#min,
      max: this.#max,
      count: this.#count,
    }
  }
}
