import { describe, expect, it } from 'vitest'
import hls from '../../probes/hls.ts'
import type { Observation } from '../../src/core/sample.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { fragment, initSegment } from '../formats/fmp4/box-writer.ts'
import { TsWriter } from '../formats/mpegts/ts-writer.ts'
import { healthy, LiveStream, multivariant, origin, watch } from './hls/scene.ts'

function scene(target = 6, everyMs = 3_000, input: Readonly<Record<string, unknown>> = {}) {
  const clock = new FakeClock()
  const stream = new LiveStream(clock, target)
  const net = healthy(clock, stream)
  const { look } = watch(clock, net, input, everyMs)
  return { clock, stream, net, look }
}

const codes = (observation: Observation) => observation.findings.map(({ code }) => code)

describe('a healthy stream', () => {
  it.each([1, 2, 4, 6, 8, 10])(
    'of %d s segments passes for two minutes without a finding',
    async (target) => {
      const { look } = scene(target)

      for (let at = 0; at < 40; at++) {
        const seen = await look(3_000)

        expect(seen.outcome).toBe('pass')
        expect(seen.findings).toEqual([])
        expect(seen.measurements['playlist_age_seconds']).toBeLessThan(target + 3.1)
        expect(seen.measurements).toMatchObject({
          target_duration_seconds: target,
          renditions: 2,
          renditions_missing: 0,
          segments_listed: 5,
          segments_missing_ratio: 0,
          sequence_regressions: 0,
          spec_violations: 0,
        })
        expect(seen.measurements['continuity_errors'] ?? 0).toBe(0)
        expect(seen.measurements['media_gap_seconds'] ?? 0).toBeLessThan(0.05)
      }
    },
  )

  it('measures bitrate against what is advertised, edge, timings and drift', async () => {
    const { look } = scene()

    await look()
    const seen = await look(6_000)

    expect(seen.measurements['advertised_bits_per_second']).toBe(500_000)
    expect(seen.measurements['bitrate_bits_per_second']).toBeGreaterThan(200_000)
    expect(seen.measurements['bitrate_bits_per_second']).toBeLessThan(500_000)
    expect(seen.measurements['download_ratio']).toBeCloseTo(0.005 / 6, 5)
    expect(seen.measurements['edge_age_seconds']).toBeLessThan(6)
    expect(seen.measurements['availability_delay_seconds']).toBeLessThan(3.1)
    expect(seen.measurements['http_first_byte_seconds']).toBe(0.005)
    expect(Math.abs(seen.measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(6)
  })

  it('declares every measurement that it takes', async () => {
    const { look } = scene()
    const declared = new Set(hls.measures.map(({ name }) => name))

    await look()
    const seen = await look(6_000)

    expect(Object.keys(seen.measurements).filter((name) => !declared.has(name))).toEqual([])
  })

  it('never asks for closed captions, and asks only for what is new', async () => {
    const { net, look } = scene()

    await look()
    net.requests.length = 0
    await look(1_000)
    const quiet = [...net.urls]
    net.requests.length = 0
    await look(5_000)

    expect(quiet).toEqual([`${origin}/hi.m3u8`, `${origin}/lo.m3u8`])
    expect(net.urls.filter((url) => url.endsWith('.ts'))).toHaveLength(1)
    expect(net.urls.every((url) => url.startsWith(`${origin}/`))).toBe(true)
  })

  it('has age 0 at first sight, because nobody knows when its segment appeared', async () => {
    const { look } = scene()

    const seen = await look()

    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(0.1)
    expect(seen.measurements['availability_delay_seconds']).toBeUndefined()
  })

  it('shows what a switch must keep continuous', async () => {
    const { look, stream, clock } = scene()

    const seen = await look()

    expect(seen.continuity).toMatchObject({
      ladder: [
        { size: '1280x720', bitsPerSecond: 300_000, codecs: ['avc1.64001f', 'mp4a.40.2'] },
        { size: '640x360', bitsPerSecond: 200_000, codecs: ['avc1.64001f', 'mp4a.40.2'] },
      ],
      mediaSequence: stream.newest(clock.now()),
      segmentMs: 6_000,
      keys: [],
    })
    expect(seen.continuity?.edgeAt).toBeLessThanOrEqual(clock.wall())
  })
})

describe('a frozen stream', () => {
  it('grows old as a whole while every request succeeds', async () => {
    const { net, look, stream, clock } = scene()
    await look()
    const frozenAt = clock.now()
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, { body: stream.playlist(frozenAt, name) })
    }

    for (let at = 0; at < 10; at++) await look(3_000)
    const seen = await look(3_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['playlist_age_seconds']).toBeCloseTo(33, 0)
    expect(seen.measurements['rendition_age_seconds']).toBeCloseTo(33, 0)
  })

  it('grows old in one rendition while the other goes on', async () => {
    const { net, look, stream, clock } = scene()
    await look()
    net.on(`${origin}/lo.m3u8`, { body: stream.playlist(clock.now(), 'lo') })

    for (let at = 0; at < 10; at++) await look(3_000)
    const seen = await look(3_000)

    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(6.1)
    expect(seen.measurements['rendition_age_seconds']).toBeCloseTo(33, 0)
  })

  it('grows old under a media playlist URL given directly', async () => {
    const { net, look, stream, clock } = scene(6, 3_000, { url: `${origin}/hi.m3u8` })
    const first = await look()
    net.on(`${origin}/hi.m3u8`, { body: stream.playlist(clock.now(), 'hi') })

    for (let at = 0; at < 10; at++) await look(3_000)
    const seen = await look(3_000)

    expect(first.measurements['renditions']).toBe(1)
    expect(seen.measurements['playlist_age_seconds']).toBeCloseTo(33, 0)
    expect(net.urls.some((url) => url.includes('lo'))).toBe(false)
  })

  it('does not grow young when caches take turns with two old copies', async () => {
    const { net, look, stream, clock } = scene()
    await look()
    const frozenAt = clock.now()
    let turn = 0
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, () => ({
        body: stream.playlist(frozenAt - (turn++ % 4 < 2 ? 0 : 6_000), name),
      }))
    }

    let regressions = 0
    for (let at = 0; at < 10; at++) {
      regressions += (await look(3_000)).measurements['sequence_regressions'] ?? 0
    }
    const seen = await look(3_000)

    expect(seen.measurements['playlist_age_seconds']).toBeCloseTo(33, 0)
    expect(regressions).toBeGreaterThan(4)
  })

  it('is as young as its newest media again after a packager starts anew', async () => {
    const { net, look, clock } = scene()
    await look()
    for (const name of ['hi', 'lo']) {
      const body = `#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nnew-${name}-0.ts\n`
      net.on(`${origin}/${name}.m3u8`, { body })
    }

    const seen = await look(9_000)

    expect(seen.measurements['sequence_regressions']).toBe(2)
    expect(seen.measurements['playlist_age_seconds']).toBeLessThan(0.1)
    expect(codes(seen)).toContain('sequence-went-back')
    expect(clock.pending).toBe(0)
  })

  it('says that an ended playlist has no age', async () => {
    const { net, look, stream, clock } = scene()
    await look()
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, {
        body: `${stream.playlist(clock.now(), name)}#EXT-X-ENDLIST\n`,
      })
    }

    const seen = await look(3_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['playlist_age_seconds']).toBeUndefined()
    expect(seen.findings[0]).toMatchObject({
      code: 'ended',
      says: 'The media playlist 720p ended (EXT-X-ENDLIST) while it was watched.',
    })
  })
})

describe('a path that fails', () => {
  const url = `${origin}/main.m3u8?token=s3cr3t`
  const shown = `${origin}/main.m3u8?token=…`

  it.each([
    ['is gone', { status: 404 }, 'not-found', `The playlist ${shown} answered 404.`],
    ['is gone for good', { status: 410 }, 'not-found', `The playlist ${shown} answered 410.`],
    ['is forbidden', { status: 403 }, 'unreachable', `The playlist ${shown} answered 403.`],
    ['has a broken origin', { status: 502 }, 'unreachable', `The playlist ${shown} answered 502.`],
    [
      'refuses connections',
      { fault: 'refused', phase: 'connect' },
      'unreachable',
      `The playlist ${shown} cannot be fetched (connect): refused at connect.`,
    ],
    [
      'never answers',
      { hang: true },
      'unreachable',
      `The playlist ${shown} cannot be fetched (first-byte): timeout at first-byte.`,
    ],
    [
      'answers a page of HTML',
      { body: '<!doctype html><title>Sorry</title>' },
      'wrong-content',
      `The playlist ${shown} is no playlist but looks like html.`,
    ],
    ['answers nothing', { body: '' }, 'wrong-content', `The playlist ${shown} is empty.`],
    [
      'answers bytes',
      { body: Buffer.from([0x47, 0x40, 0, 0x10, 0]) },
      'wrong-content',
      `The playlist ${shown} is no playlist but looks like binary.`,
    ],
    [
      'answers without end',
      { body: `#EXTM3U\n${'#EXTINF:6,\nx.ts\n'.repeat(4_000)}`, endless: true },
      'wrong-content',
      `The playlist ${shown} is larger than 8 MiB.`,
    ],
    [
      'answers a million lines',
      { body: `#EXTM3U\n${'#\n'.repeat(1_000_000)}` },
      'wrong-content',
      `The playlist ${shown} has more than 200000 lines.`,
    ],
    [
      'names no variant',
      {
        body: '#EXTM3U\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",NAME="n",INSTREAM-ID="CC1"\n',
      },
      'playlist-empty',
      `The multivariant playlist ${shown} names no playlist that can be fetched.`,
    ],
    [
      'lists no segment',
      { body: '#EXTM3U\n#EXT-X-TARGETDURATION:6\n' },
      'playlist-empty',
      `The playlist ${shown} lists no segment.`,
    ],
  ] as const)('because it %s', async (_name, answer, diagnosis, reason) => {
    const { net, look, clock } = scene(6, 3_000, { url })
    net.on(`${origin}/main.m3u8`, answer)
    const startedAt = clock.now()

    const seen = await look()

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis, reason })
    expect(JSON.stringify(seen)).not.toContain('s3cr3t')
    expect(seen.measurements['playlist_age_seconds']).toBeUndefined()
    expect(clock.now() - startedAt).toBeLessThanOrEqual(3_000)
  })

  it('fails when every media playlist lists no segment', async () => {
    const { net, look } = scene()
    net.on(/\/(?:hi|lo)\.m3u8/u, { body: '#EXTM3U\n#EXT-X-TARGETDURATION:6\n' })

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'playlist-empty',
      reason: 'No media playlist lists a segment.',
    })
    expect(seen.measurements['segments_listed']).toBe(0)
  })

  it('passes with a finding when one media playlist alone lists no segment', async () => {
    const { net, look } = scene()
    net.on(`${origin}/lo.m3u8`, { body: '#EXTM3U\n#EXT-X-TARGETDURATION:6\n' })

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({ segments_listed: 0, renditions_missing: 0 })
    expect(seen.findings).toMatchObject([{ code: 'rendition-empty', diagnosis: 'playlist-empty' }])
  })

  it('fails when every media playlist is gone, and keeps what it measured', async () => {
    const { net, look } = scene()
    net.on(/\/(?:hi|lo)\.m3u8/u, { status: 404 })

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'not-found',
      reason: 'None of 2 media playlists can be had; 720p answered 404.',
      measurements: { renditions: 2, renditions_missing: 2, http_first_byte_seconds: 0.005 },
    })
  })

  it('notices within one look that the server is down, also when only media playlists were due', async () => {
    const { net, look } = scene()
    await look()
    net.on(/./u, { fault: 'refused' })

    const seen = await look(1_000)

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(seen.reason).toContain('refused at connect')
  })

  it.each(['local', 'aborted'] as const)(
    'is unknown when the fault is our own (%s)',
    async (fault) => {
      const { net, look } = scene()
      net.on(/./u, { fault, phase: 'connect' })

      const seen = await look()

      expect(seen.outcome).toBe('unknown')
      expect(seen.diagnosis).toBeUndefined()
    },
  )

  it('recovers with the state it had: an old edge is still old', async () => {
    const { net, look, stream, clock } = scene()
    await look()
    const old = stream.playlist(clock.now(), 'hi')
    net.on(/./u, { fault: 'refused' })
    await look(3_000)
    net.on(`${origin}/main.m3u8`, { body: multivariant })
    net.on(/\/(?:hi|lo)\.m3u8/u, { body: old })

    const seen = await look(30_000)

    expect(seen.measurements['rendition_age_seconds']).toBeGreaterThan(30)
  })
})

describe('a rendition that is missing', () => {
  it('is counted and named, and leaves the ages of the others alone', async () => {
    const { net, look } = scene()
    await look()
    net.on(`${origin}/lo.m3u8`, { status: 404 })

    const seen = await look(3_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({ renditions: 2, renditions_missing: 1 })
    expect(seen.measurements['rendition_age_seconds']).toBeLessThan(6)
    expect(seen.findings).toMatchObject([
      {
        code: 'rendition-missing',
        diagnosis: 'rendition-missing',
        rendition: '360p',
        says: 'The media playlist 360p answered 404.',
      },
    ])
  })

  it('does not hold up the others when it hangs', async () => {
    const { net, look, clock } = scene()
    await look()
    net.on(`${origin}/lo.m3u8`, { hang: true })
    const startedAt = clock.now() + 6_000

    const seen = await look(6_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({ renditions_missing: 1, segments_missing_ratio: 0 })
    expect(clock.now() - startedAt).toBeLessThanOrEqual(3_000)
    const media = net.requests.filter(({ url, at }) => at >= startedAt && url.endsWith('hi.m3u8'))
    expect(media[0]?.at).toBe(startedAt)
  })

  it('is fetched under its new address when signed URLs change', async () => {
    const { net, look, stream } = scene()
    let token = 'one'
    const signed = () => multivariant.replaceAll('.m3u8', `.m3u8?token=${token}`)
    net.on(`${origin}/main.m3u8`, () => ({ body: signed() }))
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, (now, { url }) =>
        url.endsWith(`=${token}`) ? { body: stream.playlist(now, name) } : { status: 403 },
      )
    }
    await look()
    await look(3_000)
    token = 'two'

    const seen = await look(1_000)

    expect(seen).toMatchObject({ outcome: 'pass', findings: [] })
    expect(seen.measurements['renditions_missing']).toBe(0)
    expect(seen.measurements['playlist_age_seconds']).toBeGreaterThan(0.5)
  })
})

describe('a ladder longer than anybody plays', () => {
  const long = ['#EXTM3U', ...Array.from({ length: 100 }, (_, at) => variant(at)), ''].join('\n')

  function variant(at: number): string {
    return `#EXT-X-STREAM-INF:BANDWIDTH=${1_000 + at}\nv${at}.m3u8`
  }

  it('is watched in part, and says so', async () => {
    const { net, look, stream } = scene()
    net.on(`${origin}/main.m3u8`, { body: long })
    net.on(/\/v\d+\.m3u8/u, (now) => ({ body: stream.playlist(now, 'hi') }))

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['renditions']).toBe(64)
    expect(net.urls.filter((url) => /v\d+\.m3u8/u.test(url))).toHaveLength(64)
    expect(seen.findings[0]?.says).toBe(
      'The multivariant playlist names 100 media playlists; the first 64 are watched.',
    )
  })

  it('shares a limited memory: the more playlists, the smaller each may be', async () => {
    const { net, look } = scene()
    net.on(`${origin}/main.m3u8`, { body: long })
    net.on(/\/v\d+\.m3u8/u, { body: `#EXTM3U\n#${'x'.repeat(2 ** 21)}\n` })

    const seen = await look()

    expect(seen.outcome).toBe('fail')
    expect(seen.reason).toBe('None of 64 media playlists can be had; v1 is larger than 0.5 MiB.')
  })
})

describe('segments', () => {
  it('that are all missing pass as a look, with the ratio that a rule judges', async () => {
    const { net, look } = scene()
    await look()
    net.on(/\.ts/u, { status: 404 })

    await look(6_000)
    await look(3_000)
    const seen = await look(3_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['segments_missing_ratio']).toBe(1)
    expect(seen.findings[0]).toMatchObject({
      code: 'segments-missing',
      diagnosis: 'segments-missing',
    })
    expect(seen.findings[0]?.says).toMatch(/^Segment \d+ of (?:720p|360p) answered 404\.$/u)
  })

  it('that hold a page of HTML are missing', async () => {
    const { net, look } = scene()
    net.on(/\.ts/u, { body: '<html><body>expired</body></html>' })

    const seen = await look()

    expect(seen.measurements['segments_missing_ratio']).toBe(1)
    expect(seen.findings[0]?.says).toContain('holds text instead of media')
  })

  it('that hold noise are missing', async () => {
    const { net, look } = scene()
    const noise = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 167 + 3) % 256))
    net.on(/\.ts/u, { body: noise })

    const seen = await look()

    expect(seen.measurements['segments_missing_ratio']).toBe(1)
    expect(seen.findings[0]?.says).toMatch(
      /^Segment \d+ of 720p holds neither MPEG-TS, fMP4, packed audio nor WebVTT\.$/u,
    )
  })

  it.each([
    ['an ID3 tag', Buffer.from('ID3\x04\0\0\0\0\0\x3fPRIV', 'latin1')],
    ['ADTS', Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc])],
    ['AC-3', Buffer.from([0x0b, 0x77, 0x8d, 0xc1, 0x14, 0x40, 0x43, 0xff])],
    ['WebVTT', Buffer.from('WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n')],
    ['a box of fMP4', Buffer.from('\0\0\0\x2cemsg')],
    ['the middle of a packet', Buffer.concat([Buffer.alloc(100), new TsWriter().segment(0, 1, 9)])],
  ])('that begin with %s are media', async (_name, head) => {
    const { net, look } = scene()
    net.on(/\.ts/u, { body: Buffer.concat([head, Buffer.alloc(4_096, 0x01)]) })

    const seen = await look()

    expect(seen.measurements['segments_missing_ratio']).toBe(0)
  })

  it('with lost packets are counted', async () => {
    const { net, look, stream } = scene()
    await look()
    net.on(/\.ts/u, (_now, { url }) => {
      const whole = stream.segment(url)
      const keep = [
        whole.subarray(0, 188 * 100),
        whole.subarray(188 * 101, 188 * 200),
        whole.subarray(188 * 203),
      ]
      return { body: Buffer.concat(keep) }
    })

    const seen = await look(6_000)

    expect(seen.measurements['continuity_errors']).toBeGreaterThanOrEqual(2)
    expect(seen.findings[0]).toMatchObject({
      code: 'continuity-errors',
      diagnosis: 'continuity-errors',
    })
  })

  it('whose timestamps jump without a discontinuity leave a gap', async () => {
    const { net, look, stream } = scene(6, 3_000, { url: `${origin}/hi.m3u8` })
    await look()
    net.on(/hi-(\d+)\.ts/u, (_now, { url }) => {
      const sequence = Number(/-(\d+)/u.exec(url)?.[1])
      return { body: stream.segment(url.replace(/-\d+/u, `-${sequence + 1}`)) }
    })

    const seen = await look(6_000)

    expect(seen.measurements['media_gap_seconds']).toBeCloseTo(6, 1)
    expect(codes(seen)).toEqual(['media-gap'])
  })

  it('that come slower than they play are seen although the look cuts them off', async () => {
    const { net, look, stream, clock } = scene(6, 3_000)
    await look()
    const size = stream.segment('hi-61.ts').length
    net.on(/\.ts/u, (_now, { url }) => ({ body: stream.segment(url), bytesPerSecond: size / 12 }))
    const startedAt = clock.now() + 6_000

    const seen = await look(6_000)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['download_ratio']).toBeGreaterThan(1)
    expect(seen.measurements['segments_missing_ratio']).toBe(0)
    expect(clock.now() - startedAt).toBeLessThanOrEqual(3_000)
  })

  it('of CMAF are measured by size and time, with their initialisation section', async () => {
    const { net, look, stream } = scene(6, 3_000, { url: `${origin}/hi.m3u8` })
    net.on(`${origin}/hi.m3u8`, (now) => ({
      body: stream.playlist(now, 'hi').replace('#EXTINF', '#EXT-X-MAP:URI="init.mp4"\n#EXTINF'),
    }))
    net.on(`${origin}/init.mp4`, { body: initSegment() })
    net.on(/\.ts/u, (_now, { url }) => {
      const sequence = Number(/-(\d+)/u.exec(url)?.[1])
      const decodeTime = sequence * 6 * 90_000
      return { body: fragment({ sequence, decodeTime, samples: 150, bytes: 300_000 }) }
    })

    await look()
    const seen = await look(6_000)

    expect(seen.findings).toEqual([])
    expect(seen.measurements['bitrate_bits_per_second']).toBeCloseTo((300_108 * 8) / 6, -3)
    expect(seen.measurements['continuity_errors']).toBeUndefined()
    expect(seen.measurements['media_gap_seconds']).toBeCloseTo(0)
    expect(net.urls.filter((url) => url.endsWith('init.mp4'))).toHaveLength(1)
  })

  it('whose key cannot be had say so', async () => {
    const { net, look, stream } = scene(6, 3_000, { url: `${origin}/hi.m3u8` })
    net.on(`${origin}/hi.m3u8`, (now) => ({
      body: stream
        .playlist(now, 'hi')
        .replace('#EXTINF', '#EXT-X-KEY:METHOD=AES-128,URI="key.bin?t=s3cr3t"\n#EXTINF'),
    }))
    net.on(`${origin}/key.bin`, { status: 403 })

    const seen = await look()

    expect(seen.measurements['keys_missing']).toBe(1)
    expect(seen.findings[0]).toMatchObject({ code: 'key-missing', diagnosis: 'key-missing' })
    expect(JSON.stringify(seen)).not.toContain('s3cr3t')
  })

  it('are left alone where the options say so', async () => {
    const { net, look } = scene(6, 3_000, { segments: { fetch: 'none' } })

    const seen = await look()

    expect(net.urls.some((url) => url.endsWith('.ts'))).toBe(false)
    expect(seen.measurements['segments_missing_ratio']).toBeUndefined()
  })

  it('are asked for again on suspicion, although they came before', async () => {
    const { net, look } = scene()
    await look()
    net.requests.length = 0

    await look(1_000, 'suspicion')

    expect(net.urls).toContain(`${origin}/main.m3u8`)
    expect(net.urls.filter((url) => url.endsWith('.ts'))).toHaveLength(1)
  })
})

describe('what a playlist may name', () => {
  it('gets configured headers and the pinned address only on the configured host', async () => {
    const input = { headers: { authorization: 'Bearer s3cr3t' }, address: '192.0.2.7' }
    const { net, look, stream } = scene(6, 3_000, input)
    net.on(`${origin}/main.m3u8`, {
      body: multivariant.replace('lo.m3u8', 'https://other.example/lo.m3u8'),
    })
    net.on('https://other.example/lo.m3u8', (now) => ({ body: stream.playlist(now, 'lo') }))

    await look()

    for (const { url, request } of net.requests) {
      const own = url.startsWith(origin)
      expect(request.headers?.['authorization']).toBe(own ? 'Bearer s3cr3t' : undefined)
      expect(request.address).toBe(own ? '192.0.2.7' : undefined)
    }
    expect(net.urls.some((url) => url.startsWith('https://other.example/'))).toBe(true)
  })

  it('is never a file or any other scheme', async () => {
    const { net, look } = scene()
    net.on(`${origin}/main.m3u8`, {
      body: multivariant.replace('lo.m3u8', 'file:///etc/passwd'),
    })

    const seen = await look()

    expect(seen.measurements['renditions']).toBe(1)
    expect(net.urls.every((url) => url.startsWith('https://'))).toBe(true)
  })
})

describe('the options', () => {
  it('have defaults for everything but the URL', () => {
    expect(hls.options.parse({ url: 'http://a.example/x.m3u8' })).toEqual({
      url: 'http://a.example/x.m3u8',
      headers: {},
      ip: 'any',
      http: 1,
      low_latency: true,
      steering: 'check',
      timeout: 4_000,
      user_agent: 'changeover',
      segments: { fetch: 'newest', per_look: 1, max_bytes: 67_108_864 },
    })
  })

  it.each([
    [{ url: 'rtmp://a.example/x' }],
    [{ url: 'http://a.example/x', timeout: 4 }],
    [{ url: 'http://a.example/x', colour: 'red' }],
    [{ url: 'http://a.example/x', address: 'edge.example' }],
  ])('refuse %j', (input) => {
    expect(hls.options.safeParse(input).success).toBe(false)
  })
})

describe('a session', () => {
  it('ends when its due times end', async () => {
    const clock = new FakeClock()
    const options = hls.options.parse({ url: `${origin}/main.m3u8` })
    const context = {
      clock,
      random: { next: () => 0 },
      net: new ScriptedNet(clock),
      due: (async function* () {})(),
      signal: new AbortController().signal,
      everyMs: 3_000,
    }

    const seen: Observation[] = []
    for await (const observation of hls.observe(options, context)) seen.push(observation)

    expect(seen).toEqual([])
  })
})
