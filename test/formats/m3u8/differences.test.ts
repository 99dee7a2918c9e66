import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { differing, hlsJsFields, ourFields, videoJsFields } from './readings.ts'

const folder = join(import.meta.dirname, '../../fixtures/hls/playlists')
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.m3u8'))

const libraries = { 'hls.js': hlsJsFields, 'm3u8-parser': videoJsFields } as const

interface Disagreement {
  readonly fields: readonly string[]
  /** The clause that decides it in our favour. */
  readonly clause: string
}

const mustBegin =
  'RFC 8216 4.3.1.1: EXTM3U must be the first line; what begins otherwise is no playlist'
const extinfRequired =
  'RFC 8216 4.3.2.1: EXTINF is required for each segment; a missing duration is a finding and 0, not a guess'
const targetInteger =
  'RFC 8216 4.3.3.1: the target duration is a decimal integer; an unreadable one is absent, not 0'
const rangeFollows =
  'RFC 8216 4.3.2.2: a range without offset must follow one of the same resource; ours says so in a finding and reads from 0'
const partFollows =
  'rfc8216bis 4.4.4.9: a part range without offset follows the part before it, also across segments'
const closedTypes = 'RFC 8216 4.3.3.5: the type is EVENT or VOD; another is a finding and no type'

/** Every field that another parser reads otherwise, with what decides it. */
const disagreements: Readonly<
  Record<string, Readonly<Partial<Record<keyof typeof libraries, Disagreement>>>>
> = {
  'byteRange.m3u8': {
    'hls.js': { fields: ['byteRanges'], clause: rangeFollows },
    'm3u8-parser': { fields: ['byteRanges'], clause: rangeFollows },
  },
  'llhls-byte-range.m3u8': {
    'hls.js': { fields: ['byteRanges'], clause: rangeFollows },
    'm3u8-parser': { fields: ['byteRanges'], clause: rangeFollows },
  },
  'llhls-delta-byte-range.m3u8': {
    'hls.js': { fields: ['partRanges'], clause: partFollows },
    'm3u8-parser': { fields: ['partRanges'], clause: partFollows },
  },
  'empty.m3u8': { 'm3u8-parser': { fields: ['kind'], clause: mustBegin } },
  'manifestNoExtM3u.m3u8': { 'm3u8-parser': { fields: ['kind'], clause: mustBegin } },
  'master.m3u8': { 'm3u8-parser': { fields: ['kind'], clause: mustBegin } },
  'start.m3u8': { 'm3u8-parser': { fields: ['kind'], clause: mustBegin } },
  'streamInfInvalid.m3u8': { 'm3u8-parser': { fields: ['kind'], clause: mustBegin } },
  'emptyTargetDuration.m3u8': {
    'hls.js': {
      fields: ['kind'],
      clause: 'RFC 8216 4.1: a playlist whose URIs are those of EXT-X-STREAM-INF is multivariant',
    },
  },
  'headerOnly.m3u8': {
    'hls.js': {
      fields: ['kind'],
      clause: 'RFC 8216 4.1: without a tag of either kind nothing says that it is multivariant',
    },
  },
  'invalidTargetDuration.m3u8': {
    'hls.js': { fields: ['targetDuration'], clause: targetInteger },
  },
  'manifestExtTTargetdurationNegative.m3u8': {
    'hls.js': { fields: ['targetDuration'], clause: targetInteger },
  },
  'extXPlaylistTypeInvalidPlaylist.m3u8': {
    'hls.js': { fields: ['type'], clause: closedTypes },
  },
  'invalidPlaylistType.m3u8': { 'hls.js': { fields: ['type'], clause: closedTypes } },
  'extinf.m3u8': {
    'hls.js': {
      fields: ['byteRanges', 'domains', 'durations', 'gaps', 'maps', 'uris'],
      clause: 'RFC 8216 4.1: a line that begins with # is a tag or a comment, never a URI',
    },
    'm3u8-parser': { fields: ['durations'], clause: extinfRequired },
  },
  'liveMissingSegmentDuration.m3u8': {
    'm3u8-parser': { fields: ['durations'], clause: extinfRequired },
  },
  'missingExtinf.m3u8': { 'm3u8-parser': { fields: ['durations'], clause: extinfRequired } },
  'missingSegmentDuration.m3u8': {
    'm3u8-parser': { fields: ['durations'], clause: extinfRequired },
  },
  'multipleTargetDurations.m3u8': {
    'm3u8-parser': { fields: ['durations'], clause: extinfRequired },
  },
  'zeroDuration.m3u8': {
    'm3u8-parser': {
      fields: ['durations'],
      clause: 'RFC 8216 4.3.2.1: the duration is what is written, and 0 is written',
    },
  },
  'negativeMediaSequence.m3u8': {
    'm3u8-parser': {
      fields: ['mediaSequence'],
      clause: 'RFC 8216 4.3.3.2: the media sequence is a decimal integer, which has no sign',
    },
  },
  'whiteSpace.m3u8': {
    'hls.js': {
      fields: ['uris'],
      clause:
        'RFC 3986 2: a URI contains no space; RFC 8216 4.1 allows white space only where stated',
    },
  },
}

describe.each(Object.entries(libraries))('read by %s', (library, read) => {
  it.each(fixtures)('%s differs only where a clause decides it', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')

    const fields = differing(ourFields(text), read(text))

    const known = disagreements[name]?.[library as keyof typeof libraries]
    expect(fields).toEqual(known?.fields ?? [])
  })
})

it('no disagreement is written down for a playlist that is not there', () => {
  expect(Object.keys(disagreements).filter((name) => !fixtures.includes(name))).toEqual([])
})
