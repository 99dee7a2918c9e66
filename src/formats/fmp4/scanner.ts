import { longestHeader, readHeader } from './box.ts'
import { readFragment } from './fragment.ts'
import { mostTracks, readMovie } from './init.ts'
import type { EventMessage, Fmp4Report, Init, ReferenceTime, SegmentIndex } from './model.ts'
import { readEvent, readIndex, readReferenceTime } from './side-boxes.ts'
import { TrackSum } from './track-sum.ts'

/** The boxes that are read, each with the most bytes that its body may have; all others are passed over. */
const kept: ReadonlyMap<string, number> = new Map([
  ['moov', 4 * 2 ** 20],
  ['moof', 4 * 2 ** 20],
  ['sidx', 2 ** 20],
  ['emsg', 2 ** 16],
  ['prft', 64],
])
const mostEvents = 16

/**
 * Scans fragmented MP4 (ISO/IEC 14496-12, CMAF ISO/IEC 23000-19) as it arrives, in chunks of any
 * size: initialisation segments, media segments, both in one. Media itself is passed over, so memory
 * stays below the size of one `moov` or `moof`. Nothing in the bytes makes it throw.
 */
export class Fmp4Scanner {
  #bytes = 0
  #boxes = 0
  #damage: string | undefined
  #init: Init | undefined
  #fragments = 0
  #firstSequence: number | undefined
  #lastSequence: number | undefined
  #sequenceRegressions = 0
  readonly #tracks = new Map<number, TrackSum>()
  #referenceTime: ReferenceTime | undefined
  readonly #events: EventMessage[] = []
  #eventCount = 0
  #index: SegmentIndex | undefined
  /** Bytes of a header that is not whole yet. */
  #head: Buffer = Buffer.alloc(0)
  /** The box whose body is coming: how much is still to come, and what is kept of it. */
  #type = ''
  #left = 0
  #body: Buffer[] | undefined

  /** `init` gives the defaults of fragments where the initialisation segment came before. */
  constructor(init?: Init) {
    this.#init = init
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#damage !== undefined) return
    for (let at = 0; at < chunk.length;) {
      at += this.#left > 0 ? this.#takeBody(chunk, at) : this.#takeHeader(chunk, at)
      if (this.#damage !== undefined) return
    }
  }

  report(): Fmp4Report {
    const isOpen = this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY
    return {
      bytes: this.#bytes,
      boxes: this.#boxes,
      damage: this.#damage,
      cut: this.#damage === undefined && (isOpen || this.#head.length > 0),
      init: this.#init,
      fragments: this.#fragments,
      firstSequence: this.#firstSequence,
      lastSequence: this.#lastSequence,
      sequenceRegressions: this.#sequenceRegressions,
      tracks: [...this.#tracks.values()].map((track) => track.report()),
      referenceTime: this.#referenceTime,
      events: [...this.#events],
      eventCount: this.#eventCount,
      index: this.#index,
    }
  }

  /** Takes what belongs to a header; gives how many bytes of the chunk that were. */
  #takeHeader(chunk: Buffer, at: number): number {
    const before = this.#head.length
    const more = chunk.subarray(at, at + longestHeader - before)
    const head = before === 0 ? more : Buffer.concat([this.#head, more])
    const header = readHeader(head)
    if (header === undefined) {
      this.#head = Buffer.from(head)
      return more.length
    }
    this.#head = Buffer.alloc(0)
    if (header === 'damaged') {
      this.#damage = `no box begins at byte ${this.#bytes - (chunk.length - at) - before}`
      return more.length
    }
    this.#boxes++
    this.#type = header.type
    this.#left = header.body
    const limit = kept.get(header.type)
    this.#body = limit !== undefined && header.body <= limit ? [] : undefined
    if (limit !== undefined && header.body > limit)
      this.#damage = `a ${header.type} box is too long`
    if (header.body === 0) this.#finish()
    return header.header - before
  }

  #takeBody(chunk: Buffer, at: number): number {
    const part = chunk.subarray(at, Math.min(chunk.length, at + this.#left))
    this.#body?.push(part)
    this.#left -= part.length
    if (this.#left === 0) this.#finish()
    return part.length
  }

  #finish(): void {
    const parts = this.#body
    this.#body = undefined
    if (parts === undefined) return
    const [only] = parts
    const body = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
    switch (this.#type) {
      case 'moov':
        this.#init = readMovie(body)
        break
      case 'moof':
        this.#takeFragment(body)
        break
      case 'prft':
        this.#referenceTime = readReferenceTime(body) ?? this.#referenceTime
        break
      case 'sidx':
        this.#index ??= readIndex(body)
        break
      case 'emsg':
        this.#takeEvent(body)
        break
    }
  }

  #takeFragment(body: Buffer): void {
    const fragment = readFragment(body, this.#init)
    this.#fragments++
    if (fragment.damaged) this.#damage = `fragment ${this.#fragments} is damaged`
    const { sequence } = fragment
    if (sequence !== undefined) {
      this.#firstSequence ??= sequence
      const isLater = this.#lastSequence === undefined || sequence > this.#lastSequence
      if (!isLater) this.#sequenceRegressions++
      this.#lastSequence = sequence
    }
    for (const run of fragment.runs) {
      let sum = this.#tracks.get(run.trackId)
      if (sum === undefined) {
        if (this.#tracks.size >= mostTracks) continue
        sum = new TrackSum(run.trackId)
        this.#tracks.set(run.trackId, sum)
      }
      sum.add(run)
    }
  }

  #takeEvent(body: Buffer): void {
    const event = readEvent(body)
    if (event === undefined) return
    this.#eventCount++
    if (this.#events.length < mostEvents) this.#events.push(event)
  }
}

/** Scans bytes that are whole in memory; `init` as in the scanner. */
export function readFmp4(bytes: Buffer, init?: Init): Fmp4Report {
  const scanner = new Fmp4Scanner(init)
  scanner.push(bytes)
  return scanner.report()
}
