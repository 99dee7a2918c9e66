import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'mpd-parser'
import { describe, expect, it } from 'vitest'
import { liveWindow, segmentAt } from '../../../src/formats/mpd/live-edge.ts'
import { parseMpd } from '../../../src/formats/mpd/parse.ts'

const url = 'https://cdn.example/live/main.mpd'
const folder = new URL('../../fixtures/dash/', import.meta.url)

/*
 * The other parser writes out every segment since the start of the stream: live manifests that
 * began in 1970 exhaust its memory, so it is asked about finished presentations of one period.
 */
const finished = ['livesim2', 'mpd-parser'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder))
    .filter((file) => file.endsWith('.mpd'))
    .map((file) => [file, readFileSync(new URL(`${name}/${file}`, folder), 'utf8')] as const)
    .filter(([, text]) => !text.includes('type="dynamic"') && text.split('<Period').length === 2)
    // It prints what is not well-formed in these.
    .filter(([file]) => !/^testpic_2s-Manifest(?:_endNumber)?\.mpd$/u.test(file)),
)

/** By representation id: how many segments, and the first and last address. */
function theirs(text: string): Map<string, readonly [number, string, string]> {
  const manifest = parse(text, { manifestUri: url })
  const groups = ['AUDIO', 'SUBTITLES']
    .map((kind) => manifest.mediaGroups[kind] ?? {})
    .flatMap((group) => Object.values(group))
    .flatMap((labels) => Object.values(labels))
    .flatMap(({ playlists }) => playlists)
  const found = new Map<string, readonly [number, string, string]>()
  for (const { attributes, segments } of [...manifest.playlists, ...groups]) {
    const [first] = segments
    const last = segments.at(-1)
    if (attributes.NAME === undefined || first === undefined || last === undefined) continue
    found.set(attributes.NAME, [segments.length, first.resolvedUri, last.resolvedUri])
  }
  return found
}

function ours(text: string): Map<string, readonly [number, string, string]> {
  const mpd = parseMpd(text, { url })
  const found = new Map<string, readonly [number, string, string]>()
  const period = mpd.kind === 'mpd' ? mpd.periods[0] : undefined
  if (mpd.kind !== 'mpd' || period === undefined) return found
  for (const representation of period.representations) {
    const window = liveWindow(mpd, period, representation, 0)
    if (window === undefined) continue
    const [first, last] = [window.oldest, window.newest].map(
      (index) => segmentAt(mpd, period, representation, index)?.url,
    )
    if (first === undefined || last === undefined) continue
    found.set(representation.id, [window.newest - window.oldest + 1, first, last])
  }
  return found
}

describe('another parser', () => {
  it.each(finished)('finds the same segments in %s', (_, text) => {
    const mine = ours(text)

    for (const [id, segments] of theirs(text)) {
      if (mine.has(id)) expect([id, ...(mine.get(id) ?? [])]).toEqual([id, ...segments])
    }
  })

  it('is asked about enough of them', () => {
    const both = finished.map(([, text]) => {
      const mine = ours(text)
      return [...theirs(text).keys()].filter((id) => mine.has(id)).length
    })

    expect(both.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(30)
  })
})
