import type { Finding } from '../../core/sample.ts'
import type { MediaPlaylist, Part } from './model.ts'
import { Report } from './report.ts'
import { endSequence, firstSequence, withoutQuery } from './timeline.ts'

/** A place in a low-latency playlist: part `part` of the segment `sequence`. */
export interface PartPlace {
  readonly sequence: number
  readonly part: number
}

/** The place of the next part (or, without parts, of the next segment, as its part 0). */
export function nextPlace(playlist: MediaPlaylist): PartPlace {
  return { sequence: endSequence(playlist), part: playlist.trailingParts.length }
}

/** Whether `a` comes before `b`. */
export function isBefore(a: PartPlace, b: PartPlace): boolean {
  return a.sequence < b.sequence || (a.sequence === b.sequence && a.part < b.part)
}

/**
 * Checks the parts of two successive copies of a playlist (rfc8216bis 4.4.4.9 and 4.4.5.3): those of
 * the segment under way only grow and keep their URIs, and what a preload hint promised is what came.
 * Pure; copies without parts in common have nothing to say.
 */
export function compareParts(previous: MediaPlaylist, next: MediaPlaylist): readonly Finding[] {
  const report = new Report()
  const place = nextPlace(previous)
  const known = previous.trailingParts
  const now = partsOf(next, place.sequence)
  if (known.length > 0 && now !== undefined && now.length > 0) {
    if (now.length < known.length) {
      const says = `Segment ${place.sequence} had ${known.length} parts and now has ${now.length}.`
      report.add('warning', 'parts-went-back', says, now.at(-1)?.line, 'sequence-regression')
    }
    const changed = now.find((part, at) => known[at] !== undefined && !samePart(known[at], part))
    if (changed !== undefined) {
      const says = `A part of segment ${place.sequence} changed its URI, duration or byte range while listed.`
      report.add('error', 'part-changed', says, changed.line)
    }
  }
  compareHint(previous, next, place, report)
  return report.finish()
}

function compareHint(
  previous: MediaPlaylist,
  next: MediaPlaylist,
  { sequence, part }: PartPlace,
  report: Report,
): void {
  const hint = previous.preloadHints.find(({ type }) => type === 'PART')
  if (hint === undefined) return
  const here = partsOf(next, sequence)
  // A segment that was completed by what was known already goes on with the first part of the next.
  const isComplete = endSequence(next) > sequence && here?.length === part
  const came = isComplete ? partsOf(next, sequence + 1)?.[0] : here?.[part]
  if (came === undefined) return
  const sameStart = (hint.byteRangeStart ?? 0) === (came.byteRange?.offset ?? 0)
  if (withoutQuery(came.uri) === withoutQuery(hint.uri) && sameStart) return
  const says = `The part that came is not the one that EXT-X-PRELOAD-HINT promised.`
  report.add('warning', 'preload-hint-wrong', says, came.line)
}

/** The parts that a playlist lists of one segment; `undefined` where it lists no such segment. */
function partsOf(playlist: MediaPlaylist, sequence: number): readonly Part[] | undefined {
  if (sequence === endSequence(playlist)) return playlist.trailingParts
  return playlist.segments[sequence - firstSequence(playlist)]?.parts
}

function samePart(before: Part, now: Part): boolean {
  return (
    withoutQuery(before.uri) === withoutQuery(now.uri) &&
    Math.abs(before.duration - now.duration) < 0.001 &&
    before.byteRange?.offset === now.byteRange?.offset
  )
}
