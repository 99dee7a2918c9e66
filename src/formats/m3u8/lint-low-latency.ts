import type { Draft } from './draft.ts'
import type { MediaPlaylist, Part } from './model.ts'
import { seconds } from './report.ts'

/** Durations are written with few decimals: differences below this, in seconds, are rounding. */
const rounding = 0.001
/** Every part but the last of a segment lasts at least so much of the target (rfc8216bis 4.4.4.9). */
const leastOfTarget = 0.85

/** Parts, hints and server control by themselves (rfc8216bis 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5.3). */
export function lintLowLatency(playlist: MediaPlaylist, draft: Draft): void {
  const { partTarget, trailingParts, segments, tagLines } = playlist
  const { report } = draft
  const firstPart = segments.find(({ parts }) => parts.length > 0)?.parts[0] ?? trailingParts[0]
  if (firstPart !== undefined && partTarget === undefined) {
    const says = 'The playlist has parts but no EXT-X-PART-INF.'
    report.add('error', 'parts-without-part-inf', says, firstPart.line)
  }
  if (partTarget !== undefined) {
    lintParts(playlist, partTarget, draft)
    const back = playlist.serverControl?.partHoldBack
    if (back === undefined || back < 2 * partTarget) {
      const says = 'PART-HOLD-BACK is missing or less than two part targets.'
      report.add('warning', 'part-hold-back', says, tagLines.serverControl ?? tagLines.partInf)
    }
  }
  lintServerControl(playlist, draft)
}

function lintParts(playlist: MediaPlaylist, target: number, draft: Draft): void {
  const { segments, trailingParts } = playlist
  for (const { duration, parts, line } of segments) {
    if (parts.length === 0) continue
    lintDurations(parts, target, true, draft)
    const total = parts.reduce((sum, part) => sum + part.duration, 0)
    // A window may begin inside a segment, whose first parts have left already.
    if (total <= duration + rounding * (parts.length + 1)) continue
    const says = `The parts of a segment last ${seconds(total)} s, more than the segment's ${seconds(duration)} s.`
    draft.report.add('warning', 'parts-exceed-segment', says, line)
  }
  lintDurations(trailingParts, target, false, draft)
}

function lintDurations(parts: readonly Part[], target: number, whole: boolean, draft: Draft): void {
  for (const [at, { duration, gap, line }] of parts.entries()) {
    const isLast = at === parts.length - 1
    if (duration > target + rounding) {
      const says = `A part lasts ${seconds(duration)} s, more than the part target of ${seconds(target)} s.`
      draft.report.add('warning', 'part-exceeds-target', says, line)
    } else if (duration < leastOfTarget * target - rounding && !gap && !isLast) {
      const says = `A part lasts ${seconds(duration)} s, less than 85 % of the part target of ${seconds(target)} s.`
      draft.report.add(whole ? 'info' : 'warning', 'part-too-short', says, line)
    }
  }
}

function lintServerControl(playlist: MediaPlaylist, draft: Draft): void {
  const { targetDuration, serverControl, tagLines } = playlist
  if (targetDuration === undefined || serverControl === undefined) return
  const { report } = draft
  const line = tagLines.serverControl
  if (serverControl.holdBack !== undefined && serverControl.holdBack < 3 * targetDuration) {
    report.add('warning', 'hold-back', 'HOLD-BACK is less than three target durations.', line)
  }
  if (serverControl.canSkipUntil !== undefined && serverControl.canSkipUntil < 6 * targetDuration) {
    report.add(
      'warning',
      'can-skip-until',
      'CAN-SKIP-UNTIL is less than six target durations.',
      line,
    )
  }
  if (serverControl.canSkipDateRanges && serverControl.canSkipUntil === undefined) {
    const says = 'CAN-SKIP-DATERANGES is given without CAN-SKIP-UNTIL.'
    report.add('warning', 'can-skip-dateranges', says, line)
  }
}
