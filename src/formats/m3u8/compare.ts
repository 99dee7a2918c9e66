import type { Finding } from '../../core/sample.ts'
import type { MediaPlaylist, Segment } from './model.ts'
import { Report } from './report.ts'
import { endSequence, firstSequence, withoutQuery } from './timeline.ts'

/** What changed from one media playlist to the next fetched from the same place. */
export interface Comparison {
  /** How often the sequence went backwards: the media sequence, or the newest segment. */
  readonly regressions: number
  /**
   * After a regression: whether the lists have no segment in common, as when a packager starts
   * anew. Otherwise the next list is an older copy of the same stream, as stale caches serve it.
   */
  readonly restarted: boolean
  /** Segments that are new at the end; 0 after a regression. */
  readonly appended: number
  readonly findings: readonly Finding[]
}

/**
 * Checks the rules for updating a live playlist (RFC 8216 6.2.1 and 6.2.2) between two successive
 * copies: the target duration stays, sequences never fall, segments only appear at the end or leave
 * from the front, a segment keeps its URI and discontinuity sequence. Pure; the copies may be of
 * any age, so a jump forward beyond the old window is information, not a fault.
 */
export function compareMedia(previous: MediaPlaylist, next: MediaPlaylist): Comparison {
  const report = new Report()
  if (
    previous.targetDuration !== undefined &&
    next.targetDuration !== undefined &&
    previous.targetDuration !== next.targetDuration
  ) {
    const says = `The target duration changed from ${previous.targetDuration} s to ${next.targetDuration} s.`
    report.add('warning', 'target-duration-changed', says, next.tagLines.targetDuration)
  }
  const previousEnd = endSequence(previous)
  const nextEnd = endSequence(next)
  if (next.mediaSequence < previous.mediaSequence) {
    const says = `The media sequence went back from ${previous.mediaSequence} to ${next.mediaSequence}.`
    const line = next.tagLines.mediaSequence
    report.add('error', 'sequence-went-back', says, line, 'sequence-regression')
    return regression(previous, next, report)
  }
  if (nextEnd < previousEnd) {
    const says = `The newest segment went back from ${previousEnd - 1} to ${nextEnd - 1}.`
    report.add('error', 'list-shrank', says, next.segments.at(-1)?.line, 'sequence-regression')
    return regression(previous, next, report)
  }
  if (next.mediaSequence > previousEnd) {
    const says = `The playlist jumped from segment ${previousEnd - 1} to ${next.mediaSequence}.`
    report.add('info', 'sequence-jump', says, next.tagLines.mediaSequence, 'media-gap')
  }
  if (next.discontinuitySequence < previous.discontinuitySequence) {
    const says = `The discontinuity sequence went back from ${previous.discontinuitySequence} to ${next.discontinuitySequence}.`
    const line = next.tagLines.discontinuitySequence
    report.add('warning', 'discontinuity-sequence-went-back', says, line)
  }
  compareOverlap(previous, next, report)
  return {
    regressions: 0,
    restarted: false,
    appended: nextEnd - previousEnd,
    findings: report.finish(),
  }
}

function regression(previous: MediaPlaylist, next: MediaPlaylist, report: Report): Comparison {
  const offset = firstSequence(next) - firstSequence(previous)
  const restarted = !next.segments.some((segment, at) => {
    const before = previous.segments[at + offset]
    return before !== undefined && sameMedia(before, segment)
  })
  return { regressions: 1, restarted, appended: 0, findings: report.finish() }
}

/** Compares the segments that both copies list under the same sequence number. */
function compareOverlap(previous: MediaPlaylist, next: MediaPlaylist, report: Report): void {
  const offset = firstSequence(next) - firstSequence(previous)
  let changed: Segment | undefined
  let renumbered: Segment | undefined
  for (let at = Math.max(0, -offset); at < next.segments.length; at++) {
    const now = next.segments[at]
    const before = previous.segments[at + offset]
    if (now === undefined || before === undefined) break
    if (!sameMedia(before, now)) changed ??= now
    else if (before.discontinuitySequence !== now.discontinuitySequence) renumbered ??= now
  }
  if (changed !== undefined && miscounted(previous, next, report)) return
  if (changed !== undefined) {
    const says = `Segment ${changed.sequence} changed its URI, duration or byte range while listed.`
    report.add('error', 'segment-changed', says, changed.line)
  }
  // Many packagers write no discontinuity sequence at all: then the numbers are ours, from zero.
  const counted = previous.discontinuitySequence > 0 || next.discontinuitySequence > 0
  if (renumbered !== undefined && changed === undefined) {
    const says = `Segment ${renumbered.sequence} changed its discontinuity sequence number.`
    report.add(counted ? 'warning' : 'info', 'discontinuity-sequence-wrong', says, renumbered.line)
  }
}

/**
 * Segments that left from the front without the media sequence rising by their number, or that
 * raised it by more: the same segments then have other numbers (RFC 8216 6.2.2).
 */
function miscounted(previous: MediaPlaylist, next: MediaPlaylist, report: Report): boolean {
  const first = next.segments[0]
  const second = next.segments[1]
  if (first === undefined || second === undefined) return false
  const found = previous.segments.findIndex((before, at) => {
    const after = previous.segments[at + 1]
    return sameMedia(before, first) && after !== undefined && sameMedia(after, second)
  })
  const was = previous.segments[found]
  if (was === undefined || was.sequence === first.sequence) return false
  const rose = next.mediaSequence - previous.mediaSequence
  const says = `${found} segments left the playlist but its media sequence rose by ${rose}.`
  report.add('error', 'sequence-miscounted', says, next.tagLines.mediaSequence)
  return true
}

function sameMedia(before: Segment, now: Segment): boolean {
  return (
    (before.uri === now.uri || withoutQuery(before.uri) === withoutQuery(now.uri)) &&
    Math.abs(before.duration - now.duration) < 0.001 &&
    before.byteRange?.offset === now.byteRange?.offset
  )
}
