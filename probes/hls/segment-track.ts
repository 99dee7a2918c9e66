import type { MediaPlaylist, Segment } from '../../src/formats/m3u8/model.ts'
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
  /** URIs of initialisation section and key that were fetched well. */
  readonly companions = new Set<string>()

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
        : bridged(playlist, before, sequence, main.pts)
    if (jump === undefined) return undefined
    if (jump >= 0) return jump
    return jump < -overlapSeconds ? -jump : 0
  }
}

function identity(segment: Segment): string {
  return `${segment.sequence} ${segment.uri} ${segment.byteRange?.offset ?? ''}`
}

/** Seconds between where the last frame ends (by the mean frame duration) and the first one begins. */
function afterLastFrame(before: PtsRange, now: PtsRange): number {
  const frame = (before.max - before.min) / (before.count - 1)
  return (ptsDifference(before.max, now.min) - frame) / ticksPerSecond
}

/** Seconds between where stated durations put the segment and where it is. */
function bridged(
  playlist: MediaPlaylist,
  before: Scanned,
  sequence: number,
  now: PtsRange,
): number | undefined {
  const first = playlist.segments[0]
  if (first === undefined || sequence - before.sequence > maxBridge) return undefined
  const from = before.sequence - first.sequence
  const between = playlist.segments.slice(Math.max(0, from), sequence - first.sequence)
  if (from < 0 || between.length !== sequence - before.sequence) return undefined
  let stated = 0
  let rounding = 0
  for (const { duration } of between) {
    stated += duration
    // Whole seconds may be rounded ones, as packagers of protocol version 2 write them.
    rounding += Number.isInteger(duration) ? 0.5 : 0.001
  }
  const jump = ptsDifference(before.pts.min, now.min) / ticksPerSecond - stated
  return Math.sign(jump) * Math.max(0, Math.abs(jump) - rounding)
}
