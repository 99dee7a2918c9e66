import { commonTags } from './common-tags.ts'
import { Draft, limits, type TagHandler } from './draft.ts'
import { lintMedia, lintMultivariant } from './lint.ts'
import { lookalike } from './lookalike.ts'
import { lowLatencyTags } from './low-latency-tags.ts'
import { mediaTags, readDate, readExtinf, readSegmentUri } from './media-tags.ts'
import { multivariantTags, readVariantUri } from './multivariant-tags.ts'
import type { MediaPlaylist, MultivariantPlaylist, NotAPlaylist, Playlist } from './model.ts'

export interface ParseOptions {
  /** The final URL of the playlist, for EXT-X-DEFINE:QUERYPARAM. */
  readonly url?: string
  /** Variables of the multivariant playlist, for EXT-X-DEFINE:IMPORT. */
  readonly imports?: ReadonlyMap<string, string>
}

const handlers: ReadonlyMap<string, TagHandler> = new Map([
  ...commonTags,
  ...mediaTags,
  ...lowLatencyTags,
  ...multivariantTags,
])

const hash = 35
const letterX = 88
const letterE = 69
const letterI = 73
const dash = 45
const colon = 58
const letterP = 80
const dateTag = '#EXT-X-PROGRAM-DATE-TIME:'

/**
 * Reads an HLS playlist (RFC 8216, rfc8216bis) into a typed model with findings. Total: it never
 * throws, whatever the body is; a body that does not begin with #EXTM3U gives `not-a-playlist`.
 * Memory is bounded by the body and the limits on lines, segments and findings.
 */
export function parsePlaylist(body: Buffer | string, options: ParseOptions = {}): Playlist {
  const start = firstTag(body)
  if (start < 0) return notAPlaylist(body)
  const text = typeof body === 'string' ? body : body.toString('utf8')
  const draft = new Draft(options.url, options.imports)
  if (start > 0) {
    draft.report.add('warning', 'byte-order-mark', 'The playlist begins with a byte order mark.', 1)
  }
  const lines = scan(draft, text, start)
  const truncated = lines > limits.lines
  if (truncated) {
    const says = `The playlist has more than ${limits.lines} lines; the rest was not read.`
    draft.report.add('error', 'playlist-too-long', says, limits.lines)
  }
  if (draft.kind === undefined && draft.segments.length > 0) {
    // A plain M3U list of files, as audio players write it.
    draft.report.add(
      'error',
      'no-hls-tags',
      'The playlist has not one HLS tag; its URIs are ignored.',
    )
    draft.segments.length = 0
  }
  const listsVariants = draft.variants.length > 0 && draft.segments.length === 0
  return draft.kind === 'multivariant' || listsVariants
    ? multivariant(draft, lines, truncated)
    : media(draft, lines, truncated)
}

/** Where #EXTM3U begins (after a byte order mark), or −1. */
function firstTag(body: Buffer | string): number {
  const head = typeof body === 'string' ? body.slice(0, 12) : body.toString('utf8', 0, 12)
  if (/^#EXTM3U(?=\s|$)/u.test(head)) return 0
  return /^\uFEFF#EXTM3U(?=\s|$)/u.test(head) ? 1 : -1
}

function notAPlaylist(body: Buffer | string): NotAPlaylist {
  const looksLike = lookalike(body)
  const says =
    looksLike === 'empty'
      ? 'The answer is empty.'
      : `The answer does not begin with #EXTM3U; it looks like ${looksLike}.`
  return {
    kind: 'not-a-playlist',
    looksLike,
    findings: [
      { code: 'missing-extm3u', diagnosis: 'wrong-content', severity: 'error', says, line: 1 },
    ],
  }
}

/** Runs every line through its handler; returns how many there were, at most one beyond the limit. */
function scan(draft: Draft, text: string, start: number): number {
  const length = text.length
  let line = 0
  let at = start
  while (at < length) {
    line++
    if (line > limits.lines) return line
    let next = text.indexOf('\n', at)
    if (next < 0) next = length
    let end = next
    while (end > at && text.charCodeAt(end - 1) <= 32) end--
    let from = at
    while (from < end && text.charCodeAt(from) <= 32) from++
    at = next + 1
    if (from === end) continue
    if (text.charCodeAt(from) !== hash) readUri(draft, text.slice(from, end), line)
    else readTag(draft, text, from, end, line)
  }
  return line
}

function readUri(draft: Draft, text: string, line: number): void {
  draft.keysOpen = false
  if (draft.pendingVariant !== undefined) readVariantUri(draft, text)
  else readSegmentUri(draft, text, line)
}

function readTag(draft: Draft, text: string, from: number, end: number, line: number): void {
  // Everything but #EXT… is a comment.
  if (text.charCodeAt(from + 1) !== letterE || text.charCodeAt(from + 2) !== letterX) return
  if (text.charCodeAt(from + 4) === letterI && text.startsWith('NF:', from + 5)) {
    readExtinf(draft, text.slice(from + 8, end), line)
    return
  }
  if (text.charCodeAt(from + 4) !== dash) {
    if (text.startsWith('#EXTINF', from)) readExtinf(draft, '', line)
    return
  }
  // Playlists with a date for each segment have no other tag as often.
  if (text.charCodeAt(from + 7) === letterP && text.startsWith(dateTag, from)) {
    readDate(draft, text, from + dateTag.length, end, line)
    return
  }
  let colonAt = from + 5
  while (colonAt < end && text.charCodeAt(colonAt) !== colon) colonAt++
  const handler = handlers.get(text.slice(from, colonAt).trimEnd())
  if (handler === undefined) return
  if (handler !== keyHandler) draft.keysOpen = false
  handler(draft, text.slice(colonAt + 1, end).trimStart(), line)
}

const keyHandler = handlers.get('#EXT-X-KEY')

function media(draft: Draft, lines: number, truncated: boolean): MediaPlaylist {
  const playlist = {
    kind: 'media',
    version: draft.version,
    independentSegments: draft.independentSegments,
    start: draft.start,
    variables: draft.variables,
    lines,
    truncated,
    targetDuration: draft.targetDuration,
    mediaSequence: draft.mediaSequence ?? 0,
    discontinuitySequence: draft.discontinuitySequence ?? 0,
    endList: draft.endList,
    playlistType: draft.playlistType,
    iFramesOnly: draft.iFramesOnly,
    partTarget: draft.partTarget,
    serverControl: draft.serverControl,
    skip: draft.skip,
    segments: draft.segments,
    trailingParts: draft.pending.parts,
    preloadHints: draft.preloadHints,
    renditionReports: draft.renditionReports,
    dateRanges: draft.dateRanges,
    tagLines: draft.tagLines,
    findings: [],
  } as const satisfies MediaPlaylist
  lintMedia(playlist, draft)
  return { ...playlist, findings: draft.report.finish() }
}

function multivariant(draft: Draft, lines: number, truncated: boolean): MultivariantPlaylist {
  const playlist = {
    kind: 'multivariant',
    version: draft.version,
    independentSegments: draft.independentSegments,
    start: draft.start,
    variables: draft.variables,
    lines,
    truncated,
    variants: draft.variants,
    iFrameVariants: draft.iFrameVariants,
    renditions: draft.renditions,
    contentSteering: draft.contentSteering,
    sessionKeys: draft.sessionKeys,
    findings: [],
  } as const satisfies MultivariantPlaylist
  lintMultivariant(playlist, draft)
  return { ...playlist, findings: draft.report.finish() }
}
