import type { Report } from '../m3u8/report.ts'
import type { TimelineRun } from './model.ts'
import { readTicks, readUint } from './values.ts'
import type { Element } from './xml.ts'

/**
 * Reads the `S` elements of a SegmentTimeline (ISO/IEC 23009-1, 5.3.9.6). Repeats are never written
 * out. An `r="-1"` lasts until the next `S` with a time, or at the end until the live edge.
 */
export function readTimeline(
  elements: readonly Element[],
  timescale: number,
  report: Report,
): readonly TimelineRun[] {
  const runs: TimelineRun[] = []
  let next = 0n
  let before = 0
  for (const [at, element] of elements.entries()) {
    const duration = readUint(element.attributes['d'])
    if (duration === undefined || duration === 0) {
      report.add(
        'warning',
        'bad-timeline',
        'An S of a SegmentTimeline has no duration and is left out.',
        element.line,
      )
      continue
    }
    const start = readTicks(element.attributes['t']) ?? next
    const apart = Number(start - next) / timescale
    if (runs.length > 0 && apart > 0.1) {
      report.add(
        'warning',
        'timeline-gap',
        `The SegmentTimeline leaves out ${apart.toFixed(1)} s.`,
        element.line,
        'media-gap',
      )
    }
    if (runs.length > 0 && apart < -0.1) {
      report.add(
        'warning',
        'timeline-overlap',
        `An S of the SegmentTimeline begins ${(-apart).toFixed(1)} s before the one before ended.`,
        element.line,
      )
    }
    const count = countOf(element, start, duration, elements[at + 1])
    runs.push({ start, duration, count, before })
    if (count === Number.POSITIVE_INFINITY) break
    next = start + BigInt(duration) * BigInt(count)
    before += count
  }
  return runs
}

function countOf(
  element: Element,
  start: bigint,
  duration: number,
  following: Element | undefined,
): number {
  const repeat = element.attributes['r']?.trim() ?? '0'
  if (!repeat.startsWith('-')) return (readUint(repeat) ?? 0) + 1
  const until = readTicks(following?.attributes['t'])
  if (until === undefined) return Number.POSITIVE_INFINITY
  const span = until - start
  return span <= 0n ? 1 : Math.max(1, Math.ceil(Number(span) / duration))
}
