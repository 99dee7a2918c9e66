import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import { parseMpd } from '../../src/formats/mpd/parse.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { get, text } from './client.ts'
import { ManualClock } from './manual-clock.ts'

const START = Date.UTC(2026, 0, 1)
/** The oldest of the six segments of two seconds that are listed then. */
const FIRST = START / 2_000 - 6
const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0

let clock: ManualClock
let lab: Lab
let edge: string

beforeEach(async () => {
  clock = new ManualClock(START)
  lab = await startLab({
    clock,
    random: seededRandom(1),
    streams: [{ name: 'news' }],
    edges: [{ name: 'edge-a' }],
  })
  edge = lab.urls.edges['edge-a'] ?? ''
})

afterEach(() => lab.close())

async function manifest() {
  const { status, body } = await get(`${edge}/news/main.mpd`)
  const mpd = parseMpd(body, { url: `${edge}/news/main.mpd` })
  return { status, text: body.toString(), mpd: mpd.kind === 'mpd' ? mpd : undefined }
}

async function media(representation: 'sound' | '180p' | '360p', sequence: number) {
  const init = await get(`${edge}/news/${representation}/init.mp4`)
  const segment = await get(`${edge}/news/${representation}/${sequence}.m4s`)
  return { status: segment.status, bytes: Buffer.concat([init.body, segment.body]) }
}

describe('a stream of the lab over DASH', () => {
  it('has a manifest without a fault, with the segments of the playlists', async () => {
    const { mpd, text: written } = await manifest()

    expect(mpd?.findings).toEqual([])
    const representations = mpd?.periods[0]?.representations ?? []
    expect(representations.map(({ kind, width, codecs }) => [kind, width, codecs])).toEqual([
      ['video', 640, expect.stringMatching(/^avc3\.[0-9a-f]{6}$/u)],
      ['video', 320, expect.stringMatching(/^avc3\.[0-9a-f]{6}$/u)],
      ['audio', undefined, 'mp4a.40.2'],
    ])
    expect(written).toContain(`startNumber="${FIRST}"`)
    expect(written).toContain(`<S t="${FIRST * 180_000}" d="180000" r="5"/>`)
  })

  it.each(['sound', '180p', '360p'] as const)(
    'has segments of %s that follow each other',
    async (name) => {
      const [one, two] = [await media(name, FIRST), await media(name, FIRST + 1)]
      const [first, second] = [readFmp4(one.bytes), readFmp4(two.bytes)]

      expect(first.init?.tracks).toMatchObject([
        { kind: name === 'sound' ? 'audio' : 'video', timescale: 90_000 },
      ])
      const [a, b] = [first.tracks[0], second.tracks[0]]
      expect(b?.start).toBe(a?.end)
      expect(Math.abs((a?.start ?? 0) - FIRST * 180_000)).toBeLessThan(1_920)
    },
  )

  it.each([
    ['/news/main.mpd', 200],
    ['/nothing/main.mpd', 404],
    [`/news/360p/${FIRST + 6}.m4s`, 404],
    [`/news/sound/${FIRST - 4}.m4s`, 404],
    ['/news/720p/init.mp4', 404],
  ])('answers %s with %d', async (path, status) => {
    expect((await get(edge + path)).status).toBe(status)
  })

  it.skipIf(!ffmpeg)(
    'can be decoded: picture and sound, moving, black and silent (skipped without FFmpeg)',
    async () => {
      const decode = (bytes: Buffer, ...filter: string[]) => {
        const args = [
          ...'-hide_banner -nostdin -loglevel info -f mp4 -i pipe:0'.split(' '),
          ...filter,
          '-f',
          'null',
          '-',
        ]
        const { stderr } = spawnSync('ffmpeg', args, { input: bytes, encoding: 'utf8' })
        return stderr
      }
      const seen = [
        decode((await media('180p', FIRST + 4)).bytes),
        decode((await media('sound', FIRST + 4)).bytes, '-af', 'volumedetect'),
      ]
      await lab.inject('edge-a/news', 'black')
      await lab.inject('edge-a/news', 'silence')
      const wrong = [
        decode((await media('180p', FIRST + 4)).bytes, '-vf', 'blackdetect=d=1'),
        decode((await media('sound', FIRST + 4)).bytes, '-af', 'volumedetect'),
      ]

      expect(seen[0]).toMatch(/320x180.*frame= +50 /su)
      expect(seen[0]).not.toMatch(/error|invalid|corrupt/iu)
      expect(seen[1]).toMatch(/48000 Hz.*max_volume: -(?:1?\d|20)\.\d dB/su)
      expect(wrong[0]).toMatch(/black_duration:1\.9|black_duration:2/u)
      expect(wrong[1]).toMatch(/max_volume: -91/u)
    },
  )
})

describe('faults of the lab over DASH', () => {
  const number = (written: string) => Number(/startNumber="(\d+)"/u.exec(written)?.[1])

  it('freeze the manifest, and its segments stay', async () => {
    await lab.inject('edge-a/news', 'freeze')
    await clock.advance(20_000)

    const { text: written } = await manifest()

    expect(number(written)).toBe(FIRST)
    expect((await media('360p', FIRST + 5)).status).toBe(200)
  })

  it.each([
    ['multivariant-404', 404, 200],
    ['playlist-404', 404, 200],
    ['segments-404', 200, 404],
    ['unavailable', 503, 503],
  ] as const)(
    '%s answers the manifest with %d and segments with %d',
    async (fault, asked, segment) => {
      await lab.inject('edge-a/news', fault)

      expect((await manifest()).status).toBe(asked)
      expect((await media('360p', FIRST + 4)).status).toBe(segment)
    },
  )

  it('empty the manifest, end it, put HTML in its place and set its clock wrong', async () => {
    const under = async (fault: string, value?: number) => {
      await lab.inject('edge-a/news', fault, value === undefined ? {} : { value })
      const seen = await manifest()
      await lab.healAll()
      return seen
    }

    expect((await under('empty')).text).not.toContain('<S ')
    expect((await under('ended')).mpd?.isDynamic).toBe(false)
    expect((await under('html')).mpd).toBeUndefined()
    expect((await under('clock-skew', 60_000)).text).toContain(
      'utc:direct:2014" value="2026-01-01T00:01:00.000Z"',
    )
    expect(await text(`${edge}/news/main.mpd`)).toContain('type="dynamic"')
  })

  it('of one rendition leave the others and the sound alone', async () => {
    await lab.inject('edge-a/news/360p', 'segments-404')

    expect((await media('360p', FIRST)).status).toBe(404)
    expect((await media('180p', FIRST)).status).toBe(200)
    expect((await media('sound', FIRST)).status).toBe(200)
  })
})
