import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareMedia } from '../../../src/formats/m3u8/compare.ts'
import type { MediaPlaylist } from '../../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

interface Shape {
  readonly first: number
  readonly count: number
  readonly target?: number
  readonly name?: string
  readonly header?: string
  readonly discontinuityBefore?: number
  /** The number in the name of the first segment, where it is not its sequence number. */
  readonly from?: number
}

function list(shape: Shape): MediaPlaylist {
  const lines = [
    '#EXTM3U',
    `#EXT-X-TARGETDURATION:${shape.target ?? 6}`,
    `#EXT-X-MEDIA-SEQUENCE:${shape.first}`,
    shape.header ?? '',
  ]
  const shift = (shape.from ?? shape.first) - shape.first
  for (let sequence = shape.first; sequence < shape.first + shape.count; sequence++) {
    if (sequence === shape.discontinuityBefore) lines.push('#EXT-X-DISCONTINUITY')
    lines.push('#EXTINF:6,', `${shape.name ?? 's'}${sequence + shift}.ts?sig=${shape.first}`)
  }
  const playlist = parsePlaylist(lines.join('\n'))
  if (playlist.kind !== 'media') throw new Error(playlist.kind)
  return playlist
}

describe('two successive media playlists', () => {
  it.each([
    ['nothing changed', { first: 5, count: 5 }, { first: 5, count: 5 }, 0],
    ['the window slid by one', { first: 5, count: 5 }, { first: 6, count: 5 }, 1],
    ['the window grew', { first: 5, count: 5 }, { first: 5, count: 7 }, 2],
    ['old segments left', { first: 5, count: 5 }, { first: 7, count: 3 }, 0],
  ] as const)('have no finding when %s', (_name, before, after, appended) => {
    const result = compareMedia(list(before), list(after))

    expect(result).toEqual({ regressions: 0, restarted: false, appended, findings: [] })
  })

  it.each([
    [
      'the target duration changed',
      { first: 5, count: 5 },
      { first: 6, count: 5, target: 8 },
      { code: 'target-duration-changed', says: 'The target duration changed from 6 s to 8 s.' },
    ],
    [
      'the sequence went back',
      { first: 500, count: 5 },
      { first: 0, count: 3 },
      {
        code: 'sequence-went-back',
        diagnosis: 'sequence-regression',
        says: 'The media sequence went back from 500 to 0.',
      },
    ],
    [
      'the list shrank at its end',
      { first: 5, count: 5 },
      { first: 5, count: 4 },
      {
        code: 'list-shrank',
        diagnosis: 'sequence-regression',
        says: 'The newest segment went back from 9 to 8.',
      },
    ],
    [
      'a listed segment changed',
      { first: 5, count: 5 },
      { first: 6, count: 5, name: 'other' },
      { code: 'segment-changed', severity: 'error' },
    ],
    [
      'segments left without being counted',
      { first: 5, count: 5 },
      { first: 5, count: 5, from: 7 },
      {
        code: 'sequence-miscounted',
        line: 3,
        says: '2 segments left the playlist but its media sequence rose by 0.',
      },
    ],
    [
      'segments were counted that did not leave',
      { first: 5, count: 5 },
      { first: 8, count: 5, from: 6 },
      {
        code: 'sequence-miscounted',
        says: '1 segments left the playlist but its media sequence rose by 3.',
      },
    ],
    [
      'the window was left behind',
      { first: 5, count: 5 },
      { first: 20, count: 5 },
      { code: 'sequence-jump', severity: 'info' },
    ],
    [
      'a discontinuity vanished while its sequence stood',
      { first: 5, count: 5, discontinuityBefore: 7, header: '#EXT-X-DISCONTINUITY-SEQUENCE:3' },
      { first: 8, count: 5, header: '#EXT-X-DISCONTINUITY-SEQUENCE:3' },
      { code: 'discontinuity-sequence-wrong', severity: 'warning' },
    ],
    [
      'the discontinuity sequence went back',
      { first: 5, count: 1, header: '#EXT-X-DISCONTINUITY-SEQUENCE:3' },
      { first: 6, count: 1, header: '#EXT-X-DISCONTINUITY-SEQUENCE:2' },
      { code: 'discontinuity-sequence-went-back' },
    ],
  ] as const)('have a finding when %s', (_name, before, after, finding) => {
    const result = compareMedia(list(before), list(after))

    expect(result.findings).toMatchObject([finding])
  })

  it.each([
    ['a packager that starts anew', { first: 0, count: 3, name: 'new' }, true],
    ['an older copy of the same list', { first: 498, count: 5 }, false],
  ] as const)('tell %s', (_name, after, restarted) => {
    const result = compareMedia(list({ first: 500, count: 5 }), list(after))

    expect(result).toMatchObject({ regressions: 1, restarted })
  })

  it('accept a discontinuity that leaves the list and is counted', () => {
    const before = list({ first: 5, count: 5, discontinuityBefore: 7 })
    const after = list({ first: 8, count: 5, header: '#EXT-X-DISCONTINUITY-SEQUENCE:1' })

    expect(compareMedia(before, after).findings).toEqual([])
  })

  it('have no finding for any honest sliding window', () => {
    const window = fc.record({
      first: fc.nat(1_000),
      count: fc.integer({ min: 3, max: 12 }),
      slide: fc.nat(20),
      later: fc.integer({ min: 3, max: 12 }),
      at: fc.nat(1_012),
    })
    fc.assert(
      fc.property(window, ({ first, count, slide, later, at }) => {
        const gone = (from: number) => (at < from ? 1 : 0)
        const header = (from: number) => `#EXT-X-DISCONTINUITY-SEQUENCE:${gone(from)}`
        const next = first + slide
        const before = list({ first, count, discontinuityBefore: at, header: header(first) })
        const after = list({
          first: next,
          count: Math.max(later, first + count - next),
          discontinuityBefore: at,
          header: header(next),
        })

        const result = compareMedia(before, after)

        expect(result.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
      }),
    )
  })
})
