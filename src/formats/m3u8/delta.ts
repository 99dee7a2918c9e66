import { unstatedKeys } from './draft.ts'
import type { DateRange, MediaPlaylist, Segment } from './model.ts'
import { endSequence } from './timeline.ts'

/** A delta update that was laid onto the playlist before it, or why that cannot be. */
export type Merged =
  | { readonly ok: true; readonly playlist: MediaPlaylist }
  | { readonly ok: false; readonly says: string }

/**
 * Lays a delta update (a playlist with EXT-X-SKIP, rfc8216bis 6.2.5.1) onto `previous`, the full
 * playlist that it continues: skipped segments come from there, date ranges too unless the update
 * says that they were removed. A playlist that skips nothing is returned as it is. Where the skipped
 * segments are not all known the client must ask for the full playlist, and so must the caller.
 */
export function mergeDelta(previous: MediaPlaylist, delta: MediaPlaylist): Merged {
  const { skip } = delta
  if (skip === undefined) return { ok: true, playlist: delta }
  const first = delta.mediaSequence
  const offset = first - previous.mediaSequence
  if (previous.skip !== undefined || offset < 0 || first + skip.segments > endSequence(previous)) {
    const says = `skips segments ${first} to ${first + skip.segments - 1}, of which not all were listed before`
    return { ok: false, says }
  }
  const skipped = previous.segments.slice(offset, offset + skip.segments)
  const last = skipped.at(-1)
  const segments = [...skipped, ...carriedOn(last, delta.segments)]
  const { skip: _, ...rest } = delta
  const dateRanges = mergeDateRanges(previous, delta)
  return { ok: true, playlist: { ...rest, skip: undefined, segments, dateRanges } }
}

/**
 * Discontinuity numbers, keys, initialisation section and bit rate go on from the last skipped
 * segment: a delta update does not repeat tags that stand before its first segment.
 */
function carriedOn(last: Segment | undefined, segments: readonly Segment[]): Segment[] {
  if (last === undefined) return [...segments]
  let domain = last.discontinuitySequence
  let { keys, map, bitrate } = last
  let keysKnown = false
  return segments.map((segment) => {
    if (segment.discontinuity) domain += 1
    // EXT-X-KEY inside the update, also METHOD=NONE: from there on its own state counts.
    keysKnown ||= segment.keys !== unstatedKeys
    if (keysKnown) keys = segment.keys
    map = segment.map ?? map
    bitrate = segment.bitrate ?? bitrate
    return { ...segment, discontinuitySequence: domain, keys, map, bitrate }
  })
}

function mergeDateRanges(previous: MediaPlaylist, delta: MediaPlaylist): readonly DateRange[] {
  const removed = new Set(delta.skip?.removedDateRanges)
  const stated = new Set(delta.dateRanges.map(({ id }) => id))
  const kept = previous.dateRanges.filter(({ id }) => !removed.has(id) && !stated.has(id))
  return [...kept, ...delta.dateRanges]
}
