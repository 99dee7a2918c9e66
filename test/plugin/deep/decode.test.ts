import { describe, expect, it } from 'vitest'
import { thumbnailBytes } from '../../../src/formats/picture/thumbnail.ts'
import { decode, type DecodeRequest } from '../../../src/plugin/deep/decode.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { fakePrograms } from '../../fakes/fake-programs.ts'

const segment: DecodeRequest = {
  media: Buffer.from('segment'),
  container: 'mpegts',
  hasPicture: true,
  hasSound: true,
}

function open(more: Parameters<typeof fakePrograms>[0] = {}) {
  const clock = new FakeClock()
  const { processes, started } = fakePrograms(more)
  const stop = new AbortController()
  return {
    clock,
    started,
    stop,
    decode: (request: Partial<DecodeRequest> = {}, withinMs = 20_000) =>
      decode(
        { ...segment, ...request },
        { clock, processes, signal: stop.signal },
        clock.now() + withinMs,
      ),
  }
}

describe('a decode', () => {
  it('gives key frames as thumbnails, and the sound, of what FFmpeg reads on its input', async () => {
    const scene = open()
    const decoding = scene.decode()
    await scene.clock.advance(0)
    const { request, args } = scene.started[0] ?? {}
    request?.onOutput(Buffer.alloc(thumbnailBytes + 10, 7))
    request?.onSecondOutput?.(Buffer.from('12'))
    request?.onOutput(Buffer.alloc(thumbnailBytes, 7))
    request?.onSecondOutput?.(Buffer.from('34'))
    request?.onThirdOutput?.(Buffer.from('ffd8ff01ffd9ffd8ff02ffd9ffd8', 'hex'))
    request?.onEnd()

    const decoded = await decoding

    expect(request).toMatchObject({ program: 'ffmpeg', input: segment.media, isPatient: true })
    expect(args?.join(' ')).toBe(
      '-hide_banner -nostdin -nostats -loglevel error -protocol_whitelist pipe -threads 1 -max_pixels 67108864 -skip_frame nokey -f mpegts -i pipe:0 -map 0:v:0 -vf scale=64:36:flags=area,format=gray -fps_mode passthrough -f rawvideo pipe:1 -map 0:v:0 -vf scale=320:180:flags=area:force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuvj420p -c:v mjpeg -q:v 7 -fps_mode passthrough -f image2pipe pipe:4 -map 0:a:0 -ac 1 -ar 8000 -f s16le pipe:3',
    )
    const thumbnail = Buffer.alloc(thumbnailBytes, 7)
    expect(decoded).toEqual({
      ok: true,
      thumbnails: [thumbnail, thumbnail],
      sound: Buffer.from('1234'),
      jpeg: Buffer.from('ffd8ff02ffd9', 'hex'),
    })
  })

  it('asks for what there is alone: FFmpeg fails for an output without a stream', async () => {
    const scene = open()
    void scene.decode({ hasSound: false, container: 'mp4' })
    void scene.decode({ hasPicture: false })
    await scene.clock.advance(0)

    const [picture, sound] = scene.started.map(({ args }) => args.join(' '))

    expect(picture).toMatch(/-f mp4 -i pipe:0 -map 0:v:0 .* pipe:1 .* pipe:4$/u)
    expect(sound).toMatch(/-i pipe:0 -map 0:a:0 .* pipe:3$/u)
    expect(sound).not.toContain('0:v:0')
    expect(await scene.decode({ hasPicture: false, hasSound: false })).toEqual({
      ok: false,
      says: 'There is neither picture nor sound to decode.',
    })
  })

  it('says in one sentence that FFmpeg is not installed, or cannot be started', async () => {
    const missing = open({ find: () => undefined })
    const broken = open({ start: async () => ({ ok: false, says: 'the program is ending' }) })

    expect(await missing.decode()).toEqual({
      ok: false,
      says: 'Pictures and sound are not looked at (`deep`): ffmpeg is not installed here (package ffmpeg on Debian and Ubuntu).',
    })
    expect(await broken.decode()).toEqual({
      ok: false,
      says: 'FFmpeg cannot be used: the program is ending.',
    })
  })

  it('that brings nothing says what FFmpeg said, in its first line', async () => {
    const scene = open()
    const decoding = scene.decode()
    await scene.clock.advance(0)
    scene.started[0]?.request.onError('pipe:0: Invalid data\nand more\n')
    scene.started[0]?.request.onEnd()

    expect(await decoding).toEqual({
      ok: false,
      says: 'FFmpeg could decode nothing: pipe:0: Invalid data.',
    })
  })

  it('is ended at its deadline, and what came of it counts for nothing', async () => {
    const scene = open()
    const decoding = scene.decode({}, 5_000)
    await scene.clock.advance(4_999)
    scene.started[0]?.request.onOutput(Buffer.alloc(thumbnailBytes))
    expect(scene.started[0]?.stopped).toBe(false)
    await scene.clock.advance(1)

    expect(scene.started[0]?.stopped).toBe(true)
    scene.started[0]?.request.onEnd()
    expect(await decoding).toEqual({ ok: false, says: 'FFmpeg did not finish in time.' })
  })

  it.each([
    ['pictures', 'onOutput', 601 * thumbnailBytes],
    ['sound', 'onSecondOutput', 121 * 16_000],
  ] as const)('that brings too much of %s is ended', async (_, output, bytes) => {
    const scene = open()
    const decoding = scene.decode()
    await scene.clock.advance(0)
    scene.started[0]?.request[output]?.(Buffer.alloc(bytes))

    expect(scene.started[0]?.stopped).toBe(true)
    scene.started[0]?.request.onEnd()
    expect(await decoding).toMatchObject({ ok: false, says: expect.stringContaining('more') })
  })

  it('waits for its turn: two at once on one machine, the others in the order they came', async () => {
    const scene = open()
    const decodes = ['a', 'b', 'c', 'd'].map((text) => scene.decode({ media: Buffer.from(text) }))
    await scene.clock.advance(0)
    expect(scene.started).toHaveLength(2)

    scene.started[1]?.request.onEnd()
    await decodes[1]
    await scene.clock.advance(0)

    expect(scene.started.map(({ request }) => request.input?.toString())).toEqual(['a', 'b', 'c'])
    scene.started[0]?.request.onEnd()
    await scene.clock.advance(0)
    expect(scene.started).toHaveLength(4)
  })

  it('is let go where more waits than memory should hold', async () => {
    const scene = open()
    const media = Buffer.alloc(100 * 2 ** 20)
    for (let nth = 0; nth < 4; nth++) void scene.decode({ media })
    await scene.clock.advance(0)

    const fifth = await scene.decode({ media })
    const small = scene.decode()
    for (let nth = 0; nth < 5; nth++) {
      await scene.clock.advance(0)
      scene.started[nth]?.request.onOutput(Buffer.alloc(thumbnailBytes))
      scene.started[nth]?.request.onEnd()
    }

    expect(fifth).toMatchObject({ ok: false, says: expect.stringContaining('Too many') })
    expect(await small).toMatchObject({ ok: true })
  })

  it('that waited beyond its deadline is not begun', async () => {
    const scene = open()
    void scene.decode({}, 60_000)
    void scene.decode({}, 60_000)
    const late = scene.decode({}, 5_000)
    await scene.clock.advance(6_000)
    scene.started[0]?.request.onEnd()

    expect(await late).toMatchObject({ ok: false, says: expect.stringContaining('Too many') })
    await scene.clock.advance(0)
    expect(scene.started).toHaveLength(2)
  })

  it('ends with the session', async () => {
    const scene = open()
    void scene.decode()
    await scene.clock.advance(0)

    scene.stop.abort()

    expect(scene.started[0]?.stopped).toBe(true)
  })
})
