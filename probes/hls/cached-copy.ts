import type { Finding } from '../../src/core/sample.ts'

/** What a cache says of the copy that it answered with. */
export interface CachedCopy {
  /** Seconds since the origin sent it, by the Age header (RFC 9111 section 5.1). */
  readonly ageSeconds: number
  /** Who passed it on, in the order of the Via header (RFC 9110 section 7.6.3); bounded. */
  readonly via: readonly string[]
}

/** So many hops are named, and so much of each name. */
const maxHops = 4
const maxName = 64

/** The age of an answer where a cache stood between; `undefined` where none says so. */
export function cachedCopy(headers: Readonly<Record<string, string>>): CachedCopy | undefined {
  const age = headers['age']?.trim() ?? ''
  // Several caches that each add a header are joined by a comma: the oldest counts.
  const seconds = age.split(',').map((part) => (/^\s*\d{1,9}\s*$/u.test(part) ? Number(part) : -1))
  const oldest = Math.max(...seconds)
  if (oldest < 0) return undefined
  const via = (headers['via'] ?? '')
    .split(',')
    // `1.1 varnish (Varnish/7.1)`: the version of the protocol, who it was, and a comment.
    .map((hop) => /^\s*\S+\s+([\w.:-]+)/u.exec(hop)?.[1]?.slice(0, maxName))
    .filter((name) => name !== undefined)
  return { ageSeconds: oldest, via: via.slice(0, maxHops) }
}

/**
 * The finding that a cache keeps a live playlist for longer than its target duration, so that
 * players cannot see new segments in time (RFC 8216 section 6.2.1 asks that they appear by then).
 */
export function oldCopy(
  name: string,
  copy: CachedCopy | undefined,
  targetDuration: number,
): Finding | undefined {
  if (copy === undefined || copy.ageSeconds <= Math.max(1.5 * targetDuration, 4)) return undefined
  const by = copy.via.length === 0 ? 'A cache' : `A cache (${copy.via.join(', ')})`
  return {
    code: 'old-copy',
    diagnosis: 'playlist-stalled',
    severity: 'warning',
    says: `${by} answers the media playlist ${name} with a copy that is ${copy.ageSeconds} s old: the cache holds it for longer than its target duration (${targetDuration} s), or the origin does not answer it.`,
    rendition: name,
  }
}
