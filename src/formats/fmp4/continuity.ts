import type { Fmp4Report, Init, Track, TrackMedia } from './model.ts'

/** Where the media of one track in a segment begins and ends, in seconds of its own time line. */
export interface Span {
  readonly trackId: number
  readonly start: number
  /** Absent where the duration of its samples is not known. */
  readonly end: number | undefined
  /** Sequence number of its last fragment. */
  readonly sequence: number | undefined
}

/**
 * The span that speaks for a segment: of its video track, else of its first track with a decode
 * time and a timescale. `undefined` where nothing can be said.
 */
export function spanOf(report: Fmp4Report, init: Init | undefined = report.init): Span | undefined {
  const timed = report.tracks.flatMap((media) => {
    const track = init?.tracks.find(({ id }) => id === media.id)
    return track === undefined || media.start === undefined ? [] : [{ track, media }]
  })
  const main = timed.find(({ track }) => track.kind === 'video') ?? timed[0]
  return main === undefined ? undefined : toSpan(main.track, main.media, report.lastSequence)
}

function toSpan(track: Track, media: TrackMedia, sequence: number | undefined): Span | undefined {
  if (media.start === undefined) return undefined
  return {
    trackId: track.id,
    start: media.start / track.timescale,
    end: media.end === undefined ? undefined : media.end / track.timescale,
    sequence,
  }
}

/**
 * Seconds between where one segment ended and the next one begins: positive where media is missing,
 * negative where it overlaps. `undefined` where the end is not known or the tracks differ.
 */
export function gapBetween(before: Span, next: Span): number | undefined {
  if (before.trackId !== next.trackId || before.end === undefined) return undefined
  return next.start - before.end
}
