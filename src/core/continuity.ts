import { formatBitRate } from './bit-rate.ts'

/** One rendition of the ladder as viewers choose among them. What is not known of it is absent. */
export interface Rung {
  /** `1920x1080` */
  readonly size?: string
  readonly bitsPerSecond?: number
  /** As RFC 6381 writes them: `avc1.64001f`, `mp4a.40.2`. */
  readonly codecs?: readonly string[]
}

/**
 * The continuity fingerprint of a path: what players notice when it changes under them. What a look
 * did not show is absent, and is then never counted as a difference.
 */
export interface Continuity {
  readonly ladder?: readonly Rung[]
  /** Number of the newest whole segment (HLS), and the longest that one lasts in milliseconds. */
  readonly mediaSequence?: number
  readonly segmentMs?: number
  /** The clock of the media at its live edge: milliseconds since the epoch (PROGRAM-DATE-TIME). */
  readonly edgeAt?: number
  /** How old that edge was when it was seen, in milliseconds. */
  readonly edgeAgeMs?: number
  /**
   * What the media is encrypted with, newest last: digests and public key ids, never a key. Empty
   * where it is known not to be encrypted.
   */
  readonly keys?: readonly string[]
  /** A slate is on air in place of the programme. */
  readonly isSlate?: boolean
}

/** A fingerprint with when it was seen. */
export interface SeenContinuity extends Continuity {
  /** Monotonic milliseconds, of the process that applied the look. */
  readonly at: number
  /** Keys that it showed before, and until when, oldest first: whoever rotates keys is the same path. */
  readonly earlierKeys?: readonly { readonly key: string; readonly lastAt: number }[]
}

/** What is compared, in the words of the configuration. */
export const continuityChecks = ['ladder', 'codecs', 'key', 'behind', 'slate'] as const
export type ContinuityCheck = (typeof continuityChecks)[number]

/** Which changes a stream that would not go on may keep from being made. */
export const continuityBlocks = ['failback', 'drill', 'irreversible'] as const
export type ContinuityBlock = (typeof continuityBlocks)[number]

/** How paths of one group are compared. */
export interface ContinuityLimits {
  readonly checks: readonly ContinuityCheck[]
  /** How far a target may be behind, in milliseconds. */
  readonly behindMs: number
}

/** Something that viewers would notice, as a sentence for people. */
export interface ContinuityDifference {
  readonly check: ContinuityCheck
  /** Some viewers would see nothing of the programme, where others only see a jump or another picture. */
  readonly isGrave: boolean
  readonly says: string
}

/** How many keys are remembered of a path that it shows no more. */
export const keysKept = 8
/** Rungs of one ladder that are looked at; what a playlist lists beyond is no ladder. */
const rungsKept = 32
/** Names in one sentence. */
const namesShown = 3
/** Encoders state their peaks differently: within this factor two rates are the same step of a ladder. */
const sameRate = 2

/** A path in a comparison: its short name for sentences, and what is known of it. */
export interface ComparedPath {
  readonly name: string
  readonly seen: Continuity | SeenContinuity | undefined
}

/**
 * What viewers of `from` would notice if `to` carried them on. Pure. What either does not know is no
 * difference. A target that is ahead, or offers more, is none either: `from` may have stood still
 * before it was left. Of two fingerprints that were taken at different times, the older target is
 * given the time in between.
 */
export function compareContinuity(
  from: ComparedPath,
  to: ComparedPath,
  limits: ContinuityLimits,
): ContinuityDifference[] {
  const { seen: left } = from
  const { seen: entered } = to
  if (entered === undefined) return []
  const found: ContinuityDifference[] = []
  const note = (check: ContinuityCheck, isGrave: boolean, says: string | undefined) => {
    if (says !== undefined && limits.checks.includes(check)) found.push({ check, isGrave, says })
  }
  note('slate', true, slate(left ?? {}, entered, to.name))
  if (left === undefined) return found
  note('key', true, otherKey(left, entered, from.name, to.name, limits.behindMs))
  if (left.ladder !== undefined && entered.ladder !== undefined) {
    const { codecs, rungs } = missingOf(left.ladder, entered.ladder)
    note('codecs', true, codecs && `${to.name} offers nothing in ${codecs}`)
    note('ladder', false, rungs && `${to.name} offers no ${rungs} rendition`)
  }
  note('behind', false, behind(left, entered, from.name, to.name, limits.behindMs))
  return found
}

/**
 * What is known of a path after one more look. What describes the stream and this look did not show
 * stays as it was; where the stream is now does not. Keys are remembered for a while, because a path
 * that rotates them is still the same path.
 */
export function continued(
  before: SeenContinuity | undefined,
  look: Continuity,
  at: number,
): SeenContinuity {
  if (before === undefined) return { ...look, at }
  const { ladder, segmentMs, isSlate, keys } = before
  const earlier = earlierKeys(before, look.keys)
  return {
    ...(ladder !== undefined && { ladder }),
    ...(segmentMs !== undefined && { segmentMs }),
    ...(isSlate !== undefined && { isSlate }),
    ...(keys !== undefined && { keys }),
    ...look,
    // The same array as long as it says the same: comparisons are kept by it.
    ...(ladder !== undefined && isSameLadder(ladder, look.ladder) && { ladder }),
    ...(earlier !== undefined && earlier.length > 0 && { earlierKeys: earlier }),
    at,
  }
}

function isSameLadder(a: readonly Rung[], b: readonly Rung[] | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** Keys that are shown no more, with when they were shown last; the same array where none went away. */
function earlierKeys(
  { at, keys = [], earlierKeys: before = [] }: SeenContinuity,
  shown: readonly string[] | undefined,
): SeenContinuity['earlierKeys'] {
  if (shown === undefined) return before
  const gone = keys.filter((key) => !shown.includes(key))
  if (gone.length === 0) return before
  const left = before.filter(({ key }) => !shown.includes(key) && !gone.includes(key))
  return [...left, ...gone.map((key) => ({ key, lastAt: at }))].slice(-keysKept)
}

function slate(from: Continuity, to: Continuity, name: string): string | undefined {
  return to.isSlate === true && from.isSlate !== true ? `${name} shows a slate` : undefined
}

function otherKey(
  from: Continuity | SeenContinuity,
  to: Continuity | SeenContinuity,
  left: string,
  entered: string,
  behindMs: number,
): string | undefined {
  if (from.keys === undefined || to.keys === undefined) return undefined
  if (from.keys[0] === to.keys[0] || to.keys.some((key) => from.keys?.includes(key))) {
    return undefined
  }
  // What each showed around the time at which the path that is left was seen well last: one that
  // rotates its keys has other ones by now, and two never rotate at the same moment.
  const since = 'at' in from ? from.at - behindMs : Number.POSITIVE_INFINITY
  const before = [...from.keys, ...earlierSince(from, since)]
  const after = [...to.keys, ...earlierSince(to, since)]
  if (before.length === 0 && after.length === 0) return undefined
  if (before.length === 0) return `${entered} is encrypted, and ${left} is not`
  if (after.length === 0) return `${entered} is not encrypted, and ${left} is`
  if (after.some((key) => before.includes(key))) return undefined
  if (isForgotten(to, since)) return undefined
  return `${entered} is encrypted with another key than ${left}`
}

function earlierSince(seen: Continuity | SeenContinuity, since: number): string[] {
  return earlierOf(seen).flatMap(({ key, lastAt }) => (lastAt >= since ? key : []))
}

/** It showed more keys since than are remembered. */
function isForgotten(seen: Continuity | SeenContinuity, since: number): boolean {
  const earlier = earlierOf(seen)
  return earlier.length >= keysKept && (earlier[0]?.lastAt ?? since) > since
}

function earlierOf(seen: Continuity | SeenContinuity): NonNullable<SeenContinuity['earlierKeys']> {
  return ('earlierKeys' in seen ? seen.earlierKeys : undefined) ?? []
}

/** What one ladder lacks of another, in words; `undefined` where nothing, or where it is not known. */
interface Missing {
  readonly codecs: string | undefined
  readonly rungs: string | undefined
}

/** Decisions are taken far more often than ladders change: by the two ladders themselves. */
const missing = new WeakMap<readonly Rung[], WeakMap<readonly Rung[], Missing>>()

function missingOf(from: readonly Rung[], to: readonly Rung[]): Missing {
  const known = missing.get(from) ?? new WeakMap<readonly Rung[], Missing>()
  missing.set(from, known)
  const before = known.get(to)
  if (before !== undefined) return before
  const found = { codecs: missingCodecs(from, to), rungs: missingRungs(from, to) }
  known.set(to, found)
  return found
}

function missingCodecs(from: readonly Rung[], to: readonly Rung[]): string | undefined {
  if (to.length === 0 || to.some(({ codecs }) => codecs === undefined)) return undefined
  const entered = familiesOf(to)
  const gone = [...familiesOf(from)].filter((family) => !entered.has(family))
  return gone.length === 0 ? undefined : listed(gone)
}

/** Codecs by what a decoder must be able to do at all: the name before the first dot (RFC 6381). */
function familiesOf(ladder: readonly Rung[]): ReadonlySet<string> {
  return new Set(
    ladder
      .slice(0, rungsKept)
      .flatMap(({ codecs }) => codecs ?? [])
      .map((codec) => familyOf(codec))
      .filter((family) => family !== ''),
  )
}

/** The two sample entries of one codec differ in where parameter sets stand, which players take either way. */
const twins: Readonly<Record<string, string>> = { avc3: 'avc1', hev1: 'hvc1', dvhe: 'dvh1' }

function familyOf(codec: string): string {
  const family = codec.trim().split('.')[0]?.toLowerCase() ?? ''
  // Names come from strangers' manifests, and stand in sentences.
  if (!/^[a-z0-9-]{1,16}$/u.test(family)) return ''
  return Object.hasOwn(twins, family) ? (twins[family] ?? family) : family
}

function missingRungs(from: readonly Rung[], to: readonly Rung[]): string | undefined {
  const rungs = to.slice(0, rungsKept)
  if (rungs.length === 0) return undefined
  const gone = from
    .slice(0, rungsKept)
    .filter((rung) => !rungs.some((each) => isSameRung(rung, each)))
  if (gone.length === 0) return undefined
  return listed([...new Set(gone.map((rung) => nameOf(rung)))].toSorted())
}

/** The same step of a ladder, as far as both are known. */
function isSameRung(a: Rung, b: Rung): boolean {
  if (a.size !== undefined && b.size !== undefined && a.size !== b.size) return false
  if (a.bitsPerSecond === undefined || b.bitsPerSecond === undefined) return true
  const [low, high] = [a.bitsPerSecond, b.bitsPerSecond].toSorted((one, other) => one - other)
  return (high ?? 0) <= (low ?? 0) * sameRate
}

function nameOf({ size, bitsPerSecond }: Rung): string {
  const [, width, height] = /^(\d{1,6})x(\d{1,6})$/u.exec(size ?? '') ?? []
  const rate = bitsPerSecond === undefined ? '' : formatBitRate(bitsPerSecond)
  if (width === undefined || height === undefined) return rate === '' ? 'such' : rate
  const picture = Number(width) < Number(height) ? `${width}x${height}` : `${height}p`
  return rate === '' ? picture : `${picture} (${rate})`
}

function behind(
  from: Continuity | SeenContinuity,
  to: Continuity | SeenContinuity,
  left: string,
  entered: string,
  behindMs: number,
): string | undefined {
  const limitMs = behindMs + grace(from, to)
  if (from.edgeAt !== undefined && to.edgeAt !== undefined && from.edgeAt - to.edgeAt > limitMs) {
    return `${entered} is ${seconds(from.edgeAt - to.edgeAt)} behind ${left} by its programme time`
  }
  const { mediaSequence: last } = from
  const { mediaSequence: newest, segmentMs } = to
  if (last !== undefined && newest !== undefined && segmentMs !== undefined) {
    const segments = last - newest
    if (segments * segmentMs > limitMs) {
      return `the media sequence of ${entered} is ${segments} behind that of ${left}`
    }
  }
  // Ages are each of their own moment: whoever stood still since was compared while it moved.
  if (from.edgeAgeMs === undefined || to.edgeAgeMs === undefined) return undefined
  if (to.edgeAgeMs - from.edgeAgeMs <= behindMs) return undefined
  return `the live edge of ${entered} is ${seconds(to.edgeAgeMs)} old, that of ${left} was ${seconds(from.edgeAgeMs)}`
}

/** By how much earlier the target was looked at, in milliseconds. */
function grace(from: Continuity | SeenContinuity, to: Continuity | SeenContinuity): number {
  return 'at' in from && 'at' in to ? Math.max(0, from.at - to.at) : 0
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown)
  const left = names.length - shown.length
  const rest = left === 0 ? '' : ` and ${left} more`
  return `${shown.join(', ')}${rest}`
}
