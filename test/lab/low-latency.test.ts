import { beforeAll, describe, expect, it } from 'vitest'
import hls from '../../probes/hls.ts'
import type { Finding } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { parsePlaylist } from '../../src/formats/m3u8/parse.ts'
import { mergeDelta } from '../../src/formats/m3u8/delta.ts'
import type { MediaPlaylist } from '../../src/formats/m3u8/model.ts'
import { TsScanner } from '../../src/formats/mpegts/scanner.ts'
import { loadClip } from '../../src/lab/clip.ts'
import { heldUntil, lowLatencyPlaylist } from '../../src/lab/low-latency.ts'
import { Segments } from '../../src/lab/segments.ts'
import { startLab } from '../../src/lab/start-lab.ts'
import { programmeOf } from '../../src/lab/stream.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { session } from '../probes/look-once.ts'

const start = Date.UTC(2026, 0, 1)
const programme = programmeOf({ name: 'news', segmentSeconds: 2, window: 10, lowLatency: true })

function read(at: number, query = ''): MediaPlaylist {
  const playlist = parsePlaylist(lowLatencyPlaylist(programme, '360p', at, query))
  if (playlist.kind !== 'media') throw new Error(playlist.kind)
  return playlist
}

const wanted = { kind: 'playlist', stream: 'news', rendition: '360p' } as const

describe('a low-latency playlist of the lab', () => {
  it('breaks no rule at any moment of a segment', () => {
    for (let at = start; at < start + 2_000; at += 37) {
      expect(read(at).findings).toEqual([])
    }
  })

  it('ends with the parts that are finished, a hint of the next one and a report of the others', () => {
    const playlist = read(start + 650)

    const sequence = start / 2_000
    expect(playlist.trailingParts.map(({ uri }) => uri)).toEqual(
      [0, 1, 2].map((part) => `360p/${sequence}.${part}.ts`),
    )
    expect(playlist.preloadHints).toMatchObject([{ uri: `360p/${sequence}.3.ts` }])
    expect(playlist.renditionReports).toMatchObject([
      { uri: '180p.m3u8', lastSequence: sequence, lastPart: 2 },
    ])
  })

  it('has delta updates that give the whole playlist', () => {
    const merged = mergeDelta(read(start), read(start + 2_300, '_HLS_skip=YES'))

    if (!merged.ok) throw new Error(merged.says)
    const uris = (playlist: MediaPlaylist) => playlist.segments.map(({ uri }) => uri)
    expect(read(start + 2_300, '_HLS_skip=YES').skip).toMatchObject({ segments: 4 })
    expect(uris(merged.playlist)).toEqual(uris(read(start + 2_300)))
  })
})

describe('a request that names what it wants', () => {
  const sequence = start / 2_000

  it.each([
    ['nothing', '', start + 650],
    ['the next part', `_HLS_msn=${sequence}&_HLS_part=3`, start + 800],
    ['a whole segment', `_HLS_msn=${sequence}`, start + 2_000],
    ['a part beyond the last', `_HLS_msn=${sequence}&_HLS_part=10`, start + 2_200],
  ])('%s waits until it is there', (_, query, until) => {
    expect(heldUntil(programme, wanted, query, start + 650)).toBe(until)
  })

  it('is refused where that is far ahead', () => {
    expect(heldUntil(programme, wanted, `_HLS_msn=${sequence + 5}`, start)).toBe('never')
  })
})

describe('the parts of a segment', () => {
  let segments: Segments
  beforeAll(async () => {
    segments = new Segments(await loadClip())
  })

  it('hold its pictures and sounds, each once', () => {
    const cut = {
      rendition: '360p',
      look: { picture: 'test', sound: 'tone' },
      second: start / 1_000,
      seconds: 2,
    } as const
    const units = (body: Buffer) => {
      const scanner = new TsScanner()
      scanner.push(body)
      scanner.end()
      return scanner.report().pids.map(({ kind, pts }) => [kind, pts?.count ?? 0] as const)
    }

    const parts = Array.from({ length: 10 }, (_, part) => units(segments.get({ ...cut, part })))

    const total = (kind: string) =>
      parts.flat().reduce((sum, [each, count]) => sum + (each === kind ? count : 0), 0)
    for (const [kind, count] of units(segments.get(cut))) expect(total(kind)).toBe(count)
    expect(parts.map((part) => part.find(([kind]) => kind === 'video')?.[1])).toEqual(
      parts.map(() => 5),
    )
  })
})

it('the probe watches a low-latency stream of the lab through an edge without a complaint', async () => {
  const lab = await startLab({
    clock: realClock(),
    random: seededRandom(1),
    streams: [{ name: 'news', segmentSeconds: 1, window: 10, lowLatency: true }],
    edges: [{ name: 'edge-a' }],
  })
  try {
    const look = session(hls, { url: `${lab.urls.edges['edge-a']}/news/main.m3u8` })
    const found: Finding[] = []
    const waits: number[] = []
    for (let at = 0; at < 8; at++) {
      const { outcome, findings, measurements } = await look()
      expect(outcome).toBe('pass')
      found.push(...findings.filter(({ severity }) => severity !== 'info'))
      waits.push(...[measurements['part_wait_seconds'] ?? []].flat())
      await realClock().sleep(300)
    }

    expect(found).toEqual([])
    expect(waits.length).toBeGreaterThan(3)
    expect(Math.min(...waits)).toBeLessThan(0.3)
  } finally {
    await lab.close()
  }
})
