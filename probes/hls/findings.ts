import type { Finding } from '../../src/core/sample.ts'
import { disagreements } from './agreement.ts'
import { oldCopy } from './cached-copy.ts'
import type { Seen } from './observation.ts'
import type { Rendition } from './rendition.ts'
import type { SegmentLook } from './segment.ts'

/** One look says at most so many things, and one thing of at most so many renditions. */
const maxFindings = 30
const maxPerCode = 3
/** Below this a jump of timestamps is no gap that a viewer notices. */
const gapSeconds = 0.5
/** A look takes time, and asks at another moment than a player would. */
const patienceSeconds = 0.5

const weight = { error: 0, warning: 1, info: 2 } as const

/** Everything a look noticed, the worst first. */
export function findingsOf(seen: Seen): readonly Finding[] {
  const { multivariant, renditions, look } = seen
  const all = [
    ...(look.top?.fault === undefined ? (multivariant?.findings ?? []) : []),
    ...unwatched(seen),
    ...lost(seen),
    ...seen.steering.findings,
    ...renditions.flatMap((rendition) => renditionFindings(rendition, seen.now)),
    ...disagreements(renditions),
    ...look.held.flatMap(({ findings }) => findings),
    ...look.segments.flatMap((each) => segmentFindings(each)),
  ]
  if (all.length === 0) return all
  const counts = new Map<string, number>()
  return all
    .filter(({ code }) => {
      const count = (counts.get(code) ?? 0) + 1
      counts.set(code, count)
      return count <= maxPerCode
    })
    .sort((a, b) => weight[a.severity] - weight[b.severity])
    .slice(0, maxFindings)
}

/** A ladder longer than anybody plays is watched in part. */
function unwatched({ multivariant, named, renditions }: Seen): readonly Finding[] {
  if (multivariant === undefined || named <= renditions.length) return []
  return [
    {
      code: 'ladder-too-long',
      severity: 'warning',
      says: `The multivariant playlist names ${named} media playlists; the first ${renditions.length} are watched.`,
    },
  ]
}

/** Renditions that left the multivariant playlist while it was watched. */
function lost({ lost: count, named }: Seen): readonly Finding[] {
  if (count === 0) return []
  const says = `The multivariant playlist names ${named} media playlists, ${count} fewer than lately.`
  return [{ code: 'renditions-lost', diagnosis: 'playlist-incomplete', severity: 'warning', says }]
}

function renditionFindings(rendition: Rendition, now: number): readonly Finding[] {
  const { fault, present, playlist, spec } = rendition
  if (fault !== undefined && !fault.local) {
    return [
      {
        code: 'rendition-missing',
        diagnosis: 'rendition-missing',
        severity: 'error',
        says: `The media playlist ${spec.name} ${fault.says}.`,
        rendition: spec.name,
      },
    ]
  }
  if (!present || playlist === undefined) return []
  const found = [...rendition.lint, ...rendition.changes]
  if (playlist.segments.length === 0 && playlist.trailingParts.length === 0) {
    found.push({
      code: 'rendition-empty',
      diagnosis: 'playlist-empty',
      severity: 'error',
      says: `The media playlist ${spec.name} lists no segment.`,
      rendition: spec.name,
    })
  }
  const old = rendition.isLive
    ? oldCopy(spec.name, rendition.copy, playlist.targetDuration ?? 6)
    : undefined
  if (old !== undefined) found.push(old)
  const late = rendition.isLive ? lateSegment(rendition, now) : undefined
  if (late !== undefined) found.push(late)
  if (playlist.endList) {
    const ended = rendition.endedWhileWatched
    found.push({
      code: 'ended',
      severity: ended ? 'warning' : 'info',
      says: ended
        ? `The media playlist ${spec.name} ended (EXT-X-ENDLIST) while it was watched.`
        : `The media playlist ${spec.name} has ended (EXT-X-ENDLIST): it has no age.`,
      rendition: spec.name,
    })
  }
  return found
}

/** A new segment within one and a half target durations (RFC 8216 6.2.1, 6.2.2), our own delay apart. */
function lateSegment({ playlist, spec, changedAt }: Rendition, now: number): Finding | undefined {
  const target = playlist?.targetDuration
  if (target === undefined || spec.kind === 'subtitles') return undefined
  const age = (now - changedAt) / 1_000
  if (age <= 1.5 * target + patienceSeconds) return undefined
  return {
    code: 'segment-late',
    diagnosis: 'spec-violation',
    severity: 'warning',
    says: `${spec.name} shows no new segment for ${age.toFixed(1)} s, more than one and a half target durations of ${target} s.`,
    rendition: spec.name,
  }
}

function segmentFindings(seen: SegmentLook): readonly Finding[] {
  const { fault, keyFault, report, gap, segment } = seen
  const rendition = seen.rendition.spec.name
  const subject = `Segment ${segment.sequence} of ${rendition}`
  const found: Finding[] = []
  if (fault !== undefined && seen.rendition.spec.kind === 'subtitles') {
    found.push({
      code: 'subtitles-missing',
      diagnosis: 'segments-missing',
      severity: 'warning',
      says: `${subject} ${fault.says}.`,
      rendition,
      line: segment.line,
    })
  } else if (fault !== undefined) {
    found.push({
      code: 'segments-missing',
      diagnosis: 'segments-missing',
      severity: 'error',
      says: `${subject} ${fault.says}.`,
      rendition,
      line: segment.line,
    })
  }
  if (keyFault !== undefined) {
    found.push({
      code: 'key-missing',
      diagnosis: 'key-missing',
      severity: 'error',
      says: `The key of segment ${segment.sequence} of ${rendition} ${keyFault.says}.`,
      rendition,
    })
  }
  if (report !== undefined && report.continuityErrors > 0) {
    found.push({
      code: 'continuity-errors',
      diagnosis: 'continuity-errors',
      severity: 'warning',
      says: `${subject} has ${report.continuityErrors} continuity errors in ${report.packets} packets.`,
      rendition,
    })
  }
  const damage =
    report === undefined ? 0 : report.transportErrors + report.syncLosses + report.crcErrors
  if (report !== undefined && damage > 0) {
    found.push({
      code: 'stream-damaged',
      diagnosis: 'continuity-errors',
      severity: 'warning',
      says: `${subject} has ${report.transportErrors} transport errors, ${report.syncLosses} sync losses and ${report.crcErrors} damaged tables.`,
      rendition,
    })
  }
  if (seen.fmp4?.damage !== undefined || seen.fmp4?.cut === true) {
    found.push({
      code: 'stream-damaged',
      diagnosis: 'wrong-content',
      severity: 'warning',
      says: `${subject} is damaged: ${seen.fmp4.damage ?? 'it ends inside a box'}.`,
      rendition,
    })
  }
  const absent = report?.pids.filter(
    ({ kind, packets }) => packets === 0 && (kind === 'video' || kind === 'audio'),
  )
  if (absent !== undefined && absent.length > 0) {
    found.push({
      code: 'stream-absent',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `${subject} announces ${absent.map(({ kind }) => kind).join(' and ')} but carries none.`,
      rendition,
    })
  }
  if (gap !== undefined && gap > gapSeconds) {
    found.push({
      code: 'media-gap',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `${subject} begins ${gap.toFixed(2)} s away from where the one before ended.`,
      rendition,
    })
  }
  return found
}
