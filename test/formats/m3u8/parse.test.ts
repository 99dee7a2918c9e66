import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoTime } from '../../../src/formats/m3u8/iso-time.ts'
import {
  type MediaPlaylist,
  type MultivariantPlaylist,
  resolveUri,
} from '../../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'
import { edgeIdentity, edgeTime, windowSeconds } from '../../../src/formats/m3u8/timeline.ts'

function media(...lines: readonly string[]): MediaPlaylist {
  const playlist = parsePlaylist(Buffer.from(`#EXTM3U\n${lines.join('\n')}\n`))
  if (playlist.kind !== 'media') throw new Error(`read as ${playlist.kind}`)
  return playlist
}

function multivariant(...lines: readonly string[]): MultivariantPlaylist {
  const playlist = parsePlaylist(`#EXTM3U\n${lines.join('\n')}\n`)
  if (playlist.kind !== 'multivariant') throw new Error(`read as ${playlist.kind}`)
  return playlist
}

const codes = (playlist: { readonly findings: readonly { readonly code: string }[] }) =>
  playlist.findings.map(({ code }) => code)

const live = ['#EXT-X-TARGETDURATION:6', '#EXT-X-MEDIA-SEQUENCE:40']
const three = ['#EXTINF:6,', 'a.ts', '#EXTINF:6,', 'b.ts', '#EXTINF:6,', 'c.ts']

const lowLatency = [
  ...live,
  '#EXT-X-PART-INF:PART-TARGET=1',
  '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3',
]

describe('a media playlist', () => {
  it('gives each segment its sequence, duration, URI and line', () => {
    const playlist = media(...live, '#EXTINF:6.006,title', 'a.ts?x=1', '#EXTINF:5,', '  b.ts\r')

    expect(playlist.targetDuration).toBe(6)
    expect(playlist.segments).toMatchObject([
      { sequence: 40, duration: 6.006, uri: 'a.ts?x=1', line: 5 },
      { sequence: 41, duration: 5, uri: 'b.ts', line: 7 },
    ])
  })

  it('counts discontinuities from the stated sequence and marks gaps', () => {
    const playlist = media(
      ...live,
      '#EXT-X-DISCONTINUITY-SEQUENCE:7',
      '#EXTINF:6,\na.ts',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-GAP\n#EXTINF:6,\nb.ts',
      '#EXTINF:6,\nc.ts',
    )

    expect(playlist.segments).toMatchObject([
      { discontinuity: false, discontinuitySequence: 7, gap: false },
      { discontinuity: true, discontinuitySequence: 8, gap: true },
      { discontinuity: false, discontinuitySequence: 8, gap: false },
    ])
  })

  it('keeps key and initialisation section apart and lets them apply until the next', () => {
    const playlist = media(
      ...live,
      '#EXT-X-MAP:URI="init.mp4",BYTERANGE="800@0"',
      '#EXT-X-KEY:METHOD=AES-128,URI="key.bin",IV=0x1',
      '#EXTINF:6,\na.m4s\n#EXTINF:6,\nb.m4s',
      '#EXT-X-KEY:METHOD=NONE',
      '#EXTINF:6,\nc.m4s',
      '#EXT-X-PART-INF:PART-TARGET=1',
      '#EXT-X-PART:DURATION=1,URI="d.0.m4s",INDEPENDENT=YES',
    )

    expect(playlist.segments.map(({ keys }) => keys[0]?.uri)).toEqual([
      'key.bin',
      'key.bin',
      undefined,
    ])
    expect(playlist.segments.map(({ map }) => map?.uri)).toEqual([
      'init.mp4',
      'init.mp4',
      'init.mp4',
    ])
    expect(playlist.segments[0]?.map?.byteRange).toEqual({ offset: 0, length: 800 })
    expect(playlist.trailingParts).toMatchObject([{ uri: 'd.0.m4s', independent: true }])
  })

  it('applies the keys of several key systems together', () => {
    const playlist = media(
      ...live,
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"',
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:y",KEYFORMAT="com.widevine.alpha"',
      ...three,
    )

    expect(playlist.segments[0]?.keys.map(({ keyFormat }) => keyFormat)).toEqual([
      'com.apple.streamingkeydelivery',
      'com.widevine.alpha',
    ])
  })

  it('lets a byte range without an offset follow the one before it', () => {
    const playlist = media(
      ...live,
      '#EXT-X-BYTERANGE:100@50\n#EXTINF:6,\nall.ts',
      '#EXT-X-BYTERANGE:70\n#EXTINF:6,\nall.ts',
    )

    expect(playlist.segments.map(({ byteRange }) => byteRange)).toEqual([
      { offset: 50, length: 100 },
      { offset: 150, length: 70 },
    ])
  })

  it('reads what low latency adds', () => {
    const playlist = media(
      '#EXT-X-TARGETDURATION:4',
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=24.0,HOLD-BACK=12',
      '#EXT-X-PART-INF:PART-TARGET=0.33334',
      '#EXT-X-MEDIA-SEQUENCE:266',
      '#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="x\ty"',
      '#EXT-X-PART:DURATION=0.33334,URI="p0.mp4",BYTERANGE="10@0"',
      '#EXT-X-PART:DURATION=0.33334,URI="p0.mp4",BYTERANGE="15",GAP=YES',
      '#EXTINF:4.00008,\ns269.mp4',
      '#EXT-X-PART:DURATION=0.33334,URI="p1.mp4"',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p2.mp4",BYTERANGE-START=5',
      '#EXT-X-RENDITION-REPORT:URI="../1M/p.php",LAST-MSN=273,LAST-PART=3',
      '#EXT-X-DATERANGE:ID="ad",START-DATE="2026-01-01T00:00:00Z",PLANNED-DURATION=30,SCTE35-OUT=0xFC',
    )

    expect(playlist.serverControl).toEqual({
      canBlockReload: true,
      canSkipUntil: 24,
      canSkipDateRanges: false,
      holdBack: 12,
      partHoldBack: 1,
    })
    expect(playlist.partTarget).toBe(0.333_34)
    expect(playlist.skip).toEqual({ segments: 3, removedDateRanges: ['x', 'y'] })
    expect(playlist.segments).toMatchObject([{ sequence: 269, uri: 's269.mp4' }])
    expect(playlist.segments[0]?.parts).toMatchObject([
      { byteRange: { offset: 0, length: 10 }, gap: false },
      { byteRange: { offset: 10, length: 15 }, gap: true },
    ])
    expect(playlist.trailingParts).toHaveLength(1)
    expect(playlist.preloadHints).toMatchObject([
      { type: 'PART', uri: 'p2.mp4', byteRangeStart: 5 },
    ])
    expect(playlist.renditionReports).toEqual([
      { uri: '../1M/p.php', lastSequence: 273, lastPart: 3, line: 13 },
    ])
    expect(playlist.dateRanges).toMatchObject([{ id: 'ad', scte35: 'out', plannedDuration: 30 }])
    expect(codes(playlist)).toEqual([])
  })

  it('substitutes variables in URIs and attributes, from values, imports and the query', () => {
    const text = [
      '#EXTM3U',
      '#EXT-X-TARGETDURATION:6',
      '#EXT-X-DEFINE:NAME="path",VALUE="live/one"',
      '#EXT-X-DEFINE:IMPORT="auth"',
      '#EXT-X-DEFINE:QUERYPARAM="node"',
      '#EXT-X-MAP:URI="{$path}/init.mp4"',
      '#EXTINF:6,',
      '{$path}/{$node}/a.m4s?{$auth}',
    ].join('\n')

    const playlist = parsePlaylist(text, {
      url: 'https://a.example/p.m3u8?node=n7',
      imports: new Map([['auth', 'k=1']]),
    })

    expect(playlist).toMatchObject({
      findings: [],
      segments: [{ uri: 'live/one/n7/a.m4s?k=1', map: { uri: 'live/one/init.mp4' } }],
    })
  })

  it.each([
    ['a missing target duration', three, 'missing-target-duration', undefined],
    ['an unreadable duration', [...live, '#EXTINF:abc,', 'a.ts'], 'bad-extinf', 4],
    ['a negative duration', [...live, '#EXTINF:-1,', 'a.ts'], 'bad-extinf', 4],
    ['an EXTINF without a value', [...live, '#EXTINF', 'a.ts'], 'bad-extinf', 4],
    ['a URI without EXTINF', [...live, 'a.ts'], 'uri-without-extinf', 4],
    ['an EXTINF without URI', [...live, '#EXTINF:6,'], 'extinf-without-uri', 4],
    ['a segment beyond the target', [...live, '#EXTINF:6.5,', 'a.ts'], 'extinf-exceeds-target', 5],
    [
      'a sequence beyond 2^53',
      ['#EXT-X-MEDIA-SEQUENCE:9007199254740993', ...three],
      'sequence-too-large',
      2,
    ],
    ['a sequence that is no number', ['#EXT-X-MEDIA-SEQUENCE:-5', ...three], 'bad-sequence', 2],
    ['a file list without HLS tags', ['a.mp3', 'b.mp3'], 'no-hls-tags', undefined],
    ['a repeated target', [...live, '#EXT-X-TARGETDURATION:7', ...three], 'repeated-tag', 4],
    ['a late sequence', [...three, '#EXT-X-MEDIA-SEQUENCE:5'], 'misplaced-sequence', 8],
    [
      'a type on a live list',
      [...live, '#EXT-X-PLAYLIST-TYPE:VOD', ...three],
      'live-playlist-type',
      4,
    ],
    ['a window of one segment', [...live, '#EXTINF:6,', 'a.ts'], 'window-too-short', 5],
    [
      'a bad date',
      [...live, '#EXT-X-PROGRAM-DATE-TIME:today', ...three],
      'bad-program-date-time',
      4,
    ],
    ['a key without URI', [...live, '#EXT-X-KEY:METHOD=AES-128', ...three], 'missing-attribute', 4],
    [
      'parts without part target',
      [...live, '#EXT-X-PART:URI="p",DURATION=1'],
      'parts-without-part-inf',
      4,
    ],
    [
      'a part beyond the part target',
      [...lowLatency, '#EXT-X-PART:URI="p",DURATION=1.1'],
      'part-exceeds-target',
      6,
    ],
    [
      'a short part that is not the last',
      [...lowLatency, '#EXT-X-PART:URI="p",DURATION=0.8', '#EXT-X-PART:URI="q",DURATION=1'],
      'part-too-short',
      6,
    ],
    [
      'parts longer than their segment',
      [
        ...lowLatency,
        '#EXT-X-PART:URI="p",DURATION=1',
        '#EXT-X-PART:URI="q",DURATION=1',
        '#EXTINF:1.5,',
        'a.ts',
      ],
      'parts-exceed-segment',
      9,
    ],
    [
      'a part hold back below two part targets',
      [
        ...live,
        '#EXT-X-PART-INF:PART-TARGET=1',
        '#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=1.9',
        ...three,
      ],
      'part-hold-back',
      5,
    ],
    [
      'a hold back below three target durations',
      [...live, '#EXT-X-SERVER-CONTROL:HOLD-BACK=17', ...three],
      'hold-back',
      4,
    ],
    [
      'a skip boundary below six target durations',
      [...live, '#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=35', ...three],
      'can-skip-until',
      4,
    ],
    [
      'skipping date ranges without skipping',
      [...live, '#EXT-X-SERVER-CONTROL:CAN-SKIP-DATERANGES=YES', ...three],
      'can-skip-dateranges',
      4,
    ],
    [
      'an initialisation vector that is no number',
      [...live, '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x12', ...three],
      'bad-iv',
      4,
    ],
    [
      'a key method that nobody knows',
      [...live, '#EXT-X-KEY:METHOD=ROT13,URI="k"', ...three],
      'unknown-key-method',
      4,
    ],
    [
      'a byte range that follows none',
      [...live, '#EXTINF:6,', '#EXT-X-BYTERANGE:100', 'a.ts'],
      'byterange-without-offset',
      6,
    ],
    [
      'a date range without a date',
      [...live, '#EXT-X-DATERANGE:ID="ad"', ...three],
      'daterange-without-start',
      4,
    ],
    [
      'a date range that ends before it begins',
      [
        ...live,
        '#EXT-X-DATERANGE:ID="ad",START-DATE="2026-01-01T00:00:10Z"',
        '#EXT-X-DATERANGE:ID="ad",END-DATE="2026-01-01T00:00:09Z"',
        ...three,
      ],
      'daterange-ends-early',
      5,
    ],
    [
      'tags of both kinds',
      [...live, ...three, '#EXT-X-STREAM-INF:BANDWIDTH=1', 'v.m3u8'],
      'mixed-playlist',
      undefined,
    ],
    [
      'an unknown variable',
      [...live, '#EXT-X-DEFINE:NAME="a",VALUE="b"', '#EXTINF:6,', '{$c}.ts'],
      'undefined-variable',
      6,
    ],
  ] as const)('has a finding with its line for %s', (_name, lines, code, line) => {
    const playlist = media(...lines)

    const finding = playlist.findings.find((found) => found.code === code)
    expect(finding?.line).toBe(line)
    expect(finding?.diagnosis).toBe('spec-violation')
    expect(finding?.says).toMatch(/\.$/u)
  })

  it.each([1, 2, 4, 6, 8, 10])('has no finding on a healthy stream of %d s segments', (target) => {
    const segments = Array.from({ length: 6 }, (_, at) => [
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(1_767_225_600_000 + at * target * 1_000).toISOString()}`,
      `#EXTINF:${target.toFixed(6)},`,
      `s${900 + at}.ts`,
    ])

    const playlist = media(
      '#EXT-X-VERSION:3',
      `#EXT-X-TARGETDURATION:${target}`,
      '#EXT-X-MEDIA-SEQUENCE:900',
      ...segments.flat(),
    )

    expect(playlist.findings).toEqual([])
    expect(windowSeconds(playlist)).toBe(6 * target)
  })

  it('finds a date that jumps without a discontinuity', () => {
    const playlist = media(
      ...live,
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n#EXTINF:6,\na.ts\n#EXTINF:6,\nb.ts',
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:30Z\n#EXTINF:6,\nc.ts',
    )

    expect(playlist.findings).toMatchObject([
      { code: 'program-date-time-jump', diagnosis: 'media-gap', line: 11 },
    ])
  })
})

describe('the live edge', () => {
  it('follows from the nearest date inside the discontinuity domain', () => {
    const playlist = media(
      ...live,
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.500Z\n#EXTINF:6,\na.ts\n#EXTINF:4,\nb.ts',
      '#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-PART:DURATION=1,URI="c.0.ts"',
    )

    expect(edgeTime(playlist)).toBe(Date.UTC(2026, 0, 1, 0, 0, 11, 500))
  })

  it('is unknown where a discontinuity lies behind the last date', () => {
    const playlist = media(
      ...live,
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n#EXTINF:6,\na.ts',
      '#EXT-X-DISCONTINUITY\n#EXTINF:6,\nb.ts',
    )

    expect(edgeTime(playlist)).toBeUndefined()
  })

  it('keeps its identity when only signed queries change, and changes it with a new part', () => {
    const one = edgeIdentity(media(...live, '#EXTINF:6,\na.ts?sig=1'))
    const two = edgeIdentity(media(...live, '#EXTINF:6,\na.ts?sig=2'))
    const three = edgeIdentity(
      media(...live, '#EXTINF:6,\na.ts', '#EXT-X-PART:DURATION=1,URI="b.0.ts"'),
    )

    expect(two).toBe(one)
    expect(three).not.toBe(one)
  })
})

describe('a multivariant playlist', () => {
  it('gives variants, renditions, I-frame variants, steering and session keys', () => {
    const playlist = multivariant(
      '#EXT-X-CONTENT-STEERING:SERVER-URI="/steer?x=1",PATHWAY-ID="cdn-a"',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="en",DEFAULT=YES,URI="en.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",URI="subs.m3u8",FORCED=NO',
      '#EXT-X-SESSION-KEY:METHOD=AES-128,URI="key"',
      '#EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=4000000,CODECS="avc1.64,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.97,AUDIO="aac",SUBTITLES="subs",CLOSED-CAPTIONS=NONE,PATHWAY-ID="cdn-a"',
      'hi.m3u8',
      '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="i.m3u8"',
    )

    expect(playlist.findings).toEqual([])
    expect(playlist.variants).toMatchObject([
      {
        uri: 'hi.m3u8',
        bandwidth: 5_000_000,
        averageBandwidth: 4_000_000,
        codecs: 'avc1.64,mp4a.40.2',
        resolution: { width: 1920, height: 1080 },
        audio: 'aac',
        pathwayId: 'cdn-a',
      },
    ])
    expect(playlist.renditions.map(({ type, uri }) => [type, uri])).toEqual([
      ['AUDIO', 'en.m3u8'],
      ['SUBTITLES', 'subs.m3u8'],
    ])
    expect(playlist.iFrameVariants).toMatchObject([{ uri: 'i.m3u8' }])
    expect(playlist.contentSteering).toEqual({ serverUri: '/steer?x=1', pathwayId: 'cdn-a' })
    expect(playlist.sessionKeys).toHaveLength(1)
  })

  it('never gives closed captions a URI', () => {
    const playlist = multivariant(
      '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC1",URI="trap.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS="cc"\nv.m3u8',
    )

    expect(playlist.renditions[0]?.uri).toBeUndefined()
    expect(codes(playlist)).toEqual(['closed-captions-uri'])
  })

  it.each([
    [
      'a variant without bandwidth',
      ['#EXT-X-STREAM-INF:CODECS="a"', 'v.m3u8'],
      'missing-attribute',
    ],
    ['a variant without URI', ['#EXT-X-STREAM-INF:BANDWIDTH=1'], 'variant-without-uri'],
    ['no variant', ['#EXT-X-CONTENT-STEERING:SERVER-URI="x"'], 'no-variants'],
    ['an unknown group', ['#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="x"', 'v.m3u8'], 'unknown-group'],
    [
      'an open quote',
      ['#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="a', 'v.m3u8'],
      'attribute-list-syntax',
    ],
    [
      'a repeated attribute',
      ['#EXT-X-STREAM-INF:BANDWIDTH=1,BANDWIDTH=2', 'v.m3u8'],
      'attribute-list-duplicate',
    ],
    ['an unknown media type', ['#EXT-X-MEDIA:TYPE=X,GROUP-ID="a",NAME="b"'], 'unknown-media-type'],
  ] as const)('has a finding for %s', (_name, lines, code) => {
    expect(codes(multivariant(...lines))).toContain(code)
  })
})

describe('resolveUri', () => {
  it.each([
    ['../b/s.ts', 'https://a.example/live/x/p.m3u8?t=1', 'https://a.example/live/b/s.ts'],
    ['//cdn.example/s.ts', 'https://a.example/p.m3u8', 'https://cdn.example/s.ts'],
    ['file:///etc/passwd', 'https://a.example/p.m3u8', undefined],
    ['data:text/plain,x', 'https://a.example/p.m3u8', undefined],
    ['http://[', 'https://a.example/p.m3u8', undefined],
  ])('resolves %s to nothing but http and https', (uri, base, expected) => {
    expect(resolveUri(uri, base)).toBe(expected)
  })
})

describe('isoTime', () => {
  it.each([
    ['2026-02-28T10:00:00Z', Date.UTC(2026, 1, 28, 10)],
    ['2026-02-28T10:00:00.123456Z', Date.UTC(2026, 1, 28, 10, 0, 0) + 123.456],
    ['2026-02-28T10:00:00.5+0130', Date.UTC(2026, 1, 28, 8, 30, 0, 500)],
    ['2026-02-28T10:00:00-08:00', Date.UTC(2026, 1, 28, 18)],
    ['2026-02-28T10:00:00+01', Date.UTC(2026, 1, 28, 9)],
    ['2026-02-28T10:00:00', Date.UTC(2026, 1, 28, 10)],
    ['2024-02-29T23:59:59.999Z', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
    ['2026-02-31T00:00:00Z', Date.UTC(2026, 2, 3)],
    ['1969-12-31T23:59:59Z', -1_000],
    ['2026-13-28T10:00:00Z', undefined],
    ['2026-0x-28T10:00:00Z', undefined],
    ['20x6-01-28T10:00:00Z', undefined],
    ['2026-02-28 at noon, UTC', undefined],
    ['2026-02-28T10:00:00+1', undefined],
    ['', undefined],
  ])('reads %s', (text, expected) => {
    expect(isoTime(text)).toBe(expected)
  })

  it('reads what Date writes, also in the middle of a text', () => {
    const days = { min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }
    fc.assert(
      fc.property(fc.date(days), (date) => {
        const text = date.toISOString()

        expect(isoTime(text)).toBe(date.getTime())
        expect(isoTime(`at ${text}, then`, 3, 3 + text.length)).toBe(date.getTime())
      }),
    )
  })
})
