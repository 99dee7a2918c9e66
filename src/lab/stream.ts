import { ChangeoverError } from '../core/errors.ts'

/** A live stream of the lab. */
export interface LabStream {
  /** Part of its addresses: lower-case letters, digits and hyphens, beginning with a letter or digit. */
  readonly name: string
  /** Whole seconds from 1 to 10; 2 unless told. */
  readonly segmentSeconds?: number
  /** Segments in a media playlist, from 3 to 100; 6 unless told. */
  readonly window?: number
  /** Whether the ladder announces CEA-608 captions; the pictures carry none. */
  readonly captions?: boolean
  /** Whether it is offered with low latency: parts, requests that wait, delta updates; not unless told. */
  readonly lowLatency?: boolean
}

/** A stream with every option decided. */
export interface Programme {
  readonly name: string
  readonly segmentSeconds: number
  readonly window: number
  readonly captions: boolean
  readonly lowLatency: boolean
}

/** Names of streams and edges: parts of addresses and of fault targets. */
const nameForm = /^[a-z0-9][a-z0-9-]{0,62}$/u

/** Segments stay so long after they left the playlist, counted in segments. */
const GRACE_SEGMENTS = 3

/** Parts of a low-latency stream last exactly five pictures. */
export const PART_SECONDS = 0.2

/** Whether `name` may name a stream or an edge. */
export function isName(name: string): boolean {
  return nameForm.test(name)
}

/** Fills in what was left open. Throws a usage error about the first one that is out of range. */
export function programmeOf(stream: LabStream): Programme {
  const { name, segmentSeconds = 2, window = 6, captions = false } = stream
  const { lowLatency = false } = stream
  if (!isName(name)) {
    throw new ChangeoverError('USAGE', `A stream cannot be called ${JSON.stringify(name)}.`, {
      todo: 'Use lower-case letters, digits and hyphens.',
    })
  }
  within(`segmentSeconds of stream ${name}`, segmentSeconds, 1, 10)
  within(`window of stream ${name}`, window, 3, 100)
  return { name, segmentSeconds, window, captions, lowLatency }
}

function within(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new ChangeoverError('USAGE', `The ${what} cannot be ${value}.`, {
    todo: `Use a whole number from ${least} to ${most}.`,
  })
}

/**
 * The media sequence number of the newest finished segment at wall time `at` (milliseconds since
 * the epoch). Segment `n` covers the seconds from `n · segmentSeconds` to `(n + 1) · segmentSeconds`
 * since the epoch, so numbers rise with the clock and go on after a restart.
 */
export function newestSequence({ segmentSeconds }: Programme, at: number): number {
  return Math.floor(at / 1_000 / segmentSeconds) - 1
}

/** How many parts a segment has. */
export function partsEach({ segmentSeconds }: Programme): number {
  return Math.round(segmentSeconds / PART_SECONDS)
}

/** When part `part` of segment `sequence` is finished: wall time in milliseconds since the epoch. */
export function partEnd({ segmentSeconds }: Programme, sequence: number, part: number): number {
  return Math.round((sequence * segmentSeconds + (part + 1) * PART_SECONDS) * 1_000)
}

/** How many parts of the segment after the newest whole one are finished at wall time `at`. */
export function partsOfNext(programme: Programme, at: number): number {
  const begins = (newestSequence(programme, at) + 1) * programme.segmentSeconds * 1_000
  return Math.floor((at - begins) / (PART_SECONDS * 1_000) + 1e-6)
}

/** Whether segment `sequence` can be fetched at wall time `at`: finished, and not long gone. */
export function isAvailable(programme: Programme, sequence: number, at: number): boolean {
  const newest = newestSequence(programme, at)
  return sequence <= newest && sequence > newest - programme.window - GRACE_SEGMENTS
}
