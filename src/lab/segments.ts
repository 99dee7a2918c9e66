import { LOOP_SECONDS, type Clip, type ClipSecond, type Look, type RenditionName } from './clip.ts'
import { muxFragment, muxInit, type TrackKind } from './cmaf.ts'
import { muxSegment, type MuxFrame } from './mux.ts'
import { PART_SECONDS } from './stream.ts'

const TICKS_PER_SECOND = 90_000

/** A piece of the endless programme. */
export interface Cut {
  readonly rendition: RenditionName
  readonly look: Look
  /** Where it begins, in whole seconds since the Unix epoch. */
  readonly second: number
  /** Its length in whole seconds. */
  readonly seconds: number
  /** The piece of `PART_SECONDS` of it, where only that is wanted. */
  readonly part?: number
  /** As a CMAF segment of this track alone, where it is not a transport stream. */
  readonly track?: TrackKind
}

/** What a ladder needs to know of one rendition, in bit/s. */
export interface BitRates {
  readonly peak: number
  readonly average: number
}

/**
 * Cuts segments from the endlessly looped clip. The programme is a function of the wall clock:
 * second `s` since the Unix epoch shows second `s mod LOOP_SECONDS` of the clip with time stamps
 * `s · 90000 mod 2^33`. So every stream, edge and run of the lab agrees, and segments are shared.
 *
 * Keeps at most `cacheBytes` of segments; the longest unused go first.
 */
export class Segments {
  readonly clip: Clip
  readonly #cacheBytes: number
  readonly #cache = new Map<string, Buffer>()
  readonly #rates = new Map<string, BitRates>()
  #cached = 0

  constructor(clip: Clip, cacheBytes = 32 * 2 ** 20) {
    this.clip = clip
    this.#cacheBytes = cacheBytes
  }

  /** Bytes held at this moment; never more than `cacheBytes`. */
  get cachedBytes(): number {
    return this.#cached
  }

  /** The segment, which begins with a key frame, or a part of it. Callers must not change it. */
  get(cut: Cut): Buffer {
    const { rendition, look, second, seconds, part, track } = cut
    const key = `${rendition}/${look.picture}/${look.sound}/${second}/${seconds}/${part ?? ''}/${track ?? ''}`
    const known = this.#cache.get(key)
    const segment = known ?? muxed(ofPart(this.#frames(cut), cut), cut)
    if (known) this.#cache.delete(key)
    else this.#cached += segment.length
    this.#cache.set(key, segment)
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cached <= this.#cacheBytes) break
      this.#cache.delete(oldest)
      this.#cached -= length
    }
    return segment
  }

  /** The initialisation segment of a track; the sound is the same in all renditions. */
  init(rendition: RenditionName, kind: TrackKind): Buffer {
    const { width = 0, height = 0 } =
      this.clip.renditions.find(({ name }) => name === rendition) ?? {}
    const look: Look = { picture: 'test', sound: 'tone' }
    const [first] = this.clip.second(rendition, look, 0)[kind]
    return muxInit({ kind, first: first?.data ?? Buffer.alloc(0), width, height })
  }

  /** Peak and mean of all segments of this length, wherever in the loop they begin. */
  rates(rendition: RenditionName, seconds: number, track?: TrackKind): BitRates {
    const key = `${rendition}/${seconds}/${track ?? ''}`
    const known = this.#rates.get(key)
    if (known) return known
    const look: Look = { picture: 'test', sound: 'tone' }
    const bits = Array.from({ length: LOOP_SECONDS }, (_, second) => {
      const cut = { rendition, look, second, seconds, ...(track !== undefined && { track }) }
      return muxed(this.#frames(cut), cut).length * 8
    })
    const rates = {
      peak: Math.ceil(Math.max(...bits) / seconds),
      average: Math.round(bits.reduce((sum, size) => sum + size, 0) / bits.length / seconds),
    }
    this.#rates.set(key, rates)
    return rates
  }

  /** All frames of a cut, restamped, in order of time. */
  #frames({ rendition, look, second, seconds }: Cut): readonly MuxFrame[] {
    const frames: MuxFrame[] = []
    for (let offset = 0; offset < seconds; offset += 1) {
      const absolute = second + offset
      const index = absolute % LOOP_SECONDS
      const shift = (absolute - index) * TICKS_PER_SECOND
      frames.push(...interleave(this.clip.second(rendition, look, index), shift))
    }
    return frames
  }
}

function muxed(frames: readonly MuxFrame[], { track, second, seconds }: Cut): Buffer {
  if (track === undefined) return muxSegment(frames)
  const own = frames.filter(({ kind }) => kind === track)
  return muxFragment(own, Math.floor(second / seconds))
}

/** The frames whose time lies in the part; those of all parts together are those of the segment. */
function ofPart(frames: readonly MuxFrame[], { second, part }: Cut): readonly MuxFrame[] {
  if (part === undefined) return frames
  const from = (second + part * PART_SECONDS) * TICKS_PER_SECOND
  const to = from + PART_SECONDS * TICKS_PER_SECOND
  return frames.filter(({ ticks }) => ticks >= from - 0.5 && ticks < to - 0.5)
}

/** Picture and sound in order of time; at the same time the picture comes first. */
function interleave({ video, audio }: ClipSecond, shift: number): MuxFrame[] {
  const stamped = (kind: MuxFrame['kind'], frames: ClipSecond['video']) =>
    frames.map(({ ticks, key, data }) => ({ kind, ticks: ticks + shift, key, data }))
  return [...stamped('video', video), ...stamped('audio', audio)].sort((a, b) => a.ticks - b.ticks)
}
