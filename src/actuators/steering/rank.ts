/**
 * A hash of a text in 32 bits: FNV-1a over its UTF-16 units. The same in every process and for ever,
 * because a session must be ranked alike whoever answers.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}

/** A path that takes part in the draw. */
export interface Contender {
  /** `hashText` of its name. */
  readonly seed: number
  /** Above 0; only ratios count. */
  readonly weight: number
}

/**
 * The contenders (by index) in the order of one session, by weighted rendezvous hashing: each
 * draws an exponential time at the rate of its weight, and the earliest comes first. So contender i
 * is first for a share w_i / sum(w) of all sessions, and when weights change only sessions whose
 * winner changed move: at most 2d / (1 + d) of them, where d is the part of the weight that changes
 * hands, and exactly d where one path gives and one takes.
 */
export function rank(contenders: readonly Contender[], session: number): readonly number[] {
  if (contenders.length === 1) return only
  const times = contenders.map(({ seed, weight }) => -Math.log(draw(session ^ seed)) / weight)
  return times.map((_, index) => index).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
}

const only: readonly number[] = [0]

/** A number above 0 and below 1 from 32 bits: the finalizer of MurmurHash3, in which every bit counts. */
function draw(bits: number): number {
  let hash = bits | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32
}
