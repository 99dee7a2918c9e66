import { byteRange, decimalFloat, decimalInteger } from './attributes.ts'
import { type Draft, emptyPending, limits, type TagHandler } from './draft.ts'
import { isoTime } from './iso-time.ts'
import type { ByteRange, Key, Part } from './model.ts'
import { quoteValue } from './report.ts'

const noParts: readonly Part[] = []

/**
 * Takes the value of EXTINF, `<duration>,[<title>]`. A segment whose duration is unreadable still
 * counts in the sequence, with duration 0.
 */
export function readExtinf(draft: Draft, value: string, line: number): void {
  draft.is('media')
  const comma = value.indexOf(',')
  const text = comma < 0 ? value : value.slice(0, comma)
  let duration = parseSeconds(text)
  if (duration === undefined) {
    draft.report.add(
      'error',
      'bad-extinf',
      `EXTINF has no readable duration: ${quoteValue(text)}.`,
      line,
    )
    duration = 0
  }
  if (draft.pending.duration !== undefined) {
    draft.report.add(
      'error',
      'extinf-without-uri',
      'An EXTINF has no URI before the next EXTINF.',
      line,
    )
  }
  draft.pending.duration = duration
  draft.pending.durationLine = line
}

/** Digits with an optional fraction, exactly as `Number` would round them, at a third of its cost. */
function parseSeconds(text: string): number | undefined {
  let digits = 0
  let scale = 0
  const length = text.length
  if (length === 0 || length > 15) return decimalFloat(text.trim())
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48 && code <= 57) {
      digits = digits * 10 + code - 48
      scale *= 10
    } else if (code === 46 && scale === 0 && at > 0) scale = 1
    else return decimalFloat(text.trim())
  }
  // Both operands are exact integers below 2^53 and 10^22: the quotient is correctly rounded.
  return scale === 0 ? digits : digits / scale
}

/**
 * Takes a URI line of a media playlist: completes the pending segment. One without EXTINF still
 * counts in the sequence, with duration 0, as players count it.
 */
export function readSegmentUri(draft: Draft, text: string, line: number): void {
  const { pending } = draft
  let duration = pending.duration
  if (duration === undefined) {
    draft.report.add('error', 'uri-without-extinf', 'A URI line has no EXTINF before it.', line)
    duration = 0
  }
  const uri = draft.variables.size === 0 ? text : draft.substitute(text, line)
  draft.segments.push({
    sequence: (draft.mediaSequence ?? 0) + (draft.skip?.segments ?? 0) + draft.segments.length,
    uri,
    duration,
    line,
    discontinuity: pending.discontinuity,
    discontinuitySequence: (draft.discontinuitySequence ?? 0) + draft.discontinuities,
    gap: pending.gap,
    programDateTime: pending.programDateTime,
    byteRange: pending.byteRange === undefined ? undefined : segmentRange(draft, uri, line),
    keys: draft.keys,
    map: draft.map,
    bitrate: draft.bitrate,
    parts: pending.parts.length === 0 ? noParts : pending.parts,
  })
  // Most segments carry nothing but a duration: then the same object serves the next one.
  if (pending.parts.length > 0) draft.pending = emptyPending()
  else {
    pending.duration = undefined
    pending.discontinuity = false
    pending.gap = false
    pending.programDateTime = undefined
    pending.byteRange = undefined
  }
}

/** Takes EXT-X-PROGRAM-DATE-TIME, whose value lies in `text` between `from` and `end`. */
export function readDate(
  draft: Draft,
  text: string,
  from: number,
  end: number,
  line: number,
): void {
  draft.is('media')
  draft.keysOpen = false
  let begin = from
  while (begin < end && text.charCodeAt(begin) <= 32) begin++
  const time = isoTime(text, begin, end)
  draft.pending.programDateTime = time
  if (time !== undefined) return
  const shown = quoteValue(text.slice(begin, end))
  const says = `EXT-X-PROGRAM-DATE-TIME is no ISO 8601 time: ${shown}.`
  draft.report.add('warning', 'bad-program-date-time', says, line)
}

function segmentRange(draft: Draft, uri: string, line: number): ByteRange | undefined {
  const range = draft.pending.byteRange
  if (range === undefined) return undefined
  const follows = draft.lastRange?.uri === uri ? draft.lastRange : undefined
  if (range.offset === undefined && follows === undefined) {
    // RFC 8216 4.3.2.2: the segment before must be a range of the same resource.
    const says = 'EXT-X-BYTERANGE has no offset and follows no range of the same resource.'
    draft.report.add('error', 'byterange-without-offset', says, line)
  }
  const previous = follows === undefined ? 0 : follows.offset + follows.length
  const resolved = { offset: range.offset ?? previous, length: range.length }
  draft.lastRange = { ...resolved, uri }
  return resolved
}

const sequenceTag =
  (field: 'mediaSequence' | 'discontinuitySequence', tag: string): TagHandler =>
  (draft, value, line) => {
    draft.is('media')
    if (draft.segments.length > 0 || (field !== 'mediaSequence' && draft.discontinuities > 0)) {
      const says = `${tag} stands after the first segment and is ignored.`
      draft.report.add('error', 'misplaced-sequence', says, line)
      return
    }
    if (draft[field] !== undefined) {
      draft.report.add('warning', 'repeated-tag', `${tag} occurs twice; the last one counts.`, line)
    }
    if (!/^\d{1,20}$/u.test(value)) {
      draft.report.add(
        'error',
        'bad-sequence',
        `${tag} is no decimal integer: ${quoteValue(value)}.`,
        line,
      )
      return
    }
    draft.tagLines[field] = line
    const number = Number(value)
    if (Number.isSafeInteger(number)) draft[field] = number
    else {
      // Modulo 2^52 keeps the differences between successive playlists exact.
      draft[field] = Number(BigInt.asUintN(52, BigInt(value)))
      draft.report.add(
        'error',
        'sequence-too-large',
        `${tag} is beyond 2^53: players lose count.`,
        line,
      )
    }
  }

const keyTag: TagHandler = (draft, value, line) => {
  draft.is('media')
  const key = readKey(draft, 'EXT-X-KEY', value, line)
  draft.keys = key === undefined ? [] : draft.keysOpen ? [...draft.keys, key].slice(-8) : [key]
  draft.keysOpen = true
}

/** rfc8216bis 4.4.4.4; SAMPLE-AES-CTR is Common Encryption with counters. */
const methods: ReadonlySet<string> = new Set(['AES-128', 'SAMPLE-AES', 'SAMPLE-AES-CTR'])

/** The key that EXT-X-KEY or EXT-X-SESSION-KEY describes; `undefined` for METHOD=NONE. */
export function readKey(draft: Draft, tag: string, value: string, line: number): Key | undefined {
  const attributes = draft.attributes(tag, value, line)
  const method = draft.required(attributes, 'METHOD', tag, line)
  if (method === undefined || method === 'NONE') return undefined
  const iv = attributes.get('IV')
  if (iv !== undefined && !/^0x[0-9a-f]{32}$/iu.test(iv)) {
    const says = `${tag} has an IV that is no hexadecimal number of 128 bits.`
    draft.report.add('warning', 'bad-iv', says, line)
  }
  if (!methods.has(method)) {
    const says = `${tag} has the unknown method ${quoteValue(method)}: players refuse its segments.`
    draft.report.add('error', 'unknown-key-method', says, line)
  }
  return {
    method,
    uri: draft.required(attributes, 'URI', tag, line),
    iv,
    keyFormat: attributes.get('KEYFORMAT') ?? 'identity',
  }
}

const mapTag: TagHandler = (draft, value, line) => {
  draft.is('media')
  const attributes = draft.attributes('EXT-X-MAP', value, line)
  const uri = draft.required(attributes, 'URI', 'EXT-X-MAP', line)
  if (uri === undefined) return
  const range = byteRange(attributes.get('BYTERANGE'))
  draft.map = {
    uri,
    byteRange:
      range === undefined ? undefined : { offset: range.offset ?? 0, length: range.length },
  }
}

const dateRangeTag: TagHandler = (draft, value, line) => {
  draft.is('media')
  if (draft.dateRanges.length >= limits.list) return
  const attributes = draft.attributes('EXT-X-DATERANGE', value, line)
  const id = draft.required(attributes, 'ID', 'EXT-X-DATERANGE', line)
  if (id === undefined) return
  draft.dateRanges.push({
    id,
    class: attributes.get('CLASS'),
    start: isoTime(attributes.get('START-DATE')),
    end: isoTime(attributes.get('END-DATE')),
    duration: decimalFloat(attributes.get('DURATION')),
    plannedDuration: decimalFloat(attributes.get('PLANNED-DURATION')),
    scte35: attributes.has('SCTE35-OUT')
      ? 'out'
      : attributes.has('SCTE35-IN')
        ? 'in'
        : attributes.has('SCTE35-CMD')
          ? 'cmd'
          : undefined,
    line,
  })
}

/** The tags of media playlists but EXTINF and those of low latency (RFC 8216 4.3.2 and 4.3.3). */
export const mediaTags: readonly (readonly [string, TagHandler])[] = [
  [
    '#EXT-X-TARGETDURATION',
    (draft, value, line) => {
      draft.is('media')
      const seconds = decimalFloat(value)
      if (seconds === undefined || seconds === 0) {
        const says = `EXT-X-TARGETDURATION is no positive integer: ${quoteValue(value)}.`
        draft.report.add('error', 'bad-target-duration', says, line)
        return
      }
      if (draft.targetDuration !== undefined) {
        const says = 'EXT-X-TARGETDURATION occurs twice; the last one counts.'
        draft.report.add('warning', 'repeated-tag', says, line)
      }
      draft.targetDuration = seconds
      draft.tagLines.targetDuration = line
    },
  ],
  ['#EXT-X-MEDIA-SEQUENCE', sequenceTag('mediaSequence', 'EXT-X-MEDIA-SEQUENCE')],
  [
    '#EXT-X-DISCONTINUITY-SEQUENCE',
    sequenceTag('discontinuitySequence', 'EXT-X-DISCONTINUITY-SEQUENCE'),
  ],
  [
    '#EXT-X-DISCONTINUITY',
    (draft) => {
      draft.is('media')
      draft.pending.discontinuity = true
      draft.discontinuities++
    },
  ],
  [
    '#EXT-X-PROGRAM-DATE-TIME',
    (draft, value, line) => readDate(draft, value, 0, value.length, line),
  ],
  [
    '#EXT-X-GAP',
    (draft) => {
      draft.is('media')
      draft.pending.gap = true
    },
  ],
  [
    '#EXT-X-BYTERANGE',
    (draft, value, line) => {
      draft.is('media')
      draft.pending.byteRange = byteRange(value)
      if (draft.pending.byteRange !== undefined) return
      draft.report.add(
        'error',
        'bad-byterange',
        `EXT-X-BYTERANGE is unreadable: ${quoteValue(value)}.`,
        line,
      )
    },
  ],
  ['#EXT-X-KEY', keyTag],
  ['#EXT-X-MAP', mapTag],
  ['#EXT-X-DATERANGE', dateRangeTag],
  [
    '#EXT-X-BITRATE',
    (draft, value) => {
      draft.is('media')
      const kilobits = decimalInteger(value)
      draft.bitrate = kilobits === undefined ? undefined : kilobits * 1_000
    },
  ],
  [
    '#EXT-X-ENDLIST',
    (draft) => {
      draft.is('media')
      draft.endList = true
    },
  ],
  [
    '#EXT-X-PLAYLIST-TYPE',
    (draft, value, line) => {
      draft.is('media')
      draft.tagLines.playlistType = line
      if (value === 'EVENT' || value === 'VOD') draft.playlistType = value
      else {
        const says = `EXT-X-PLAYLIST-TYPE is neither EVENT nor VOD: ${quoteValue(value)}.`
        draft.report.add('warning', 'bad-playlist-type', says, line)
      }
    },
  ],
  [
    '#EXT-X-I-FRAMES-ONLY',
    (draft) => {
      draft.is('media')
      draft.iFramesOnly = true
    },
  ],
]
