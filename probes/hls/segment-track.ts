import { gapBetween, type Span, spanOf } from '../../src/formats/fmp4/continuity.ts'
import type { Fmp4Report, Init } from '../../src/formats/fmp4/model.ts'
import type { InitSection, MediaPlaylist, Segment } from '../../src/formats/m3u8/model.ts'
import { ptsDifference, type PtsRange, type TsReport } from '../../src/formats/mpegts/report.ts'

const ticksPerSecond = 90_000
/** Overlaps below this come from frame reordering and from how audio is packed. */
const overlapSeconds = 0.5
/** More segments in between are not bridged by their stated durations. */
const maxBridge = 10

interface Scanned {
  readonly sequence: number
  readonly discontinuitySequence: number
  readonly pts: PtsRange
  readonly pid: number
}

/** What is remembered of the fetched segments of one rendition. */
export class SegmentTrack {
  /** The newest segment that was fetched well, by sequence and URI. */
  #fetched: string | undefined
  #scanned: Scanned | undefined
  /** Bits per second of the last whole segment. */
  bitrate: number | undefined
  /** Time to download the last whole segment by its duration. */
  downloadRatio: number | undefined
  /** The last try brought no media. */
  isMissing = false
  /** URLs of initialisation sections and keys that were fetched well, with the moment. */
  readonly companions = new Map<string, number>()

  readonly #inits = new Map<string, Init | undefined>()
  #span: (Span & Pick<Segment, 'discontinuitySequence'> & { readonly nth: number }) | undefined

  /** Whether the initialisation section was read. */
  knowsInit(map: InitSection): boolean {
    return this.#inits.has(initName(map))
  }

  /** Its tracks, where it was read and has any. */
  initOf(map: InitSection): Init | undefined {
    return this.#inits.get(initName(map))
  }

  remember(map: InitSection, init: Init | undefined): void {
    if (this.#inits.size >= 16) this.#inits.clear()
    this.#inits.set(initName(map), init)
  }

  /** As `gap`, of fragmented MP4: by decode times, which go on without a break inside one domain. */
  fmp4Gap(playlist: MediaPlaylist, segment: Segment, report: Fmp4Report): number | undefined {
    const init = segment.map === undefined ? report.init : this.initOf(segment.map)
    const span = spanOf(report, init ?? report.init)
    const before = this.#span
    const { sequence, discontinuitySequence } = segment
    this.#span = span && { ...span, discontinuitySequence, nth: sequence }
    if (before === undefined || span === undefined || before.nth >= sequence) return undefined
    if (before.discontinuitySequence !== discontinuitySequence) return undefined
    const jump =
      before.nth + 1 === sequence
        ? gapBetween(before, span)
        : before.trackId === span.trackId
          ? bridged(playlist, before.nth, sequence, span.start - before.start)
          : undefined
    return jump === undefined ? undefined : missing(jump)
  }

  /** Whether this segment was fetched well already. */
  has(segment: Segment): boolean {
    return this.#fetched === identity(segment)
  }

  fetchedWell(segment: Segment): void {
    this.#fetched = identity(segment)
  }

  /**
   * Takes the scan of a segment; gives the seconds of media missing (or written twice) between it
   * and the one scanned before, inside one discontinuity domain; `undefined` where nothing can be said.
   */
  gap(playlist: MediaPlaylist, segment: Segment, report: TsReport): number | undefined {
    const main =
      report.pids.find(({ kind, pts }) => kind === 'video' && pts !== undefined) ??
      report.pids.find(({ kind, pts }) => kind === 'audio' && pts !== undefined)
    const before = this.#scanned
    if (main?.pts === undefined) {
      this.#scanned = undefined
      return undefined
    }
    const { sequence, discontinuitySequence } = segment
    this.#scanned = { sequence, discontinuitySequence, pts: main.pts, pid: main.pid }
    if (before === undefined || before.pid !== main.pid || before.sequence >= sequence)
      return undefined
    if (before.discontinuitySequence !== discontinuitySequence) return undefined
    const jump =
      before.sequence + 1 === sequence && before.pts.count > 1
        ? afterLastFrame(before.pts, main.pts)
        : bridged(
            playlist,
            before.sequence,
            sequence,
            ptsDifference(before.pts.min, main.pts.min) / ticksPerSecond,
          )
    return jump === undefined ? undefined : missing(jump)
  }
}

/** Seconds missing or written twice; small overlaps are none. */
function missing(jump: number): number {
  if (jump >= 0) return jump
  return jump < -overlapSeconds ? -jump : 0
}

function initName({ uri, byteRange }: InitSection): string {
  return `${uri} ${byteRange?.offset ?? ''}`
}

function identity(segment: Segment): string {
  return `${segment.sequence} ${segment.uri} ${segment.byteRange?.offset ?? ''}`
}

/** Seconds between where the last frame ends (by the mean frame duration) and the first one begins. */
function afterLastFrame(before: PtsRange, now: PtsRange): number {
  const frame = (before.max - before.min) / (before.count - 1)
  return (ptsDifference(before.max, now.min) - frame) / ticksPerSecond
}

/**
 * Seconds between where stated durations put the segment `sequence` and where it is: `elapsed`
 * seconds after the start of the segment `from`.
 */
function bridged(
  playlist: MediaPlaylist,
  from: number,
  sequence: number,
  elapsed: number,
): number | undefined {
  const first = playlist.segments[0]
  if (first === undefined || sequence - from > maxBridge) return undefined
  const at = from - first.sequence
  const between = playlist.segments.slice(Math.max(0, at), sequence - first.sequence)
  if (at < 0 || between.length !== sequence - from) return undefined
  let stated = 0
  let rounding = 0
  for (const { duration } of between) {
    stated += duration
    // Whole seconds may be rounded ones, as packagers of protocol version 2 write them.
    rounding += Number.isInteger(duration) ? 0.5 : 0.001
  }
  const jump = elapsed - stated
  return Math.sign(jump) * Math.max(0, Math.abs(jump) - rounding)
}
