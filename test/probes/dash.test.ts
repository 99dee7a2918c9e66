import { describe, expect, it } from 'vitest'
import dash from '../../probes/dash.ts'
import type { Observation } from '../../src/core/sample.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { box, fragment } from '../formats/fmp4/box-writer.ts'
import { DashStream, origin, serving, watch } from './dash/scene.ts'

type Addressing = 'number' | 'timeline'

function scene(
  addressing: Addressing,
  input: Readonly<Record<string, unknown>> = {},
  seconds = 2,
  everyMs = 2_000,
) {
  const clock = new FakeClock()
  const stream = new DashStream(clock, addressing, seconds)
  const net = serving(clock, stream)
  return { clock, stream, net, look: watch(clock, net, input, everyMs) }
}

const both: readonly Addressing[] = ['number', 'timeline']
const codes = ({ findings }: Observation) => findings.map(({ code }) => code)

describe.each(both)('a healthy stream by %s', (addressing) => {
  it.each([1, 2, 4, 6])(
    'of %d s segments passes for two minutes without a finding',
    async (seconds) => {
      const { look } = scene(addressing, {}, seconds)
      const declared = new Set(dash.measures.map(({ name }) => name))

      for (let at = 0; at < 60; at++) {
        const seen = await look()

        expect(seen.outcome).toBe('pass')
        expect(seen.findings).toEqual([])
        expect(seen.measurements['playlist_age_seconds']).toBeLessThan(seconds + 2.1)
        expect(seen.measurements['media_gap_seconds'] ?? 0).toBeLessThan(0.05)
        expect(Math.abs(seen.measurements['stream_drift_seconds'] ?? 0)).toBeLessThan(seconds + 2)
        expect(Object.keys(seen.measurements).filter((name) => !declared.has(name))).toEqual([])
        expect(seen.measurements).toMatchObject({
          target_duration_seconds: seconds,
          renditions: 3,
          renditions_missing: 0,
          segments_listed: 5,
          segments_missing_ratio: 0,
          sequence_regressions: 0,
          spec_violations: 0,
        })
      }
    },
  )

  it('measures bitrate against what is advertised, the edge, and what a switch must keep', async () => {
    const { look, stream } = scene(addressing)
    stream.attributes = 'suggestedPresentationDelay="PT6S"'
    stream.producedLate = 3

    await look(0)
    const { measurements, continuity } = await look()

    expect(measurements['advertised_bits_per_second']).toBe(19_000)
    expect(measurements['bitrate_bits_per_second']).toBeGreaterThan(3 * 4_000)
    expect(measurements['bitrate_bits_per_second']).toBeLessThan(3 * 6_000)
    expect(measurements['live_latency_seconds']).toBe(6)
    expect(measurements['edge_age_seconds']).toBeLessThan(2.1)
    expect(measurements['availability_delay_seconds']).toBeLessThan(2.1)
    expect(measurements['capture_latency_seconds']).toBeGreaterThanOrEqual(3)
    expect(measurements['capture_latency_seconds']).toBeLessThan(5.1)
    expect(measurements['download_ratio']).toBeCloseTo(0.0025, 4)
    expect(continuity?.ladder).toEqual([
      { size: '1280x720', bitsPerSecond: 8_000, codecs: ['avc1.64001f'] },
      { size: '640x360', bitsPerSecond: 6_000, codecs: ['avc1.64001f'] },
      { bitsPerSecond: 5_000, codecs: ['mp4a.40.2'] },
    ])
  })

  it('has age 0 at first sight, and grows old when its encoder stops', async () => {
    const { look, stream, clock } = scene(addressing)
    const first = await look(0)
    for (let at = 0; at < 5; at++) await look()
    stream.stoppedAt = clock.now()

    const ages: number[] = []
    for (let at = 0; at < 10; at++) {
      const seen = await look()
      ages.push(seen.measurements['playlist_age_seconds'] ?? -1)
      expect(seen.measurements['rendition_age_seconds']).toBeGreaterThanOrEqual(ages[at] ?? 0)
    }

    expect(first.measurements['playlist_age_seconds']).toBeLessThan(0.1)
    expect(ages.at(-1)).toBeGreaterThan(17)
    // What is there stays there: the encoder is at fault, and no segment is missing.
    const seen = await look()
    expect(seen.measurements['segments_missing_ratio']).toBe(0)
    expect(codes(seen)).toEqual([])
  })

  it('shows one representation that stands still while the others go on', async () => {
    const { look, stream, net, clock } = scene(addressing)
    await look(0)
    if (addressing === 'number') {
      const newest = stream.newest(clock.now())
      net.on(/lo-\d+\.m4s/u, (now, { url }) =>
        Number(/-(\d+)\./u.exec(url)?.[1]) > newest ? { status: 404 } : stream.segment(url, now),
      )
    } else {
      const frozen = stream.manifest(clock.now())
      const old = /<SegmentTemplate[^]*?<\/SegmentTemplate>/u.exec(frozen)?.[0] ?? ''
      net.on(`${origin}/main.mpd`, (now) => ({
        body: stream
          .manifest(now)
          .replace(
            '<Representation id="en" bandwidth="5000"/>',
            `<Representation id="en" bandwidth="5000">${old}</Representation>`,
          ),
      }))
    }

    for (let at = 0; at < 9; at++) await look()
    const seen = await look()

    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(2.1)
    expect(seen.measurements['rendition_age_seconds']).toBeGreaterThan(17)
  })

  it('says that segments are missing when the server has lost them', async () => {
    const { look, net } = scene(addressing)
    for (let at = 0; at < 4; at++) await look()
    net.on(/\.m4s/u, { status: 404 })

    let seen = await look()
    for (let at = 0; at < 6; at++) seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['segments_missing_ratio']).toBe(1)
    expect(codes(seen)).toContain('segments-missing')
    expect(seen.findings[0]?.says).toMatch(/^Segment \d+ of (?:720p|360p|a1).* answered 404\.$/u)
  })

  it('measures media that is missing between segments', async () => {
    const { look, stream, clock } = scene(addressing)
    for (let at = 0; at < 3; at++) await look()
    stream.hole = { from: stream.newest(clock.now()) + 1, seconds: 1.5 }

    const gaps: number[] = []
    for (let at = 0; at < 3; at++) {
      const seen = await look()
      gaps.push(seen.measurements['media_gap_seconds'] ?? 0)
    }

    expect(Math.max(...gaps)).toBeCloseTo(1.5, 3)
  })
})

describe('a manifest that cannot be used', () => {
  it.each<[string, object, string, string]>([
    ['is gone', { status: 404 }, 'not-found', 'answered 404'],
    ['is HTML', { body: '<!doctype html><h1>Sorry</h1>' }, 'wrong-content', 'looks like html'],
    ['is empty', { body: '' }, 'wrong-content', 'is empty'],
    ['never ends', { body: '<MPD>', endless: true }, 'wrong-content', 'is larger than 8 MiB'],
    ['never comes', { hang: true }, 'unreachable', 'cannot be fetched'],
    [
      'has no period',
      { body: '<MPD type="static"/>' },
      'playlist-empty',
      'names no representation',
    ],
    [
      'brings entities',
      { body: '<!DOCTYPE MPD [<!ENTITY a "b">]><MPD>&a;</MPD>' },
      'wrong-content',
      'document type',
    ],
  ])('because it %s fails the look', async (_, answer, diagnosis, says) => {
    const { look, net } = scene('number', { url: `${origin}/main.mpd?token=hunter2` })
    net.on(`${origin}/main.mpd`, answer)

    const seen = await look(0)

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis,
      reason: expect.stringContaining(says),
    })
    expect(JSON.stringify(seen)).not.toContain('hunter2')
  })

  it('leaves the age of what was live growing', async () => {
    const { look, net } = scene('timeline')
    await look(0)
    net.on(`${origin}/main.mpd`, { status: 503 })

    const seen = await look(8_000)

    expect(seen.outcome).toBe('fail')
    expect(seen.measurements['playlist_age_seconds']).toBeCloseTo(8, 0)
  })

  it('is unknown where the fault is our own', async () => {
    const { look, net } = scene('number')
    net.on(`${origin}/main.mpd`, { fault: 'local' })

    expect(await look(0)).toMatchObject({ outcome: 'unknown' })
  })
})

describe('the clock of the stream', () => {
  const timing = (scheme: string, value: string) =>
    `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:${scheme}:2014" value="${value}"/>`

  it.each(['http-iso', 'http-xsdate'])(
    'is asked for by %s, and players are where it says',
    async (scheme) => {
      const { look, net, stream, clock } = scene('number')
      stream.skewMs = 7_000
      stream.top = timing(scheme, 'https://time.example/now')
      net.on('https://time.example/now', () => ({
        body: new Date(clock.wall() + 7_000).toISOString(),
      }))

      const seen = await look(0)

      expect(seen.measurements['clock_offset_seconds']).toBeCloseTo(7, 1)
      expect(seen.measurements['segments_missing_ratio']).toBe(0)
      expect(seen.measurements['edge_age_seconds']).toBeLessThan(2.1)
      expect(seen.findings).toMatchObject([
        { code: 'clock-offset', says: 'The clock of the stream is 7.0 s ahead of ours.' },
      ])
    },
  )

  it('is the Date of a HEAD request where the manifest says so', async () => {
    const { look, net, stream, clock } = scene('number')
    stream.skewMs = -20_000
    stream.top = timing('http-head', `${origin}/time`)
    net.on(`${origin}/time`, () => ({
      headers: { date: new Date(clock.wall() - 20_000).toUTCString() },
    }))

    const seen = await look(0)

    expect(seen.measurements['clock_offset_seconds']).toBeCloseTo(-20, -1)
    expect(net.requests.find(({ url }) => url === `${origin}/time`)?.request.method).toBe('HEAD')
    expect(seen.measurements['segments_missing_ratio']).toBe(0)
  })

  it.each([
    [0, []],
    [3_000, ['clock-offset']],
  ])(
    'by a server that knows whole seconds, %d ms off, is noticed beyond a second',
    async (off, expected) => {
      const { look, net, stream, clock } = scene('number')
      stream.skewMs = off
      stream.top = timing('http-iso', 'https://time.example/now')
      net.on('https://time.example/now', () => ({
        body: `${new Date(clock.wall() + off).toISOString().slice(0, 19)}Z`,
      }))

      expect(codes(await look(0))).toEqual(expected)
    },
  )

  it('is a time in the manifest where that is new', async () => {
    const { look, stream, clock } = scene('number')
    stream.skewMs = 5_000
    stream.top = timing('direct', new Date(clock.wall() + 5_000).toISOString())

    expect((await look(0)).measurements['clock_offset_seconds']).toBeCloseTo(5, 1)
  })

  it('is ours where its servers are silent, with a finding', async () => {
    const { look, stream } = scene('number')
    stream.top = timing('http-iso', 'https://time.example/now')

    const seen = await look(0)

    expect(seen.outcome).toBe('pass')
    expect(codes(seen)).toEqual(['time-server-missing'])
    expect(seen.measurements['clock_offset_seconds']).toBeUndefined()
  })

  it('by a Date header alone is not noticed below its uncertainty', async () => {
    const { look, net, stream, clock } = scene('number')
    net.on(`${origin}/main.mpd`, (now) => ({
      body: stream.manifest(now),
      headers: { date: new Date(clock.wall() - 900).toUTCString() },
    }))

    expect(codes(await look(0))).toEqual([])
  })
})

describe('what the probe asks for', () => {
  it('is by HEAD where only the clock says what exists, and media in turn', async () => {
    const { look, net } = scene('number')
    await look(0)
    net.requests.length = 0

    await look()

    const asked = net.requests.map(({ request }) => request.method ?? 'GET')
    expect(asked.filter((method) => method === 'HEAD')).toHaveLength(3)
    expect(net.urls.filter((url) => url.endsWith('.m4s'))).toHaveLength(4)
    expect(net.urls.filter((url) => url.endsWith('.mp4'))).toHaveLength(0)
  })

  it('is a byte where the server knows no HEAD', async () => {
    const { look, net, stream } = scene('number')
    net.on(/\d\.m4s/u, (now, { url, method }) =>
      method === 'HEAD' ? { status: 405 } : stream.segment(url, now),
    )

    await look(0)
    const seen = await look()

    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(0.1)
    expect(net.requests.some(({ request }) => request.headers?.['range'] === 'bytes=0-0')).toBe(
      true,
    )
  })

  it('is the place that the manifest names for the next one, and the configured one where that fails', async () => {
    const { look, net, stream } = scene('timeline')
    stream.top = '<Location>https://other.example/s/1.mpd</Location>'
    net.on('https://other.example/s/1.mpd', { status: 410 })

    await look(0)
    net.requests.length = 0
    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(net.urls.slice(0, 2)).toEqual(['https://other.example/s/1.mpd', `${origin}/main.mpd`])
  })

  it('carries configured headers to the configured host alone', async () => {
    const { look, net, stream } = scene('number', { headers: { authorization: 'Bearer hunter2' } })
    stream.top = '<BaseURL>https://media.example/</BaseURL>'
    await look(0)

    for (const { url, request } of net.requests) {
      const own = url.startsWith('https://cdn.example/')
      expect(request.headers?.['authorization']).toBe(own ? 'Bearer hunter2' : undefined)
    }
    expect(net.urls.some((url) => url.startsWith('https://media.example/'))).toBe(true)
  })

  it('ends within the deadline however slow the peer is', async () => {
    const { look, net, stream, clock } = scene('number', { timeout: '2s' })
    net.on(/\d\.m4s/u, (now, { url, method }) =>
      method === 'HEAD' ? {} : { ...stream.segment(url, now), bytesPerSecond: 100 },
    )
    const from = clock.now()

    const seen = await look(0)

    expect(clock.now() - from).toBeLessThanOrEqual(2_100)
    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['download_ratio']).toBeGreaterThan(0.5)
  })
})

describe('a stream over its life', () => {
  it('that ends while it is watched has a finding and no age', async () => {
    const { look, net, stream } = scene('timeline')
    await look(0)
    net.on(`${origin}/main.mpd`, (now) => ({
      body: stream.manifest(now).replace('type="dynamic"', 'type="static"'),
    }))

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(codes(seen)).toEqual(['ended'])
    expect(seen.measurements['playlist_age_seconds']).toBeUndefined()
  })

  it('that goes back to an old copy grows old and shows the regression', async () => {
    const { look, net, stream, clock } = scene('timeline')
    await look(0)
    const old = stream.manifest(clock.now())
    for (let at = 0; at < 3; at++) await look()
    net.on(`${origin}/main.mpd`, { body: old })

    const back = await look()
    const later = await look(6_000)

    expect(back.measurements['sequence_regressions']).toBe(3)
    expect(codes(back)).toContain('edge-regression')
    expect(later.measurements['playlist_age_seconds']).toBeGreaterThan(7)
  })

  it('whose encoder starts anew is young again', async () => {
    const { look, net, clock } = scene('timeline')
    for (let at = 0; at < 3; at++) await look()
    const again = new DashStream(clock, 'timeline')
    net.on(`${origin}/main.mpd`, (now) => ({
      body: again.manifest(now).replaceAll(/t="\d+"/gu, 't="0"'),
    }))

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(0.1)
  })

  it('whose next period has begun without a segment is judged by the period before', async () => {
    const { look, net, stream, clock } = scene('timeline')
    await look(0)
    const frozen = stream.manifest(clock.now())
    const begun =
      '<Period id="p1" start="PT1S"><AdaptationSet id="ad" contentType="video"><SegmentTemplate media="$Number$.m4s"><SegmentTimeline/></SegmentTemplate><Representation id="ad"/></AdaptationSet></Period></MPD>'
    net.on(`${origin}/main.mpd`, { body: frozen.replace('</MPD>', begun) })

    const seen = await look(9_000)

    expect(seen.measurements['renditions']).toBe(3)
    expect(seen.measurements['playlist_age_seconds']).toBeGreaterThan(8)
  })
})

describe('a segment that is not what it should be', () => {
  it.each([
    ['is HTML', { body: '<!doctype html>' }, 'segments-missing'],
    ['is empty', { body: '' }, 'segments-missing'],
    ['is noise', { body: Buffer.alloc(500, 1) }, 'segments-missing'],
    [
      'is damaged',
      { body: Buffer.concat([fragment({ sequence: 1, decodeTime: 0 }), Buffer.alloc(500, 1)]) },
      'stream-damaged',
    ],
    [
      'is cut off',
      { body: fragment({ sequence: 1, decodeTime: 0 }).subarray(0, -99) },
      'stream-damaged',
    ],
    ['holds nothing', { body: box('styp', Buffer.alloc(20)) }, 'stream-absent'],
  ])('because it %s is a finding', async (_, answer, code) => {
    const { look, net } = scene('timeline')
    net.on(/\d\.m4s/u, answer)

    const seen = await look(0)

    expect(codes(seen)).toContain(code)
  })

  it('because its initialisation segment is missing counts as missing', async () => {
    const { look, net } = scene('timeline')
    net.on(/-init\.mp4$/u, { status: 404 })

    const seen = await look(0)

    expect(seen.measurements['segments_missing_ratio']).toBe(1)
    expect(seen.findings[0]?.says).toContain('has an initialisation segment that answered 404')
  })
})
