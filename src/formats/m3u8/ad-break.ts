import type { DateRange, MediaPlaylist } from './model.ts'

/**
 * Whether the live edge at wall time `at` (milliseconds since the epoch) lies in a break that
 * EXT-X-DATERANGE with SCTE35-OUT began (rfc8216bis 4.4.5.1.1); `undefined` where the playlist has
 * no such range that says when it begins.
 */
export function inAdBreak({ dateRanges }: MediaPlaylist, at: number): boolean | undefined {
  const breaks = dateRanges.filter(({ scte35, start }) => scte35 === 'out' && start !== undefined)
  if (breaks.length === 0) return undefined
  return breaks.some((range) => {
    const end = endOf(range, dateRanges)
    return (range.start ?? Infinity) <= at && (end === undefined || at < end)
  })
}

/** Wall milliseconds of the end of a break, its own or that of a later tag of the same range. */
function endOf(range: DateRange, all: readonly DateRange[]): number | undefined {
  for (const { id, end, duration, scte35 } of all) {
    if (id !== range.id) continue
    if (end !== undefined) return end
    if (duration !== undefined) return (range.start ?? 0) + duration * 1_000
    // An SCTE35-IN without a date says that the break is over.
    if (scte35 === 'in') return -Infinity
  }
  const { start, plannedDuration } = range
  return plannedDuration === undefined ? undefined : (start ?? 0) + plannedDuration * 1_000
}
