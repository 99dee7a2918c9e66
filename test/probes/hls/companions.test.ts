import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Observation } from '../../../src/core/sample.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { fragment, initSegment } from '../../formats/fmp4/box-writer.ts'
import { healthy, LiveStream, multivariant, origin, watch } from './scene.ts'

function scene(input: Readonly<Record<string, unknown>> = {}, target = 6) {
  const clock = new FakeClock()
  const stream = new LiveStream(clock, target)
  const net = healthy(clock, stream)
  const { look } = watch(clock, net, input, 3_000)
  async function looks(count: number): Promise<Observation[]> {
    const seen: Observation[] = []
    for (let at = 0; at < count; at++) seen.push(await look(3_000))
    return seen
  }
  return { clock, stream, net, look, looks }
}

type Scene = ReturnType<typeof scene>

const codes = ({ findings }: Observation) => findings.map(({ code }) => code)

/** Puts a tag before the first segment of both playlists. */
function tagged({ net, stream }: Scene, tag: string): void {
  for (const name of ['hi', 'lo']) {
    net.on(`${origin}/${name}.m3u8`, (now) => ({
      body: stream.playlist(now, name).replace('#EXTINF', `${tag}\n#EXTINF`),
    }))
  }
}

describe('a key', () => {
  const tag = '#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/k?id=s3cr3t"'
  const key = randomBytes(16)

  function encrypted(body: Buffer) {
    const it = scene()
    tagged(it, tag)
    it.net.on('https://keys.example/k', { body })
    it.net.on(/\.ts/u, { body: randomBytes(20_000) })
    return it
  }

  it('of 16 bytes is good, and what is encrypted is not judged by its bytes', async () => {
    const { looks } = encrypted(key)

    const seen = await looks(6)

    expect(seen.flatMap(codes)).toEqual([])
    expect(seen[0]?.measurements['keys_missing']).toBe(0)
  })

  it.each([
    ['a page of HTML', Buffer.from('<!doctype html><title>log in</title>'), 36],
    ['nothing', Buffer.alloc(0), 0],
    ['a byte too much', randomBytes(17), 17],
  ])('that is %s is missing', async (_, body, bytes) => {
    const { look } = encrypted(body)

    const seen = await look()

    expect(seen.measurements['keys_missing']).toBeGreaterThan(0)
    expect(seen.findings[0]).toMatchObject({ code: 'key-missing', diagnosis: 'key-missing' })
    expect(seen.findings[0]?.says).toMatch(
      new RegExp(`^The key of segment \\d+ of \\w+ is ${bytes} bytes long, not 16\\.$`, 'u'),
    )
  })

  it('is asked for again now and then, for viewers who come later need it too', async () => {
    const { net, looks } = encrypted(key)
    await looks(3)
    net.on('https://keys.example/k', { status: 403 })

    const seen = await looks(30)

    const missing = seen.map(({ measurements }) => measurements['keys_missing'] ?? 0)
    expect(Math.max(...missing)).toBe(1)
    expect(net.urls.filter((url) => url.includes('keys.example')).length).toBeLessThan(20)
  })

  it('and its address never appear in what is observed', async () => {
    const { looks } = encrypted(randomBytes(15))

    const text = JSON.stringify(await looks(3))

    expect(text).not.toContain('s3cr3t')
    expect(text).not.toContain(key.toString('hex'))
  })

  it('has a fingerprint that two servers of one stream share, and that tells another key', async () => {
    const keysOf = async (text: string) => {
      const it = scene()
      tagged(it, text)
      return (await it.look()).continuity?.keys
    }
    const own = await keysOf('#EXT-X-KEY:METHOD=AES-128,URI="https://a.example/k/1?t=one"')

    expect(own).toEqual([expect.stringMatching(/^AES-128 identity [0-9a-f]{16}$/u)])
    expect(await keysOf('#EXT-X-KEY:METHOD=AES-128,URI="https://b.example/k/1?t=two"')).toEqual(own)
    expect(await keysOf('#EXT-X-KEY:METHOD=AES-128,URI="https://a.example/k/2"')).not.toEqual(own)
    const written = 'data:text/plain;base64,'
    expect(await keysOf(`#EXT-X-KEY:METHOD=AES-128,URI="${written}AAAA"`)).toEqual(
      await keysOf(`#EXT-X-KEY:METHOD=AES-128,URI="${written}BBBB"`),
    )
  })

  it('of a DRM system is not asked for, which is said once', async () => {
    const it = scene()
    tagged(
      it,
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"',
    )

    const seen = await it.looks(4)

    expect(seen.map((each) => codes(each).filter((code) => code === 'protected').length)).toEqual([
      2, 0, 0, 0,
    ])
    expect(seen[0]?.findings[0]).toMatchObject({
      severity: 'info',
      says: 'Segments of 720p are protected by SAMPLE-AES (com.apple.streamingkeydelivery): licences are not asked for.',
    })
    expect(seen[0]?.measurements['keys_missing']).toBe(0)
  })
})

describe('segments of fragmented MP4', () => {
  function cmaf(shift: (sequence: number) => number, damaged = false) {
    const it = scene({ url: `${origin}/hi.m3u8` })
    tagged(it, '#EXT-X-MAP:URI="init.mp4"')
    it.net.on(`${origin}/init.mp4`, { body: initSegment() })
    it.net.on(/\.ts/u, (_now, { url }) => {
      const sequence = Number(/-(\d+)/u.exec(url)?.[1])
      const decodeTime = Math.round((sequence * 6 + shift(sequence)) * 90_000)
      const producedAt = it.clock.wall() - 9_000
      const body = fragment({ sequence, decodeTime, samples: 150, producedAt })
      return { body: damaged ? body.subarray(0, -200) : body }
    })
    return it
  }

  it('that follow each other have no gap, and tell when they were captured', async () => {
    const { looks } = cmaf(() => 0)

    const seen = await looks(8)

    expect(seen.flatMap(codes)).toEqual([])
    const gaps = seen.flatMap(({ measurements }) => measurements['media_gap_seconds'] ?? [])
    expect(gaps.length).toBeGreaterThan(1)
    expect(Math.max(...gaps)).toBeCloseTo(0)
    expect(seen[0]?.measurements['capture_latency_seconds']).toBeCloseTo(3, 1)
  })

  it('whose decode times jump show how far', async () => {
    const { looks } = cmaf((sequence) => (sequence % 2) * 2)

    const seen = await looks(8)

    expect(seen.flatMap(codes)).toContain('media-gap')
    expect(seen.flatMap(({ measurements }) => measurements['media_gap_seconds'] ?? [])).toContain(2)
  })

  it('that end inside a box are damaged', async () => {
    const { looks } = cmaf(() => 0, true)

    const seen = await looks(3)

    expect(seen[0]?.findings[0]).toMatchObject({ code: 'stream-damaged', severity: 'warning' })
    expect(seen[0]?.findings[0]?.says).toMatch(/is damaged: it ends inside a box\.$/u)
  })
})

describe('subtitles', () => {
  const media = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="en",URI="en.m3u8"'

  function subtitled(body: string) {
    const it = scene()
    it.net.on(`${origin}/main.m3u8`, { body: multivariant.replace('#EXTM3U', `#EXTM3U\n${media}`) })
    it.net.on(`${origin}/en.m3u8`, (now) => ({
      body: it.stream.playlist(now, 'en').replaceAll('.ts', '.vtt'),
    }))
    it.net.on(/\.vtt/u, { body })
    return it
  }

  it.each(['WEBVTT\n\n', '\u{FEFF}WEBVTT - title\n\n'])(
    'that begin with %j are good',
    async (body) => {
      const { looks } = subtitled(body)

      const seen = await looks(12)

      expect(seen.flatMap(codes)).toEqual([])
      expect(seen.at(-1)?.measurements['subtitles_missing']).toBe(0)
    },
  )

  it.each([
    ['a page of HTML', '<!doctype html>', 'holds text instead of media'],
    ['something else', 'WEBVTTX', 'holds neither WebVTT, which begins with WEBVTT, nor fMP4'],
  ])('that are %s are missing, and count for nothing else', async (_, body, says) => {
    const { looks } = subtitled(body)

    const seen = await looks(12)

    expect(seen.at(-1)?.measurements).toMatchObject({
      subtitles_missing: 1,
      segments_missing_ratio: 0,
    })
    const found = seen.flatMap(({ findings }) => findings)
    expect(found[0]).toMatchObject({ code: 'subtitles-missing', severity: 'warning' })
    expect(found[0]?.says).toContain(says)
    expect(seen.every(({ outcome }) => outcome === 'pass')).toBe(true)
  })
})

describe('a slate', () => {
  it('is told by its URI', async () => {
    const { net, stream, looks } = scene({ slate: { uri: 'slate' } })
    const before = await looks(2)
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, (now) => ({ body: stream.playlist(now, `${name}/slate`) }))
    }

    const after = await looks(2)

    expect(before.map(({ measurements }) => measurements['slate'])).toEqual([0, 0])
    expect(after.map(({ measurements }) => measurements['slate'])).toEqual([1, 1])
    expect([...before, ...after].map(({ continuity }) => continuity?.isSlate)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  it('is told by the digest of its segments', async () => {
    const body = new LiveStream(new FakeClock(), 6).segment('x-7.ts')
    const sha256 = [createHash('sha256').update(body).digest('hex')]
    const { net, looks } = scene({ slate: { sha256 } })
    const before = await looks(2)
    net.on(/\.ts/u, { body })

    const after = await looks(4)

    expect(before.at(-1)?.measurements['slate']).toBe(0)
    expect(after.at(-1)?.measurements['slate']).toBe(1)
  })

  it('is not looked for where none is described', async () => {
    const { looks } = scene()

    expect((await looks(2))[1]?.measurements['slate']).toBeUndefined()
  })
})

it('an older segment that is gone is found although the newest is there', async () => {
  const { net, stream, looks, clock } = scene({ url: `${origin}/hi.m3u8` })
  net.on(/\.ts/u, (_now, { url }) => {
    const sequence = Number(/-(\d+)/u.exec(url)?.[1])
    const isNewest = sequence === stream.newest(clock.now())
    return isNewest ? { body: stream.segment(url) } : { status: 404 }
  })

  const seen = await looks(21)

  expect(seen.flatMap(codes)).toContain('segments-missing')
  expect(net.requests.find(({ request }) => request.headers?.['range'])?.request).toMatchObject({
    headers: { range: 'bytes=0-0' },
    discardBody: true,
  })
})
