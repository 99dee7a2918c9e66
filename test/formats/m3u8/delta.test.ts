import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeDelta } from '../../../src/formats/m3u8/delta.ts'
import type { MediaPlaylist } from '../../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

function media(lines: readonly string[]): MediaPlaylist {
  const playlist = parsePlaylist(`#EXTM3U\n${lines.join('\n')}\n`)
  if (playlist.kind !== 'media') throw new Error(playlist.kind)
  return playlist
}

interface Item {
  readonly discontinuity: boolean
  readonly key: 'same' | 'new' | 'none'
  readonly map: boolean
}

/** The tags of one segment as every playlist of the stream writes them. */
function tags(item: Item, at: number): string[] {
  return [
    ...(item.discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(item.key === 'new' ? [`#EXT-X-KEY:METHOD=AES-128,URI="k${at}"`] : []),
    ...(item.key === 'none' ? ['#EXT-X-KEY:METHOD=NONE'] : []),
    ...(item.map ? [`#EXT-X-MAP:URI="i${at}"`] : []),
    '#EXTINF:6,',
    `s${at}.m4s`,
  ]
}

/** The full playlist of the segments from `first` on, or one that skips some of them. */
function list(items: readonly Item[], first: number, skip = 0): MediaPlaylist {
  const gone = items.slice(0, first).filter(({ discontinuity }) => discontinuity).length
  const lines = [
    '#EXT-X-TARGETDURATION:6',
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${gone}`,
  ]
  if (skip > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`)
  for (const [at, item] of items.entries()) {
    if (at >= first + skip) lines.push(...tags(item, at))
  }
  return media(lines)
}

const shown = ({ segments }: MediaPlaylist) =>
  segments.map(({ sequence, uri, discontinuitySequence, keys, map }) => ({
    sequence,
    uri,
    discontinuitySequence,
    keys: keys.map((key) => key.uri),
    map: map?.uri,
  }))

describe('a delta update', () => {
  it('laid onto what was known before gives what a full playlist gives', () => {
    const item = fc.record({
      discontinuity: fc.boolean(),
      key: fc.constantFrom('same', 'same', 'new', 'none'),
      map: fc.boolean(),
    })
    const shape = fc.record({
      items: fc.array(item, { minLength: 4, maxLength: 14 }),
      before: fc.nat(),
      slid: fc.nat(),
      skip: fc.nat(),
    })
    fc.assert(
      fc.property(shape, ({ items, before, slid, skip }) => {
        const known = 2 + (before % (items.length - 2))
        const first = slid % known
        const skipped = 1 + (skip % (known - first))
        const previous = list(items.slice(0, known), 0)

        const merged = mergeDelta(previous, list(items, first, skipped))

        if (!merged.ok) throw new Error(merged.says)
        // A full playlist begins with the key and map in force there, which the earlier one showed.
        const whole = shown(list(items, 0)).slice(first)
        expect(shown(merged.playlist)).toEqual(whole)
        expect(merged.playlist.skip).toBeUndefined()
      }),
    )
  })

  it('is refused where a skipped segment was never seen', () => {
    const items = Array.from({ length: 9 }, (): Item => ({
      discontinuity: false,
      key: 'same',
      map: false,
    }))

    const merged = mergeDelta(list(items.slice(0, 4), 0), list(items, 2, 5))

    expect(merged).toEqual({
      ok: false,
      says: 'skips segments 2 to 6, of which not all were listed before',
    })
  })

  it('keeps date ranges but those that it removes or states anew', () => {
    const range = (id: string, date: string) =>
      `#EXT-X-DATERANGE:ID="${id}",START-DATE="2026-01-0${date}T00:00:00Z"`
    const head = ['#EXT-X-TARGETDURATION:6', '#EXT-X-MEDIA-SEQUENCE:0']
    const segment = ['#EXTINF:6,', 's0.m4s']
    const before = media([...head, range('a', '1'), range('b', '2'), range('c', '3'), ...segment])
    const skip = '#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES="a\tx"'
    const delta = media([...head, skip, range('c', '4'), '#EXTINF:6,', 's1.m4s'])

    const merged = mergeDelta(before, delta)

    if (!merged.ok) throw new Error(merged.says)
    expect(merged.playlist.dateRanges.map(({ id, start }) => [id, start])).toEqual([
      ['b', Date.UTC(2026, 0, 2)],
      ['c', Date.UTC(2026, 0, 4)],
    ])
  })

  it('that skips nothing is the playlist itself', () => {
    const items = [{ discontinuity: false, key: 'same', map: false } as const]
    const full = list(items, 0)

    expect(mergeDelta(full, full)).toEqual({ ok: true, playlist: full })
  })
})
