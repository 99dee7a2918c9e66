import type { Draft } from './draft.ts'
import { lintLowLatency } from './lint-low-latency.ts'
import type { MediaPlaylist, MultivariantPlaylist } from './model.ts'
import { quoteValue, seconds } from './report.ts'
import { windowSeconds } from './timeline.ts'

/** Adds what is wrong with a media playlist by itself to the draft's report. */
export function lintMedia(playlist: MediaPlaylist, draft: Draft): void {
  const { report } = draft
  lintStructure(draft)
  const { targetDuration, segments, endList, playlistType } = playlist
  if (targetDuration === undefined) {
    report.add('error', 'missing-target-duration', 'The playlist has no EXT-X-TARGETDURATION.')
  } else {
    lintDurations(playlist, targetDuration, draft)
  }
  if (playlistType === 'VOD' && !endList) {
    const says = 'The playlist is of type VOD but has no EXT-X-ENDLIST.'
    report.add('warning', 'live-playlist-type', says, playlist.tagLines.playlistType)
  }
  if (playlistType === 'EVENT' && playlist.mediaSequence > 0 && segments.length > 0) {
    const says = 'The playlist is of type EVENT but segments were removed from its front.'
    report.add('info', 'event-playlist-slides', says, playlist.tagLines.mediaSequence)
  }
  lintDateRanges(playlist, draft)
  lintProgramDateTime(playlist, draft)
  lintLowLatency(playlist, draft)
}

function lintStructure(draft: Draft): void {
  if (draft.mixed) {
    const says = 'The playlist mixes tags of multivariant and media playlists.'
    draft.report.add('error', 'mixed-playlist', says)
  }
  if (draft.pending.duration !== undefined) {
    const says = 'The last EXTINF has no URI.'
    draft.report.add('error', 'extinf-without-uri', says, draft.pending.durationLine)
  }
  if (draft.pendingVariant !== undefined) {
    const says = 'An EXT-X-STREAM-INF has no URI line after it.'
    draft.report.add('error', 'variant-without-uri', says, draft.pendingVariant.line)
  }
}

/** RFC 8216 4.3.3.1: EXTINF, rounded to the nearest integer, never exceeds the target duration. */
function lintDurations(playlist: MediaPlaylist, targetDuration: number, draft: Draft): void {
  for (const segment of playlist.segments) {
    if (Math.round(segment.duration) <= targetDuration) continue
    const says = `A segment lasts ${segment.duration} s, more than the target duration of ${targetDuration} s.`
    draft.report.add('warning', 'extinf-exceeds-target', says, segment.line)
  }
  if (playlist.endList || playlist.mediaSequence === 0 || playlist.skip !== undefined) return
  // RFC 8216 6.2.2: nothing may be removed while less than three target durations remain. Packagers
  // round the target up, so that three segments commonly last a little less: two whole ones must remain.
  const window = windowSeconds(playlist)
  if (playlist.segments.length > 0 && window <= 2 * targetDuration) {
    const says = `The playlist holds ${seconds(window)} s of media, less than three target durations of ${targetDuration} s.`
    draft.report.add('warning', 'window-too-short', says, playlist.segments.at(-1)?.line)
  }
}

/** rfc8216bis 4.4.5.1: a range begins at a date, ends after it, and its durations are not negative. */
function lintDateRanges({ dateRanges, skip }: MediaPlaylist, draft: Draft): void {
  const starts = new Map<string, number>()
  for (const { id, start, end, line } of dateRanges) {
    // A later tag of the same range may leave out what an earlier one says.
    const begins = start ?? starts.get(id)
    if (begins !== undefined) starts.set(id, begins)
    else if (skip === undefined) {
      const says = `EXT-X-DATERANGE ${quoteValue(id)} has no readable START-DATE.`
      draft.report.add('warning', 'daterange-without-start', says, line)
    }
    if (begins === undefined || end === undefined || end >= begins) continue
    const says = `EXT-X-DATERANGE ${quoteValue(id)} ends before it begins.`
    draft.report.add('warning', 'daterange-ends-early', says, line)
  }
}

/** Two stated dates inside one discontinuity domain must agree with the durations between them. */
function lintProgramDateTime(playlist: MediaPlaylist, draft: Draft): void {
  let expected: number | undefined
  for (const segment of playlist.segments) {
    if (segment.discontinuity) expected = undefined
    const stated = segment.programDateTime
    if (stated !== undefined && expected !== undefined) {
      const jump = (stated - expected) / 1_000
      if (Math.abs(jump) > Math.max(1, playlist.targetDuration ?? 0)) {
        const says = `EXT-X-PROGRAM-DATE-TIME jumps by ${seconds(jump)} s without a discontinuity.`
        draft.report.add('warning', 'program-date-time-jump', says, segment.line, 'media-gap')
      }
    }
    const from = stated ?? expected
    expected = from === undefined ? undefined : from + segment.duration * 1_000
  }
}

/** Adds what is wrong with a multivariant playlist by itself to the draft's report. */
export function lintMultivariant(playlist: MultivariantPlaylist, draft: Draft): void {
  const { report } = draft
  lintStructure(draft)
  if (playlist.variants.length === 0) {
    report.add('error', 'no-variants', 'The multivariant playlist names no variant.')
  }
  const groups = new Set(playlist.renditions.map(({ type, groupId }) => `${type} ${groupId}`))
  const seen = new Set<string>()
  for (const rendition of playlist.renditions) {
    const key = `${rendition.type} ${rendition.groupId} ${rendition.name} ${rendition.pathwayId ?? ''}`
    if (rendition.name !== '' && seen.has(key)) {
      const says = `Two renditions of one group have the name ${quoteValue(rendition.name)}.`
      report.add('warning', 'repeated-rendition-name', says, rendition.line)
    }
    seen.add(key)
  }
  for (const variant of playlist.variants) {
    const references = [
      ['AUDIO', variant.audio],
      ['VIDEO', variant.video],
      ['SUBTITLES', variant.subtitles],
      ['CLOSED-CAPTIONS', variant.closedCaptions === 'NONE' ? undefined : variant.closedCaptions],
    ] as const
    for (const [type, group] of references) {
      if (group === undefined || groups.has(`${type} ${group}`)) continue
      const says = `A variant refers to the ${type} group ${quoteValue(group)}, which no EXT-X-MEDIA defines.`
      report.add('error', 'unknown-group', says, variant.line)
    }
  }
}
