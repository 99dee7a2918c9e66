import { describe, expect, it } from 'vitest'
import { thumbnailBytes } from '../../../src/formats/picture/thumbnail.ts'
import type { Picture } from '../../../src/core/picture.ts'
import type { Processes } from '../../../src/plugin/processes.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { fakePrograms } from '../../fakes/fake-programs.ts'
import { healthy, LiveStream, origin, watch } from './scene.ts'

/** A scripted network takes that long to answer. */
const fetchMs = 10

const jpeg = Buffer.from('ffd8ff01ffd9', 'hex')

/** A stream with segments of four seconds that FFmpeg shows as the test says, two key frames each. */
function scene(
  input: Readonly<Record<string, unknown>> = { deep: {} },
  more: Partial<Processes> = {},
) {
  const clock = new FakeClock()
  const stream = new LiveStream(clock, 4)
  const net = healthy(clock, stream)
  const programs = fakePrograms(more)
  const pictures: Picture[] = []
  const watching = watch(clock, net, input, 4_000, {
    processes: programs.processes,
    showPicture: (picture) => pictures.push(picture),
  })
  let shade = 0
  const decoded = () => programs.started.length
  return {
    ...watching,
    clock,
    net,
    decoded,
    programs,
    pictures,
    /** A look, after which FFmpeg finishes with these pictures and sounds. */
    async shows(picture: 'moves' | 'black' | 'still', sound: 'tone' | 'silence' = 'tone') {
      const before = decoded()
      const seen = await watching.look(4_000)
      await clock.advance(fetchMs)
      const program = programs.started[before]
      if (program === undefined) return seen
      for (let nth = 0; nth < 2; nth++) {
        shade = (shade + 40) % 200
        const level = { moves: 40 + shade, black: 1, still: 120 }[picture]
        program.request.onOutput(Buffer.alloc(thumbnailBytes, level))
      }
      program.request.onThirdOutput?.(jpeg)
      const pcm = Buffer.alloc(4 * 16_000)
      if (sound === 'tone') pcm.fill('\u0000\u0010', 'latin1')
      program.request.onSecondOutput?.(pcm)
      program.request.onEnd()
      await clock.advance(0)
      return seen
    },
  }
}

const deepNames = [
  'picture_black_seconds',
  'picture_frozen_seconds',
  'picture_dark_ratio',
  'sound_silent_seconds',
  'sound_rms_ratio',
]

describe('deep looks of the hls probe', () => {
  it('are not made unless they are asked for', async () => {
    const session = scene({})
    await session.shows('black')
    const seen = await session.shows('black')

    expect(session.decoded()).toBe(0)
    expect(Object.keys(seen.measurements)).not.toEqual(expect.arrayContaining(deepNames))
  })

  it('are made of the smallest variant, now and then while all is well', async () => {
    const session = scene()
    for (let nth = 0; nth < 16; nth++) await session.shows('moves')
    const seen = await session.shows('moves')

    // At 4 s and at every first look 30 s after the one before: 36 s, 68 s.
    expect(session.decoded()).toBe(3)
    expect(seen.measurements).toMatchObject({
      picture_black_seconds: 0,
      picture_frozen_seconds: 0,
      picture_dark_ratio: 0,
      sound_silent_seconds: 0,
    })
    expect(seen.measurements['sound_rms_ratio']).toBeCloseTo(0.125, 9)
    const whole = session.net.requests.filter(
      ({ url, request }) => url.endsWith('.ts') && request.discardBody !== true,
    )
    expect(whole).toHaveLength(3)
    for (const { url } of whole) expect(url).toMatch(/lo-\d+\.ts$/u)
  })

  it('follow each segment once something may be wrong, and measure how long it lasts', async () => {
    const session = scene()
    await session.shows('black', 'silence')
    await session.shows('black', 'silence')
    await session.shows('black', 'silence')
    const black = await session.shows('black', 'silence')
    for (let nth = 0; nth < 4; nth++) await session.shows('still')
    const still = await session.shows('still')
    await session.shows('moves')
    const moves = await session.look(4_000)

    expect(black.measurements).toMatchObject({
      picture_black_seconds: 10,
      picture_frozen_seconds: 0,
      picture_dark_ratio: 1,
      sound_silent_seconds: 12,
      sound_rms_ratio: 0,
    })
    expect(still.measurements).toMatchObject({
      picture_black_seconds: 0,
      picture_frozen_seconds: 14,
      sound_silent_seconds: 0,
    })
    expect(moves.measurements).toMatchObject({
      picture_black_seconds: 0,
      picture_frozen_seconds: 0,
    })
    expect(session.decoded()).toBe(10)
  })

  it('show people what is on air, and say what it looks like', async () => {
    const session = scene()
    await session.shows('black')
    for (let nth = 0; nth < 3; nth++) await session.shows('still')
    await session.shows('moves')

    expect(session.pictures.map(({ looks }) => looks)).toEqual([
      'black',
      'good',
      'frozen',
      'frozen',
      'good',
    ])
    expect(session.pictures[0]).toMatchObject({ jpeg, freshForMs: 45_000 })
    expect(session.pictures.at(-1)?.wall).toBeGreaterThan(session.clock.wall() - 100)
  })

  it('are made at once on suspicion, of each segment once', async () => {
    const session = scene()
    await session.shows('moves')
    await session.look(2_000, 'suspicion')
    await session.clock.advance(fetchMs)
    expect(session.decoded()).toBe(1)

    await session.look(2_000, 'suspicion')
    await session.clock.advance(fetchMs)

    expect(session.decoded()).toBe(2)
  })

  it('never delay a look, and there is one at a time', async () => {
    const session = scene()
    await session.look(4_000)
    await session.clock.advance(fetchMs)
    const before = session.clock.now()
    const seen = await session.look(4_000, 'suspicion')
    await session.look(4_000, 'suspicion')

    expect(session.decoded()).toBe(1)
    expect(seen.outcome).toBe('pass')
    expect(session.clock.now() - before).toBeLessThan(8_000 + 10 * fetchMs)
    for (const name of deepNames) expect(seen.measurements).not.toHaveProperty(name)
  })

  it('that bring nothing any more are forgotten', async () => {
    const session = scene()
    await session.shows('moves')
    expect((await session.look(1_000)).measurements).toHaveProperty('picture_black_seconds', 0)
    for (let nth = 0; nth < 12; nth++) {
      const before = session.decoded()
      await session.look(4_000)
      await session.clock.advance(fetchMs)
      session.programs.started[before]?.request.onError('pipe:0: Invalid data found\n')
      session.programs.started[before]?.request.onEnd()
      await session.clock.advance(0)
    }

    const seen = await session.look(1_000)

    for (const name of deepNames) expect(seen.measurements).not.toHaveProperty(name)
    expect(seen.outcome).toBe('pass')
    expect(seen.findings).toContainEqual({
      code: 'not-decoded',
      severity: 'info',
      says: 'FFmpeg could decode nothing: pipe:0: Invalid data found.',
    })
  })

  it('without FFmpeg leave everything else as it is, and say so', async () => {
    const session = scene({ deep: {} }, { find: () => undefined })
    await session.look(4_000)
    const seen = await session.look(4_000)

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { segments_missing_ratio: 0 } })
    expect(seen.findings.map(({ says }) => says)).toContain(
      'Pictures and sound are not looked at (`deep`): ffmpeg is not installed here (package ffmpeg on Debian and Ubuntu).',
    )
    for (const name of deepNames) expect(seen.measurements).not.toHaveProperty(name)
  })

  it('do not touch encrypted segments', async () => {
    const session = scene()
    const stream = new LiveStream(session.clock, 4)
    for (const name of ['hi', 'lo']) {
      session.net.on(`${origin}/${name}.m3u8`, (now) => ({
        body: stream
          .playlist(now, name)
          .replace('#EXTINF', '#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n#EXTINF'),
      }))
    }
    await session.look(4_000)
    const seen = await session.look(4_000)

    expect(session.decoded()).toBe(0)
    expect(seen.findings.map(({ says }) => says)).toContain(
      'Picture and sound of 360p are not looked at: its segments are encrypted.',
    )
  })

  it('of a look that is the only one are waited for', async () => {
    const session = scene(
      { deep: {} },
      {
        start: async ({ onOutput, onSecondOutput, onEnd }) => {
          onOutput(Buffer.alloc(2 * thumbnailBytes, 1))
          onSecondOutput?.(Buffer.alloc(4 * 16_000))
          onEnd()
          return { ok: true, stop: () => {} }
        },
      },
    )

    const seen = await session.look(0, 'once')

    expect(seen.measurements).toMatchObject({
      picture_black_seconds: 2,
      sound_silent_seconds: 4,
    })
  })
})
