import { Parser } from 'm3u8-parser'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../../src/lab/clip.ts'
import { mediaPlaylist, multivariantPlaylist } from '../../src/lab/playlists.ts'
import { Segments } from '../../src/lab/segments.ts'
import { isAvailable, programmeOf } from '../../src/lab/stream.ts'

const START = Date.UTC(2026, 0, 1)

let segments: Segments
beforeAll(async () => {
  segments = new Segments(await loadClip())
})

interface Parsed {
  readonly mediaSequence: number
  readonly mediaGroups: Readonly<Record<string, unknown>>
  readonly playlists: readonly { readonly attributes: Readonly<Record<string, unknown>> }[]
}

/** What a parser of players makes of it. */
function parsed(text: string): Parsed {
  const parser = new Parser({ uri: 'http://lab.test/main.m3u8' })
  parser.push(text)
  parser.end()
  return parser.manifest as Parsed
}

describe('the multivariant playlist', () => {
  it('describes each rendition with rates, size, codecs and frame rate', () => {
    const text = multivariantPlaylist(programmeOf({ name: 'news', segmentSeconds: 2 }), segments)

    expect(text).toBe(
      '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n' +
        '#EXT-X-STREAM-INF:BANDWIDTH=648224,AVERAGE-BANDWIDTH=622468,RESOLUTION=640x360,' +
        'CODECS="avc1.42c01e,mp4a.40.2",FRAME-RATE=25.000\n360p.m3u8\n' +
        '#EXT-X-STREAM-INF:BANDWIDTH=227856,AVERAGE-BANDWIDTH=216764,RESOLUTION=320x180,' +
        'CODECS="avc1.42c01e,mp4a.40.2",FRAME-RATE=25.000\n180p.m3u8\n',
    )
  })

  it('announces closed captions without an address when the stream has them', () => {
    const text = multivariantPlaylist(programmeOf({ name: 'news', captions: true }), segments)

    const { mediaGroups, playlists } = parsed(text)
    expect(mediaGroups['CLOSED-CAPTIONS']).toMatchObject({ cc: { English: { instreamId: 'CC1' } } })
    expect(text).not.toContain('URI=')
    expect(playlists.map(({ attributes }) => attributes['CLOSED-CAPTIONS'])).toEqual(['cc', 'cc'])
  })
})

describe('the media playlist', () => {
  it('lists the newest finished segments with the dates at which they began', () => {
    const programme = programmeOf({ name: 'news', segmentSeconds: 6, window: 3 })

    const text = mediaPlaylist(programme, '360p', START + 1_000)

    const first = START / 6_000 - 3
    expect(text).toBe(
      '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n' +
        `#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:${first}\n` +
        '#EXT-X-PROGRAM-DATE-TIME:2025-12-31T23:59:42.000Z\n#EXTINF:6.000,\n' +
        `360p/${first}.ts\n` +
        '#EXT-X-PROGRAM-DATE-TIME:2025-12-31T23:59:48.000Z\n#EXTINF:6.000,\n' +
        `360p/${first + 1}.ts\n` +
        '#EXT-X-PROGRAM-DATE-TIME:2025-12-31T23:59:54.000Z\n#EXTINF:6.000,\n' +
        `360p/${first + 2}.ts\n`,
    )
  })

  it.each([1, 2, 3, 7, 10])('moves by one segment every %d s', (segmentSeconds) => {
    const programme = programmeOf({ name: 'news', segmentSeconds })
    const sequenceAt = (at: number) => parsed(mediaPlaylist(programme, '360p', at)).mediaSequence
    const begin = Math.ceil(START / segmentSeconds / 1_000) * segmentSeconds * 1_000

    const seen = [0, 0.999, 1, 1.5, 2, 3].map((times) =>
      sequenceAt(begin + Math.floor(times * segmentSeconds * 1_000)),
    )

    const first = seen[0] ?? 0
    expect(seen.map((sequence) => sequence - first)).toEqual([0, 0, 1, 1, 2, 3])
  })

  it('lists only segments that can be fetched, and some stay after they left it', () => {
    const programme = programmeOf({ name: 'news', segmentSeconds: 2, window: 6 })
    const { mediaSequence: first } = parsed(mediaPlaylist(programme, '360p', START))

    const offsets = [-4, -3, -1, 0, 5, 6]

    expect(offsets.map((offset) => isAvailable(programme, first + offset, START))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })
})

describe('a stream', () => {
  it.each([
    [{ name: 'News' }, 'A stream cannot be called "News".'],
    [{ name: '' }, 'A stream cannot be called "".'],
    [{ name: 'a/b' }, 'A stream cannot be called "a/b".'],
    [{ name: 'n', segmentSeconds: 0 }, 'The segmentSeconds of stream n cannot be 0.'],
    [{ name: 'n', segmentSeconds: 1.5 }, 'The segmentSeconds of stream n cannot be 1.5.'],
    [{ name: 'n', segmentSeconds: 11 }, 'The segmentSeconds of stream n cannot be 11.'],
    [{ name: 'n', window: 2 }, 'The window of stream n cannot be 2.'],
  ])('%j is refused', (stream, says) => {
    expect(() => programmeOf(stream)).toThrow(says)
  })
})
