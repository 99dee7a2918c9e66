import type { Addressing, Mpd, Period, Representation, TimelineRun } from './model.ts'
import { fillTemplate, resolveUrl } from './urls.ts'

/** One segment of a representation. */
export interface MediaSegment {
  /** How many segments of the period's media come before it. */
  readonly index: number
  /** For people and findings: its number, or its time where it has none in its address. */
  readonly name: string
  /** Absolute; `undefined` where it is neither http nor https. */
  readonly url: string | undefined
  /** Bytes `first-last`, where it is part of a resource. */
  readonly range: string | undefined
  /** Seconds since availabilityStartTime. */
  readonly start: number
  readonly duration: number
  /** Wall milliseconds at which it is whole, by the manifest; absent without availabilityStartTime. */
  readonly completeAt: number | undefined
}

/** Segments that can be had at one moment: of one representation in one period. */
export interface LiveWindow {
  /** Indices of the oldest and the newest; `newest < oldest` where there is none. */
  readonly oldest: number
  readonly newest: number
  /**
   * The manifest lists what is there, so that a new segment needs a new manifest; else the clock
   * alone says which segment is the newest.
   */
  readonly isListed: boolean
}

/**
 * The segments of a representation that are whole at `wall` (milliseconds by the server's clock),
 * by arithmetic alone: nothing is enumerated, however long the stream has been on air
 * (ISO/IEC 23009-1, A.3). `undefined` where segments cannot be told apart (SegmentBase).
 */
export function liveWindow(
  mpd: Mpd,
  period: Period,
  { addressing }: Representation,
  wall: number,
): LiveWindow | undefined {
  if (addressing.type === 'single') return undefined
  /** Seconds from the start of the period to the moment, to its end, and to where the window begins. */
  const now =
    mpd.isDynamic && mpd.availabilityStart !== undefined
      ? (wall - mpd.availabilityStart) / 1_000 - period.start
      : Number.POSITIVE_INFINITY
  const length = period.end === undefined ? Number.POSITIVE_INFINITY : period.end - period.start
  const from = now - (mpd.timeShiftBufferDepth ?? Number.POSITIVE_INFINITY)
  const runs = addressing.timeline
  if (runs !== undefined) return listed(addressing, runs, now, length, mpd.isDynamic)
  const { segmentDuration: ticks, timescale } = addressing
  const last = lastIndex(addressing)
  if (ticks === undefined) return undefined
  const seconds = ticks / timescale
  const newest = Math.min(
    Math.floor(now / seconds + 1e-9) - 1,
    Math.ceil(length / seconds - 1e-9) - 1,
    last,
  )
  const oldest = Math.max(0, Math.floor(from / seconds))
  if (!Number.isFinite(newest)) return { oldest: 0, newest: -1, isListed: false }
  return {
    oldest: Number.isFinite(oldest) ? oldest : 0,
    newest,
    isListed: addressing.type === 'list',
  }
}

/** The last index that endNumber or the length of a list allows. */
function lastIndex(addressing: Exclude<Addressing, { type: 'single' }>): number {
  if (addressing.type === 'list') return addressing.segments.length - 1
  const { endNumber, startNumber } = addressing
  return endNumber === undefined ? Number.POSITIVE_INFINITY : endNumber - startNumber
}

function listed(
  addressing: Exclude<Addressing, { type: 'single' }>,
  runs: readonly TimelineRun[],
  now: number,
  length: number,
  isDynamic: boolean,
): LiveWindow {
  const last = runs.at(-1)
  if (last === undefined) return { oldest: 0, newest: -1, isListed: true }
  const limit = lastIndex(addressing)
  if (last.count !== Number.POSITIVE_INFINITY) {
    return { oldest: 0, newest: Math.min(last.before + last.count - 1, limit), isListed: true }
  }
  // The last run goes on until the end of the period, or the live edge.
  const until = Math.min(length, isDynamic ? now : Number.POSITIVE_INFINITY)
  const start = Number(last.start - addressing.presentationTimeOffset) / addressing.timescale
  const seconds = last.duration / addressing.timescale
  const whole = Math.floor((until - start) / seconds + 1e-9)
  const newest = Number.isFinite(whole) ? last.before + Math.max(0, whole) - 1 : last.before
  return { oldest: 0, newest: Math.min(newest, limit), isListed: false }
}

/** The segment with this index; `undefined` where there is none or segments cannot be told apart. */
export function segmentAt(
  mpd: Mpd,
  period: Period,
  representation: Representation,
  index: number,
): MediaSegment | undefined {
  const { addressing } = representation
  if (addressing.type === 'single' || index < 0 || index > lastIndex(addressing)) return undefined
  const timed = timeOf(addressing, index)
  if (timed === undefined) return undefined
  const { timescale, presentationTimeOffset, startNumber } = addressing
  const start = period.start + Number(timed.time - presentationTimeOffset) / timescale
  const duration = timed.ticks / timescale
  const number = startNumber + index
  const { availabilityStart } = mpd
  const base = {
    index,
    start,
    duration,
    completeAt:
      availabilityStart === undefined ? undefined : availabilityStart + (start + duration) * 1_000,
  }
  if (addressing.type === 'list') {
    const place = addressing.segments[index]
    const url = resolveUrl(place?.url ?? representation.base, representation.base)
    return { ...base, name: String(number), url, range: place?.range }
  }
  const { media } = addressing
  const filled = fillTemplate(media, {
    id: representation.id,
    bandwidth: representation.bandwidth,
    number,
    time: timed.time,
  })
  const name = media.includes('$Time') ? String(timed.time) : String(number)
  return { ...base, name, url: resolveUrl(filled, representation.base), range: undefined }
}

/** Media time and duration in ticks of the segment with this index. */
function timeOf(
  addressing: Exclude<Addressing, { type: 'single' }>,
  index: number,
): { time: bigint; ticks: number } | undefined {
  const { timeline, segmentDuration, presentationTimeOffset } = addressing
  if (timeline === undefined) {
    const ticks = segmentDuration ?? 0
    return { time: presentationTimeOffset + BigInt(ticks) * BigInt(index), ticks }
  }
  const run = runOf(timeline, index)
  if (run === undefined) return undefined
  const time = run.start + BigInt(run.duration) * BigInt(index - run.before)
  return { time, ticks: run.duration }
}

/** The run that holds an index, by halving. */
function runOf(runs: readonly TimelineRun[], index: number): TimelineRun | undefined {
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((runs[middle]?.before ?? 0) <= index) low = middle
    else high = middle - 1
  }
  const run = runs[low]
  return run !== undefined && index >= run.before && index < run.before + run.count
    ? run
    : undefined
}

/** The absolute URL and range of the initialisation segment; `undefined` where there is none. */
export function initOf(
  representation: Representation,
): { readonly url: string; readonly range: string | undefined } | undefined {
  const { addressing, base, id, bandwidth } = representation
  if (addressing.type === 'single' || addressing.initialization === undefined) return undefined
  if (addressing.type === 'list') {
    const url = resolveUrl(addressing.initialization.url ?? base, base)
    return url === undefined ? undefined : { url, range: addressing.initialization.range }
  }
  const values = { id, bandwidth, number: addressing.startNumber, time: 0n }
  const url = resolveUrl(fillTemplate(addressing.initialization, values), base)
  return url === undefined ? undefined : { url, range: undefined }
}
