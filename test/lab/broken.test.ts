import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { get, open, rest, text, until, type Got } from './client.ts'
import { ManualClock } from './manual-clock.ts'
import { continuityErrors, packetsOf } from './transport-stream.ts'

/** The first full minute of 2026: a whole multiple of every segment length used here. */
const START = Date.UTC(2026, 0, 1)
const FIRST = START / 2_000 - 6

let clock: ManualClock
let lab: Lab
let a: string
let b: string

beforeEach(async () => {
  clock = new ManualClock(START)
  lab = await startLab({
    clock,
    random: seededRandom(1),
    streams: [{ name: 'news' }, { name: 'sport' }],
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
  a = lab.urls.edges['edge-a'] ?? ''
  b = lab.urls.edges['edge-b'] ?? ''
})

afterEach(() => lab.close())

async function sequence(url: string): Promise<number> {
  return Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/u.exec(await text(url))?.[1])
}

const newest = (rendition: string) => `/news/${rendition}/${FIRST + 5}.ts`

describe('a healthy edge', () => {
  it('hands on playlists and segments of the origin and says that it was there', async () => {
    const path = newest('360p')

    const [direct, through] = [await get(lab.urls.origin + path), await get(a + path)]

    expect(through.status).toBe(200)
    expect(through.body.equals(direct.body)).toBe(true)
    expect(through.headers).toMatchObject({
      'content-type': 'video/mp2t',
      'content-length': String(direct.body.length),
      via: '1.1 edge-a',
      age: '0',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
      'access-control-allow-origin': '*',
    })
    expect(direct.headers.via).toBeUndefined()
    expect(await sequence(`${a}/news/180p.m3u8`)).toBe(FIRST)
  })

  it.each([
    ['/', 404],
    ['/nothing/main.m3u8', 404],
    ['/news/720p.m3u8', 404],
    [`/news/360p/${FIRST + 6}.ts`, 404],
    [`/news/360p/${FIRST - 4}.ts`, 404],
    ['/news/main.m3u8?token=1', 200],
  ])('answers %s with %d', async (path, status) => {
    expect((await get(a + path)).status).toBe(status)
  })

  it('answers HEAD without a body and refuses to change anything', async () => {
    const head = await open(`${a}/news/main.m3u8`, 'HEAD')
    const post = await open(`${a}/news/main.m3u8`, 'POST')

    expect([head.statusCode, post.statusCode]).toEqual([200, 405])
    expect(await rest(head)).toHaveLength(0)
    post.destroy()
  })

  it('answers 502 while the origin refuses, and 504 when it hangs', async () => {
    const refusal = await lab.inject('origin', 'refuse')
    expect((await get(`${a}/news/main.m3u8`)).status).toBe(502)

    await lab.heal(refusal.id)
    await lab.inject('origin', 'hang')
    const answer = get(`${a}/news/main.m3u8`)
    await clock.asleepFor(10_000)
    await clock.advance(10_000)

    expect((await answer).status).toBe(504)
  })
})

describe('an edge that caches', () => {
  it('answers playlists from memory, with their age, until they are too old', async () => {
    const cdn = await startLab({
      clock,
      random: seededRandom(1),
      streams: [{ name: 'news' }],
      edges: [{ name: 'cdn', cacheMs: 3_000 }],
    })
    const url = `${cdn.urls.edges['cdn']}/news/360p.m3u8`
    const seen: unknown[] = []

    for (const step of [0, 2_500, 500]) {
      await clock.advance(step)
      const { headers, body } = await get(url)
      seen.push([headers['x-cache'], headers.age, body.toString().includes(`${FIRST}.ts`)])
    }

    await cdn.close()
    expect(seen).toEqual([
      ['MISS', '0', true],
      ['HIT', '2', true],
      ['MISS', '0', false],
    ])
  })
})

describe('the target of a fault', () => {
  it.each([
    ['origin', [404, 404, 404, 404]],
    ['origin/news', [404, 404, 200, 200]],
    ['edge-a', [404, 200, 404, 200]],
    ['edge-a/news', [404, 200, 200, 200]],
    ['edge-a/news/360p', [404, 200, 200, 200]],
    ['edge-a/news/180p', [200, 200, 200, 200]],
  ])('%s strikes there and nowhere else', async (target, expected) => {
    await lab.inject(target, 'playlist-404')

    const urls = ['news', 'sport'].flatMap((name) => [a, b].map((at) => `${at}/${name}/360p.m3u8`))

    expect(await Promise.all(urls.map(async (url) => (await get(url)).status))).toEqual(expected)
  })
})

describe('freeze', () => {
  it('holds a whole stream at an edge and lets it jump ahead when healed', async () => {
    await clock.advance(500)
    const { id } = await lab.inject('edge-a/news', 'freeze')
    await clock.advance(60_000)

    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST)
    expect(await sequence(`${a}/news/180p.m3u8`)).toBe(FIRST)
    expect(await sequence(`${a}/sport/360p.m3u8`)).toBe(FIRST + 30)
    expect(await sequence(`${b}/news/360p.m3u8`)).toBe(FIRST + 30)
    expect((await get(a + newest('360p'))).status).toBe(200)

    await lab.heal(id)
    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST + 30)
  })

  it('holds a single rendition', async () => {
    await lab.inject('edge-a/news/180p', 'freeze')
    await clock.advance(10_000)

    expect(await sequence(`${a}/news/180p.m3u8`)).toBe(FIRST)
    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST + 5)
  })

  it('at the origin reaches every edge', async () => {
    await lab.inject('origin/news', 'freeze')
    await clock.advance(10_000)

    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST)
    expect(await sequence(`${b}/news/360p.m3u8`)).toBe(FIRST)
  })

  it('ends by itself after its time', async () => {
    const fault = await lab.inject('edge-a', 'freeze', { forMs: 20_000 })
    expect(fault).toEqual({
      id: 'f1',
      target: 'edge-a',
      fault: 'freeze',
      since: START,
      until: START + 20_000,
    })

    await clock.advance(19_999)
    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST)
    await clock.advance(1)

    expect(await sequence(`${a}/news/360p.m3u8`)).toBe(FIRST + 10)
    expect(lab.faults()).toEqual([])
  })
})

describe('a fault of the answer', () => {
  const paths = ['/news/main.m3u8', '/news/360p.m3u8', newest('360p')]
  it.each([
    ['multivariant-404', [404, 200, 200]],
    ['playlist-404', [200, 404, 200]],
    ['segments-404', [200, 200, 404]],
    ['unavailable', [503, 503, 503]],
    ['redirect-loop', [302, 302, 302]],
    ['html', [200, 200, 200]],
  ])('%s answers ladder, playlist and segment with %j', async (fault, expected) => {
    await lab.inject('edge-a/news', fault)

    expect(await Promise.all(paths.map(async (path) => (await get(a + path)).status))).toEqual(
      expected,
    )
  })

  it('html is a page with status 200', async () => {
    await lab.inject('edge-a', 'html')

    const { headers, body } = await get(`${a}/news/main.m3u8`)

    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body.toString()).toMatch(/^<!doctype html>/u)
  })

  it('redirect-loop leads to the same address again', async () => {
    await lab.inject('edge-a', 'redirect-loop')

    expect((await get(`${a}/news/main.m3u8`)).headers.location).toBe('/news/main.m3u8')
    await expect(fetch(`${a}/news/main.m3u8`)).rejects.toThrow('fetch failed')
  })

  it('empty leaves a valid playlist without a segment', async () => {
    await lab.inject('edge-a', 'empty')

    expect(await text(`${a}/news/360p.m3u8`)).toBe(
      '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n' +
        `#EXT-X-MEDIA-SEQUENCE:${FIRST}\n`,
    )
  })

  it('ended closes the media playlist and nothing else', async () => {
    await lab.inject('edge-a', 'ended')

    expect(await text(`${a}/news/360p.m3u8`)).toMatch(/\.ts\n#EXT-X-ENDLIST\n$/u)
    expect(await text(`${a}/news/main.m3u8`)).not.toContain('ENDLIST')
  })

  it('bad-sequence counts beyond what a double can hold, and goes on counting', async () => {
    await lab.inject('edge-a', 'bad-sequence')
    const tag = async () => (await text(`${a}/news/360p.m3u8`)).match(/SEQUENCE:(\d+)/u)?.[1] ?? ''

    const first = BigInt(await tag())
    await clock.advance(2_000)

    expect(first).toBe(2n ** 53n + BigInt(FIRST))
    expect(BigInt(await tag())).toBe(first + 1n)
  })

  it.each([
    [30_000, '2026-01-01T00:00:18.000Z'],
    [-5_000, '2025-12-31T23:59:43.000Z'],
  ])('clock-skew moves every date by %d ms', async (value, first) => {
    await lab.inject('edge-a', 'clock-skew', { value })

    const dates = (await text(`${a}/news/360p.m3u8`)).match(/(?<=DATE-TIME:).*/gu)
    expect(dates?.[0]).toBe(first)
    expect(dates).toHaveLength(6)
  })

  it('continuity loses packets of the picture', async () => {
    await lab.inject('edge-a', 'continuity', { value: 100 })

    const [broken, whole] = [await get(a + newest('360p')), await get(b + newest('360p'))]

    const lost = (whole.body.length - broken.body.length) / 188
    expect(lost).toBeGreaterThan(5)
    expect(continuityErrors(packetsOf(whole.body))).toBe(0)
    expect(continuityErrors(packetsOf(broken.body))).toBe(lost)
  })

  it('black and silence change the segments of one edge and keep their time stamps', async () => {
    await lab.inject('edge-a', 'black')
    await lab.inject('edge-a', 'silence')

    const [black, whole] = [await get(a + newest('360p')), await get(b + newest('360p'))]

    const times = ({ body }: Got) => packetsOf(body).flatMap(({ pts }) => pts ?? [])
    expect(black.body.length).toBeLessThan(whole.body.length / 2)
    expect(times(black)).toEqual(times(whole))
  })

  it('gzip-bomb unpacks to 512 MiB', async () => {
    await lab.inject('edge-a', 'gzip-bomb')

    const { headers, body } = await get(`${a}/news/main.m3u8`)

    expect(headers['content-encoding']).toBe('gzip')
    expect(body.length).toBeLessThan(2 ** 20)
    let unpacked = 0
    for await (const part of Readable.from([body]).pipe(createGunzip({ chunkSize: 2 ** 20 }))) {
      unpacked += (part as Buffer).length
    }
    expect(unpacked).toBe(2 ** 29)
  })
})

describe('a fault of the way', () => {
  /** Reads on, until the answer ends or breaks. */
  function reading(url: string) {
    const state = { began: false, bytes: 0, ended: false, error: '' }
    const fail = (error: NodeJS.ErrnoException) => {
      state.error = error.code ?? ''
    }
    const answer = open(url)
    void answer.then((answer) => {
      state.began = true
      answer.on('data', (part: Buffer) => (state.bytes += part.length))
      answer.on('end', () => (state.ended = true))
      return answer.on('error', fail)
    }, fail)
    const stop = async () => (await answer).destroy()
    return { state, stop }
  }

  it('refuse closes the port, and healing opens the same one', async () => {
    const { id } = await lab.inject('edge-a', 'refuse')
    await expect(get(`${a}/news/main.m3u8`)).rejects.toThrow('ECONNREFUSED')
    expect((await get(`${b}/news/main.m3u8`)).status).toBe(200)

    await lab.heal(id)

    expect((await get(`${a}/news/main.m3u8`)).status).toBe(200)
  })

  it('refuse of one stream breaks its connections off and leaves the others', async () => {
    await lab.inject('edge-a/news', 'refuse')

    await expect(get(`${a}/news/main.m3u8`)).rejects.toThrow('ECONNRESET')
    expect((await get(`${a}/sport/main.m3u8`)).status).toBe(200)
  })

  it('hang accepts a request and never answers it', async () => {
    await lab.inject('edge-a/news', 'hang')

    const { state } = reading(`${a}/news/main.m3u8`)
    await until(() => lab.state().requests['edge-a'] === 1)
    await clock.advance(3_600_000)
    await get(`${a}/sport/main.m3u8`)

    expect(state).toMatchObject({ began: false, error: '' })
  })

  it('delay begins the answer later', async () => {
    await lab.inject('edge-a', 'delay', { value: 1_500 })

    const { state } = reading(`${a}/news/main.m3u8`)
    await clock.asleepFor(1_500)
    await clock.advance(1_499)
    await get(`${b}/news/main.m3u8`)
    expect(state.began).toBe(false)
    await clock.advance(1)
    await until(() => state.ended)

    expect(state.bytes).toBeGreaterThan(100)
  })

  it('reset breaks the connection after half of the body', async () => {
    await lab.inject('edge-a', 'reset')
    const whole = (await get(b + newest('360p'))).body.length

    const { state } = reading(a + newest('360p'))
    await until(() => state.bytes >= Math.ceil(whole / 2))
    await clock.asleepFor(50)
    await clock.advance(50)
    await until(() => state.error !== '')

    expect(state).toEqual({
      began: true,
      bytes: Math.ceil(whole / 2),
      ended: false,
      error: 'ECONNRESET',
    })
  })

  it('stall sends half of the body and then nothing', async () => {
    await lab.inject('edge-a', 'stall')
    const whole = (await get(b + newest('360p'))).body.length

    const { state, stop } = reading(a + newest('360p'))
    await until(() => state.bytes >= Math.ceil(whole / 2))
    await clock.advance(3_600_000)
    await get(`${b}/news/main.m3u8`)

    expect(state).toMatchObject({ bytes: Math.ceil(whole / 2), ended: false, error: '' })
    await stop()
  })

  it('throttle sends so many bytes a second', async () => {
    await lab.inject('edge-a', 'throttle', { value: 10_000 })

    const { state, stop } = reading(a + newest('360p'))
    for (let tick = 1; tick <= 20; tick += 1) {
      await clock.asleepFor(50)
      await until(() => state.bytes === tick * 500)
      await clock.advance(50)
    }

    await until(() => state.bytes === 10_500)
    await stop()
  })

  it('slow-loris sends one byte a second', async () => {
    await lab.inject('edge-a', 'slow-loris')

    const { state, stop } = reading(`${a}/news/main.m3u8`)
    for (let second = 1; second <= 5; second += 1) {
      await clock.asleepFor(1_000)
      await until(() => state.bytes === second)
      await clock.advance(1_000)
    }

    await stop()
  })

  it.each(['/news/360p.m3u8', newest('360p')])('endless never ends %s', async (path) => {
    await lab.inject('edge-a', 'endless')

    const { state, stop } = reading(a + path)
    for (let piece = 1; piece <= 5; piece += 1) {
      await clock.asleepFor(100)
      await until(() => state.bytes > piece * 990_000)
      await clock.advance(100)
    }

    expect(state.ended).toBe(false)
    await stop()
  })

  it('leaves no wait behind when the viewer goes away', async () => {
    await lab.inject('edge-a', 'slow-loris')
    const { state, stop } = reading(`${a}/news/main.m3u8`)
    await until(() => state.bytes === 1)

    await stop()

    await until(() => clock.sleeping === 0)
  })
})

describe('closing the lab', () => {
  it('ends hanging requests and every wait at once', async () => {
    await lab.inject('edge-a', 'delay', { value: 60_000, forMs: 600_000 })
    const answer = get(`${a}/news/main.m3u8`)
    const said = answer.catch((error: Error) => error.message)
    await clock.asleepFor(60_000)

    await lab.close()

    expect(await said).toBe('socket hang up')
    await until(() => clock.sleeping === 0)
    await expect(get(`${b}/news/main.m3u8`)).rejects.toThrow('ECONNREFUSED')
  })
})
