import type { MediaPlaylist, Part, Segment } from './model.ts'

/** Seconds of media that the playlist lists, trailing parts included. */
export function windowSeconds(playlist: MediaPlaylist): number {
  let total = 0
  for (const segment of playlist.segments) total += segment.duration
  return total + partSeconds(playlist.trailingParts)
}

/** The newest complete segment that is not a gap, searched from the end. */
export function newestSegment(playlist: MediaPlaylist): Segment | undefined {
  return playlist.segments.findLast((segment) => !segment.gap)
}

/**
 * Wall milliseconds of the end of the newest segment (or part), from the nearest stated
 * EXT-X-PROGRAM-DATE-TIME at or before it inside its discontinuity domain; absent without one.
 */
export function edgeTime(playlist: MediaPlaylist): number | undefined {
  const last = playlist.segments.at(-1)
  if (last === undefined) return undefined
  // Parts behind a discontinuity that is still to come do not extend this domain's clock.
  const end = segmentEndTime(playlist, playlist.segments.length - 1)
  return end === undefined ? undefined : end + partSeconds(playlist.trailingParts) * 1_000
}

/** Wall milliseconds of the end of the segment at `index`; absent where no date reaches it. */
export function segmentEndTime(playlist: MediaPlaylist, index: number): number | undefined {
  let seconds = 0
  for (let at = index; at >= 0; at--) {
    const segment = playlist.segments[at]
    if (segment === undefined) return undefined
    seconds += segment.duration
    if (segment.programDateTime !== undefined) return segment.programDateTime + seconds * 1_000
    if (segment.discontinuity) return undefined
  }
  return undefined
}

/**
 * Names the live edge: it differs between two playlists exactly when the newest segment or part
 * differs. Query strings, which signed URLs change on every request, are left out.
 */
export function edgeIdentity(playlist: MediaPlaylist): string | undefined {
  const segment = playlist.segments.at(-1)
  const part = playlist.trailingParts.at(-1)
  if (segment === undefined && part === undefined) return undefined
  const base = segment === undefined ? '' : `${segment.sequence} ${withoutQuery(segment.uri)}`
  if (part === undefined) return base
  return `${base} ${playlist.trailingParts.length} ${withoutQuery(part.uri)} ${part.byteRange?.offset ?? ''}`
}

/** A URI up to its query. */
export function withoutQuery(uri: string): string {
  const query = uri.indexOf('?')
  return query < 0 ? uri : uri.slice(0, query)
}

function partSeconds(parts: readonly Part[]): number {
  let total = 0
  for (const part of parts) total += part.duration
  return total
}

/** The media sequence number of the first segment that the playlist really holds. */
export function firstSequence(playlist: MediaPlaylist): number {
  return playlist.mediaSequence + (playlist.skip?.segments ?? 0)
}

/** The media sequence number that the next segment will get. */
export function endSequence(playlist: MediaPlaylist): number {
  return firstSequence(playlist) + playlist.segments.length
}

/**
 * How far behind the live edge players are told to stay, in seconds: PART-HOLD-BACK of a playlist
 * with parts, else HOLD-BACK, else three target durations (rfc8216bis 4.4.3.8).
 */
export function holdBack(playlist: MediaPlaylist): number | undefined {
  const { serverControl, partTarget, targetDuration } = playlist
  if (partTarget !== undefined && serverControl?.partHoldBack !== undefined)
    return serverControl.partHoldBack
  return serverControl?.holdBack ?? (targetDuration === undefined ? undefined : 3 * targetDuration)
}
