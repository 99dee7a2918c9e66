import type { Clock } from '../../src/core/clock.ts'
import { gapBetween, type Span, spanOf } from '../../src/formats/fmp4/continuity.ts'
import type { Fmp4Report, Init } from '../../src/formats/fmp4/model.ts'
import { Fmp4Scanner, readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import { initOf, type MediaSegment } from '../../src/formats/mpd/live-edge.ts'
import { type Fault, faultOf, wrongContent } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import type { FetchedSegment, Rendition } from './rendition.ts'
import type { StreamClock } from './stream-clock.ts'

const maxInitBytes = 4 * 2 ** 20
/** A download cut off sooner than this says nothing about its speed. */
const leastCutMs = 1_000
/** Overlaps below this come from how audio is packed. */
const overlapSeconds = 0.5
/** More segments in between are not bridged by their stated times. */
const maxBridge = 10

/** What came of fetching one segment. */
export interface SegmentLook {
  readonly rendition: Rendition
  readonly segment: MediaSegment
  /** Why it counts as missing; `undefined` where it came, at least in part. */
  readonly fault: Fault | undefined
  readonly bytes: number
  /** Time to the last byte by duration; a lower bound where the look's deadline cut it off. */
  readonly downloadRatio: number | undefined
  /** Only of fragmented MP4. */
  readonly report: Fmp4Report | undefined
  /** Seconds of media missing or doubled, before it or inside. */
  readonly gap: number | undefined
  /** Seconds from the capture of its end to its arrival, by the producer's clock. */
  readonly captureLatency: number | undefined
}

/** Fetches one segment with its initialisation segment if that is new, and scans it as it arrives. */
export async function lookAtSegment(
  fetcher: Fetcher,
  clocks: { readonly own: Clock; readonly stream: StreamClock },
  rendition: Rendition,
  segment: MediaSegment,
  limits: { readonly deadlineAt: number; readonly maxBytes: number },
): Promise<SegmentLook | undefined> {
  const { deadlineAt, maxBytes } = limits
  const nothing = {
    rendition,
    segment,
    bytes: 0,
    downloadRatio: undefined,
    report: undefined,
    gap: undefined,
    captureLatency: undefined,
  }
  if (segment.url === undefined) {
    return { ...nothing, fault: wrongContent('has a URL that is neither http nor https') }
  }
  const initFault = await fetchInit(fetcher, rendition, deadlineAt)
  if (initFault?.local) return undefined
  const isText = rendition.place?.representation.kind === 'text'
  const scan = new SegmentScan(rendition.init?.init, isText)
  const startedAt = clocks.own.now()
  const answer = await fetcher.request(segment.url, deadlineAt, {
    maxBytes,
    discardBody: true,
    onChunk: (chunk) => scan.push(chunk),
    range: segment.range,
  })
  const elapsedMs = clocks.own.now() - startedAt
  const isCut = !answer.ok && answer.fault === 'timeout' && answer.bytes > 0
  const fault = isCut ? undefined : (faultOf(answer) ?? scan.fault() ?? initFault)
  if (fault?.local) return undefined
  if (fault !== undefined) return { ...nothing, bytes: answer.bytes, fault }
  if (isCut || !answer.ok) {
    const isLong = elapsedMs >= leastCutMs
    const downloadRatio = isLong ? elapsedMs / 1_000 / segment.duration : undefined
    return { ...nothing, bytes: answer.bytes, fault: undefined, downloadRatio }
  }
  if (!answer.truncated) rendition.bitrate = (answer.bytes * 8) / segment.duration
  const report = answer.truncated ? undefined : scan.report()
  const init = rendition.init?.init ?? report?.init
  const span = report && spanOf(report, init)
  const gap = report && gapOf(rendition, segment, report, span, init)
  rendition.fetchedWell(segment, span)
  return {
    rendition,
    segment,
    fault: undefined,
    bytes: answer.bytes,
    downloadRatio: answer.truncated ? undefined : answer.timings.total / 1_000 / segment.duration,
    report,
    gap,
    captureLatency: report && captureLatency(report, init, clocks.stream.wall()),
  }
}

/** Fetches the initialisation segment, once while it keeps its address. */
async function fetchInit(
  fetcher: Fetcher,
  rendition: Rendition,
  deadlineAt: number,
): Promise<Fault | undefined> {
  const place = rendition.place && initOf(rendition.place.representation)
  if (place === undefined || rendition.init?.url === place.url) return undefined
  const answer = await fetcher.request(place.url, deadlineAt, {
    maxBytes: maxInitBytes,
    range: place.range,
  })
  const fault = faultOf(answer)
  if (fault === undefined && answer.ok) {
    rendition.init = { url: place.url, init: readFmp4(answer.body).init }
    return undefined
  }
  return fault && { ...fault, says: `has an initialisation segment that ${fault.says}` }
}

/** The widest of what is missing or doubled before the segment and between its fragments. */
function gapOf(
  rendition: Rendition,
  segment: MediaSegment,
  report: Fmp4Report,
  span: Span | undefined,
  init: Init | undefined,
): number | undefined {
  if (span === undefined) return undefined
  const timescale = init?.tracks.find(({ id }) => id === span.trackId)?.timescale ?? 1
  const media = report.tracks.find(({ id }) => id === span.trackId)
  const inside = (media?.widestJump ?? 0) / timescale
  const before = rendition.fetched
  const isSamePeriod = before?.period === rendition.place?.period.start
  const outside = before === undefined || !isSamePeriod ? undefined : jump(before, segment, span)
  return outside === undefined ? inside : Math.max(inside, outside)
}

/**
 * Seconds of media between the segment fetched before and this one that the manifest does not
 * account for. By times, because the indices of a timeline move with its window.
 */
function jump(before: FetchedSegment, segment: MediaSegment, span: Span): number | undefined {
  if (before.span === undefined || before.span.trackId !== span.trackId) return undefined
  const { start, duration } = before.segment
  const stated = segment.start - (start + duration)
  if (segment.start <= start || stated > maxBridge * duration) return undefined
  const isNext = stated < duration / 2
  const between = isNext
    ? gapBetween(before.span, span)
    : span.start - before.span.start - (segment.start - start)
  if (between === undefined) return undefined
  // Stated times are rounded, and audio segments end where a frame does.
  if (!isNext) return Math.abs(between) > overlapSeconds ? Math.abs(between) : 0
  if (between >= 0) return between
  return between < -overlapSeconds ? -between : 0
}

function captureLatency(
  { referenceTime, tracks }: Fmp4Report,
  init: Init | undefined,
  wall: number,
): number | undefined {
  if (referenceTime === undefined) return undefined
  const timescale = init?.tracks.find(({ id }) => id === referenceTime.trackId)?.timescale
  const end = tracks.find(({ id }) => id === referenceTime.trackId)?.end
  if (timescale === undefined || end === undefined) return undefined
  const captured = referenceTime.wall + ((end - referenceTime.mediaTime) / timescale) * 1_000
  return (wall - captured) / 1_000
}

/** Tells by the first bytes what a segment is, and scans fragmented MP4. */
class SegmentScan {
  readonly #isText: boolean
  readonly #expectsMp4: boolean
  readonly #scanner: Fmp4Scanner
  #head: Buffer | undefined

  constructor(init: Init | undefined, isText: boolean) {
    this.#isText = isText
    this.#expectsMp4 = init !== undefined
    this.#scanner = new Fmp4Scanner(init)
  }

  push(chunk: Buffer): undefined {
    if (chunk.length === 0) return
    this.#head ??= Buffer.from(chunk.subarray(0, 64))
    this.#scanner.push(chunk)
  }

  /** A segment that holds a page of HTML or nothing at all is as good as missing. */
  fault(): Fault | undefined {
    if (this.#head === undefined) return wrongContent('is empty')
    const text = this.#head.toString('latin1').trimStart().toLowerCase()
    // Subtitles may be XML of their own.
    const isPage = this.#isText ? /^<(?:!doctype html|html)/u : /^<(?:!doctype|html|\?xml|error)/u
    if (isPage.test(text)) return wrongContent('holds text instead of media')
    const isNoise = this.#expectsMp4 && this.#scanner.report().boxes === 0
    return isNoise ? wrongContent('holds no fragmented MP4') : undefined
  }

  /** `undefined` where it is no MP4: WebM, MPEG-TS and plain subtitles are measured by bytes alone. */
  report(): Fmp4Report | undefined {
    const report = this.#scanner.report()
    return report.boxes > 0 ? report : undefined
  }
}
