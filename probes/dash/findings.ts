import type { Finding } from '../../src/core/sample.ts'
import type { Seen } from './observation.ts'
import type { SegmentLook } from './segment.ts'

/** One look says at most so many things, and one thing of at most so many representations. */
const maxFindings = 30
const maxPerCode = 3
/** Below this a jump of timestamps is no gap that a viewer notices. */
const gapSeconds = 0.5

const weight = { error: 0, warning: 1, info: 2 } as const

/** Everything a look noticed, the worst first. */
export function findingsOf(seen: Seen): readonly Finding[] {
  const all = [
    ...(seen.mpd?.findings ?? []),
    ...presentationFindings(seen),
    ...clockFindings(seen),
    ...seen.renditions.flatMap(renditionFindings),
    ...seen.look.segments.flatMap(segmentFindings),
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

function presentationFindings({ mpd, look, named, renditions }: Seen): readonly Finding[] {
  if (mpd === undefined) return []
  const found: Finding[] = []
  if (named > renditions.length) {
    found.push({
      code: 'ladder-too-long',
      severity: 'warning',
      says: `The manifest names ${named} representations; the first ${renditions.length} are watched.`,
    })
  }
  if (!mpd.isDynamic) {
    found.push({
      code: 'ended',
      severity: look.ended ? 'warning' : 'info',
      says: look.ended
        ? 'The manifest became static while it was watched: the stream has ended.'
        : 'The manifest is static: the stream has ended, or never was live, and has no age.',
    })
  }
  if (mpd.steering) {
    const says = 'The manifest names a content-steering server, which is not asked.'
    found.push({ code: 'content-steering', severity: 'info', says })
  }
  return found
}

function clockFindings({ stream, mpd }: Seen): readonly Finding[] {
  const found: Finding[] = []
  const { offsetMs } = stream
  if (stream.isOff && offsetMs !== undefined) {
    found.push({
      code: 'clock-offset',
      diagnosis: 'clock-drift',
      severity: 'warning',
      says: `The clock of the stream is ${(Math.abs(offsetMs) / 1_000).toFixed(1)} s ${offsetMs > 0 ? 'ahead of' : 'behind'} ours.`,
    })
  }
  if (stream.isSilent && mpd !== undefined) {
    found.push({
      code: 'time-server-missing',
      diagnosis: 'clock-drift',
      severity: 'warning',
      says: 'No time server that the manifest names (UTCTiming) gave the time.',
    })
  }
  return found
}

function renditionFindings({
  name,
  fault,
  regressed,
  newest,
}: Seen['renditions'][number]): Finding[] {
  const found: Finding[] = []
  if (fault !== undefined && !fault.local) {
    found.push({
      code: 'segments-missing',
      diagnosis: 'segments-missing',
      severity: 'error',
      says:
        newest === undefined
          ? `The newest segment of ${name} ${fault.says}.`
          : `Segment ${newest.name} of ${name}, which was there, ${fault.says}.`,
      rendition: name,
    })
  }
  if (regressed) {
    found.push({
      code: 'edge-regression',
      diagnosis: 'sequence-regression',
      severity: 'warning',
      says: `The live edge of ${name} went backwards.`,
      rendition: name,
    })
  }
  return found
}

function segmentFindings(seen: SegmentLook): readonly Finding[] {
  const { fault, report, gap, segment } = seen
  const rendition = seen.rendition.name
  const subject = `Segment ${segment.name} of ${rendition}`
  const found: Finding[] = []
  if (fault !== undefined) {
    found.push({
      code: 'segments-missing',
      diagnosis: 'segments-missing',
      severity: 'error',
      says: `${subject} ${fault.says}.`,
      rendition,
    })
  }
  if (report?.damage !== undefined || report?.cut === true) {
    found.push({
      code: 'stream-damaged',
      diagnosis: 'continuity-errors',
      severity: 'warning',
      says: `${subject} is damaged: ${report.damage ?? 'it ends inside a box'}.`,
      rendition,
    })
  }
  if (report !== undefined && report.damage === undefined && report.fragments === 0) {
    found.push({
      code: 'stream-absent',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `${subject} holds no fragment of media.`,
      rendition,
    })
  }
  if (gap !== undefined && gap > gapSeconds) {
    found.push({
      code: 'media-gap',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `Media of ${gap.toFixed(2)} s is missing or doubled at segment ${segment.name} of ${rendition}.`,
      rendition,
    })
  }
  return found
}
