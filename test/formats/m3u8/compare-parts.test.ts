import { describe, expect, it } from 'vitest'
import { compareParts, isBefore, nextPlace } from '../../../src/formats/m3u8/compare-parts.ts'
import type { MediaPlaylist } from '../../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

/** A playlist with whole segments of two parts up to `whole`, then `parts` of the next. */
function list(whole: number, parts: readonly string[], hint?: string): MediaPlaylist {
  const lines = [
    '#EXTM3U',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PART-INF:PART-TARGET=1',
  ]
  for (let at = 0; at <= whole; at++) {
    for (const part of [0, 1])
      lines.push(`#EXT-X-PART:DURATION=1,URI="${at}.${part}.mp4?t=${whole}"`)
    lines.push('#EXTINF:2,', `${at}.mp4`)
  }
  for (const uri of parts) lines.push(`#EXT-X-PART:DURATION=1,URI="${uri}"`)
  if (hint !== undefined) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`)
  const playlist = parsePlaylist(lines.join('\n'))
  if (playlist.kind !== 'media') throw new Error(playlist.kind)
  return playlist
}

const codes = (before: MediaPlaylist, after: MediaPlaylist) =>
  compareParts(before, after).map(({ code }) => code)

describe('the parts of two successive playlists', () => {
  it.each([
    ['the hinted part came', list(3, ['4.0.mp4'], '4.1.mp4'), list(3, ['4.0.mp4', '4.1.mp4'])],
    ['the hinted part completed its segment', list(3, ['4.0.mp4'], '4.1.mp4'), list(4, [])],
    [
      'the hinted part begins the next segment',
      list(3, ['4.0.mp4', '4.1.mp4'], '5.0.mp4'),
      list(4, ['5.0.mp4']),
    ],
    ['nothing is new', list(3, ['4.0.mp4'], '4.1.mp4'), list(3, ['4.0.mp4'], '4.1.mp4')],
    ['much time has passed', list(3, ['4.0.mp4'], '4.1.mp4'), list(9, [])],
  ])('have no finding when %s', (_, before, after) => {
    expect(codes(before, after)).toEqual([])
  })

  it.each([
    ['another part came', list(3, ['4.0.mp4'], '4.x.mp4'), list(4, []), 'preload-hint-wrong'],
    [
      'the hint was for this segment but the next began',
      list(3, ['4.0.mp4', '4.1.mp4'], '4.2.mp4'),
      list(4, ['5.0.mp4']),
      'preload-hint-wrong',
    ],
    ['a part vanished', list(3, ['4.0.mp4', '4.1.mp4']), list(3, ['4.0.mp4']), 'parts-went-back'],
    ['a listed part changed', list(3, ['4.0.mp4']), list(3, ['4.z.mp4']), 'part-changed'],
  ])('have a finding with its line when %s', (_, before, after, code) => {
    const findings = compareParts(before, after)

    expect(findings).toMatchObject([{ code, line: expect.any(Number) }])
  })
})

describe('the next place', () => {
  it('follows the last part, or the last segment', () => {
    expect(nextPlace(list(3, ['4.0.mp4']))).toEqual({ sequence: 4, part: 1 })
    expect(nextPlace(list(3, []))).toEqual({ sequence: 4, part: 0 })
  })

  it('is ordered by segment, then part', () => {
    expect(isBefore({ sequence: 4, part: 9 }, { sequence: 5, part: 0 })).toBe(true)
    expect(isBefore({ sequence: 4, part: 1 }, { sequence: 4, part: 1 })).toBe(false)
  })
})
