/** Which incidents a silence is about. Every field that is given must match; `*` stands for any characters. */
export interface SilenceMatch {
  readonly stream?: string
  /** Full name, `<stream>/<group>`. */
  readonly group?: string
  /** Short name of the path. */
  readonly path?: string
  readonly tag?: string
  /** The key of one incident, exactly. */
  readonly key?: string
}

/**
 * A time in which people are not told of some incidents. It silences people, never decisions: what
 * would be done is done, written down and shown.
 */
export interface Silence {
  readonly id: string
  readonly match: SilenceMatch
  readonly owner: string
  readonly reason: string
  /** Wall milliseconds since the epoch; a maintenance window begins later than it was made. */
  readonly from: number
  readonly until: number
}

/** A silence lasts at most so long, and begins at most so much later: nobody remembers longer. */
export const LONGEST_SILENCE_MS = 30 * 24 * 3_600_000

/** What a silence is about, in words: `group channel-1/*, path cdn-a`. */
export function describeMatch(match: SilenceMatch): string {
  return Object.entries(match)
    .map(([field, pattern]) => `${field} ${pattern}`)
    .join(', ')
}
