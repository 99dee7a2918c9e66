import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { feedOf } from '../../../src/app/drills/viewer-feed.ts'
import { VirtualViewers } from '../../../src/app/drills/virtual-viewers.ts'
import type { LoadCeiling } from '../../../src/core/drill-plan.ts'
import type { LoadResult } from '../../../src/core/drill-report.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'

const origin = 'https://b.example/live/'
const plenty: LoadCeiling = { viewers: 1, bitsPerSecond: 1e9 }
const segmentMs = 2_000

let clock: SimulatedClock
let net: ScriptedNet

beforeEach(() => {
  clock = new SimulatedClock()
  net = new ScriptedNet(clock)
})

/** Lets them pull for so long, and tells what came of it. */
async function pull(
  ceiling: LoadCeiling,
  ms: number,
  { type = 'hls', url = `${origin}main.m3u8` } = {},
): Promise<LoadResult> {
  const feed = feedOf(type)
  if (feed === undefined) throw new Error(`nothing pulls ${type}`)
  const viewers = new VirtualViewers({
    clock,
    net,
    path: 'cdn-b',
    url,
    ceiling,
    feed: () => feedOf(type) ?? feed,
  })
  const stop = new AbortController()
  const running = viewers.run(stop.signal)
  await clock.advance(ms)
  const result = viewers.result()
  stop.abort()
  await clock.advance(20_000)
  await running
  return result
}

/** A live stream of three variants whose segments weigh `bytes`, of which five are listed. */
function hls(
  bytes: number,
  segment: { afterMs?: number; status?: number; bytesPerSecond?: number } = {},
) {
  net.on(`${origin}main.m3u8`, {
    body: `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=4000000
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2000000
middle.m3u8
`,
  })
  net.on(/(low|middle|high)\.m3u8$/u, (now) => {
    const newest = 100 + Math.floor(now / segmentMs)
    const lines = [4, 3, 2, 1, 0].map((back) => `#EXTINF:2.0,\nseg-${newest - back}.ts`)
    return {
      body: `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${newest - 4}\n${lines.join('\n')}\n`,
    }
  })
  net.on(/seg-\d+\.ts$/u, { body: Buffer.alloc(bytes), ...segment })
}

function segments(): string[] {
  return net.urls.flatMap((url) => /seg-\w+/u.exec(url)?.[0] ?? [])
}

describe('virtual viewers of HLS', () => {
  test('pull each new segment of the best variant once, from the live edge on', async () => {
    hls(100_000)

    const result = await pull(plenty, 11_500)

    expect(segments()).toEqual(['seg-100', 'seg-101', 'seg-102', 'seg-103', 'seg-104', 'seg-105'])
    expect(net.urls.filter((url) => /low|middle/u.test(url))).toEqual([])
    expect(result).toMatchObject({
      path: 'cdn-b',
      segments: 6,
      failures: 0,
      lateRatio: 0,
      limitedBy: 'viewers',
    })
  })

  test('are as many as they are said to be', async () => {
    hls(100_000)

    await pull({ ...plenty, viewers: 7 }, 11_500)

    expect(segments().filter((each) => each === 'seg-103')).toHaveLength(7)
  })

  test('say that the ceiling limits them, and carry about as much as it allows', async () => {
    hls(1_000_000)

    const { bitsPerSecond, limitedBy } = await pull({ viewers: 10, bitsPerSecond: 10e6 }, 60_000)

    expect(limitedBy).toBe('ceiling')
    expect(bitsPerSecond).toBeLessThanOrEqual(10e6)
    expect(bitsPerSecond).toBeGreaterThan(8e6)
  })

  test('never go beyond their ceiling, whatever segments weigh', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 10, max: 6_000 }),
        async (viewers, megabits, kilobytes) => {
          clock = new SimulatedClock()
          net = new ScriptedNet(clock)
          hls(kilobytes * 1_000, { afterMs: 2_000 })
          const bitsPerSecond = megabits * 1e6

          await pull({ viewers, bitsPerSecond }, 10_000)

          const sent = segments().length * kilobytes * 8_000
          // A first segment may weigh more than anybody could know.
          expect(sent).toBeLessThanOrEqual(Math.max(bitsPerSecond * 10, kilobytes * 8_000))
        },
      ),
      { numRuns: 15 },
    )
  })

  test('say that the path limits them where segments come slower than they play', async () => {
    hls(500_000, { bytesPerSecond: 200_000 })

    const result = await pull(plenty, 30_000)

    expect(result).toMatchObject({ limitedBy: 'path', failures: 0, lateRatio: 1 })
  })

  test('count what is not there as failed, and not as carried', async () => {
    hls(500_000, { status: 503 })

    const result = await pull(plenty, 10_000)

    expect(result).toMatchObject({ limitedBy: 'path', segments: 0, lateRatio: 0 })
    expect(result.failures).toBeGreaterThan(3)
  })

  test('count a page in place of the playlist as failed', async () => {
    net.on(`${origin}main.m3u8`, { body: '<html>sold out</html>' })

    const result = await pull(plenty, 3_500)

    expect(result).toMatchObject({ segments: 0, failures: 4, limitedBy: 'path' })
  })

  test('ask for the part of a file that a segment is', async () => {
    net.on(`${origin}main.m3u8`, {
      body: '#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:1000@5000\nall.ts\n',
    })
    net.on(`${origin}all.ts`, { status: 206, body: Buffer.alloc(1_000) })

    const { segments: count } = await pull(plenty, 500)

    const asked = net.requests.find(({ url }) => url.endsWith('all.ts'))
    expect(asked?.request.headers).toEqual({ range: 'bytes=5000-5999' })
    expect(count).toBe(1)
  })

  test('begin again with the stream where it counts from 0 anew', async () => {
    hls(1_000)
    net.on(/high\.m3u8$/u, (now) => {
      const newest = (now < 6_000 ? 100 : -3) + Math.floor(now / segmentMs)
      return {
        body: `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${newest}\n#EXTINF:2,\nseg-${newest}.ts\n`,
      }
    })

    await pull(plenty, 9_500)

    expect(segments()).toEqual(['seg-100', 'seg-101', 'seg-102', 'seg-0', 'seg-1'])
  })

  test('ask for nothing any more once they are ended', async () => {
    hls(1_000)
    await pull(plenty, 5_000)
    const before = net.requests.length

    await clock.advance(60_000)

    expect(net.requests.length).toBe(before)
  })
})

describe('virtual viewers of DASH', () => {
  const manifest = { type: 'dash', url: `${origin}main.mpd` }

  beforeEach(() => {
    const begun = new Date(clock.wall() - 60_000).toISOString()
    net.on(manifest.url, {
      body: `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="${begun}" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT20S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
<Period id="1" start="PT0S">
<AdaptationSet contentType="video" mimeType="video/mp4">
<SegmentTemplate timescale="1" duration="2" startNumber="0" media="seg-$RepresentationID$_$Number$.m4s" initialization="init-$RepresentationID$.mp4"/>
<Representation id="v1" bandwidth="800000" codecs="avc1.4d401f"/>
<Representation id="v2" bandwidth="4000000" codecs="avc1.4d401f"/>
</AdaptationSet>
<AdaptationSet contentType="audio" mimeType="audio/mp4">
<SegmentTemplate timescale="1" duration="2" startNumber="0" media="seg-$RepresentationID$_$Number$.m4s" initialization="init-$RepresentationID$.mp4"/>
<Representation id="a1" bandwidth="128000" codecs="mp4a.40.2"/>
</AdaptationSet>
</Period>
</MPD>`,
    })
    net.on(/seg-\w+\.m4s$/u, { body: Buffer.alloc(100_000) })
  })

  test('pull pictures and sound, each new segment once, a little behind the live edge', async () => {
    const result = await pull(plenty, 7_500, manifest)

    // 60 s on air: number 29 is the newest that is whole.
    expect(segments().filter((each) => each.includes('v2'))).toEqual([
      'seg-v2_28',
      'seg-v2_29',
      'seg-v2_30',
      'seg-v2_31',
    ])
    expect(segments().filter((each) => each.includes('a1'))).toHaveLength(4)
    expect(segments().filter((each) => each.includes('v1'))).toEqual([])
    expect(result).toMatchObject({ segments: 8, failures: 0, limitedBy: 'viewers' })
  })

  test('stay below their ceiling', async () => {
    const { bitsPerSecond, limitedBy } = await pull(
      { viewers: 20, bitsPerSecond: 2e6 },
      60_000,
      manifest,
    )

    expect(limitedBy).toBe('ceiling')
    expect(bitsPerSecond).toBeLessThanOrEqual(2e6)
  })
})

test('nothing else is pulled', () => {
  expect(['rtmp', 'srt', 'mpegts', 'http', 'tcp'].map((type) => feedOf(type))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
