import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { PictureWatch } from '../../src/formats/picture/picture-watch.ts'
import { SilenceWatch } from '../../src/formats/sound/silence-watch.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { decode, type DecodeRequest } from '../../src/plugin/deep/decode.ts'
import { cutRtmp } from '../../probes/rtmp/deep-cut.ts'
import { type FlvTag, writeTag } from '../../src/formats/flv/tags.ts'
import { ffmpegBinary } from './encoder.ts'

const moving = 'testsrc2=size=640x360:rate=25'
const dark = 'color=black:size=640x360:rate=25'
const still = 'smptebars=size=640x360:rate=25'
const tone = 'sine=frequency=440:sample_rate=48000'
/** Of a JPEG, from its frame header (ITU-T T.81, B.2.2). */
function sizeOf(jpeg: Buffer | undefined) {
  const at = jpeg?.indexOf(Buffer.from('ffc0', 'hex')) ?? -1
  if (jpeg === undefined || at < 0 || jpeg.length > 40_000) return undefined
  return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) }
}

/** NAL units of an elementary stream (Rec. ITU-T H.265, Annex B). */
function unitsOf(stream: Buffer): Buffer[] {
  const units: Buffer[] = []
  let from = -1
  for (let at = 0; at + 3 <= stream.length; at++) {
    if (stream.readUIntBE(at, 3) !== 1) continue
    if (from >= 0) units.push(stream.subarray(from, stream[at - 1] === 0 ? at - 1 : at))
    from = at + 3
  }
  units.push(stream.subarray(from))
  return units
}

const typeOf = (unit: Buffer) => ((unit[0] ?? 0) >> 1) & 0x3f

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1.2) with each unit in an array of its own. */
function hevcRecord(units: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(23)
  head[0] = 1
  head[21] = 3
  head[22] = units.length
  const arrays = units.map((unit) => {
    const array = Buffer.from([typeOf(unit), 0, 1, 0, 0])
    array.writeUInt16BE(unit.length, 3)
    return Buffer.concat([array, unit])
  })
  return Buffer.concat([head, ...arrays])
}

/** A video message with a FourCC (Enhanced RTMP v2); 3 is CodedFramesX. */
function enhanced(frameType: '1' | '2', packetType: 0 | 3, body: Buffer): Buffer {
  const first = 0x80 | (Number(frameType) << 4) | packetType
  return Buffer.concat([Buffer.from([first]), Buffer.from('hvc1'), body])
}

function cutMessages(setup: readonly FlvTag[], messages: readonly FlvTag[]) {
  const [first] = setup
  const bytes = Buffer.concat(messages.map(writeTag))
  const requests = cutRtmp(bytes, { video: first?.payload, audio: undefined })
  if ('why' in requests) throw new Error(requests.why)
  return requests
}

const nothing = 'anullsrc=sample_rate=48000:channel_layout=stereo'

describe.skipIf(ffmpegBinary === undefined)(
  'deep checks with the real FFmpeg (skipped where it is not installed)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'changeover-deep-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** Twelve seconds as FFmpeg encodes them, a key frame every two seconds. */
    function encode(inputs: readonly string[], format: string): Buffer {
      const file = join(folder, 'segment')
      const sources = inputs.flatMap((input) => ['-f', 'lavfi', '-i', input])
      const codecs = '-t 12 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac -b:a 64k'
      const args = [...'-hide_banner -loglevel error -nostdin -y'.split(' '), ...sources]
      const whole = [...args, ...codecs.split(' '), ...format.split(' '), file]
      const { status, stderr } = spawnSync(ffmpegBinary ?? '', whole, { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return readFileSync(file)
    }

    function run(media: Buffer, more: Partial<DecodeRequest> = {}, withinMs = 20_000) {
      const clock = realClock()
      const processes = realProcesses({ clock })
      onTestFinished(() => processes.close())
      const request = { media, container: 'mpegts', hasPicture: true, hasSound: true } as const
      const { signal } = new AbortController()
      const deadlineAt = clock.now() + withinMs
      return decode({ ...request, ...more }, { clock, processes, signal }, deadlineAt)
    }

    it.each([
      ['a moving picture with a tone', [moving, tone], { black: 0, frozen: 0, isSilent: false }],
      ['a black picture', [dark, tone], { black: 10, frozen: 0, isSilent: false }],
      ['a still picture', [still, tone], { black: 0, frozen: 10, isSilent: false }],
      ['silence', [moving, nothing], { black: 0, frozen: 0, isSilent: true }],
      ['a still picture and silence', [still, nothing], { black: 0, frozen: 10, isSilent: true }],
    ])('tell %s', async (_, inputs, expected) => {
      const decoded = await run(encode(inputs, '-f mpegts'))

      if (!decoded.ok) throw new Error(decoded.says)
      const picture = new PictureWatch()
      decoded.thumbnails.forEach((thumbnail, nth) => picture.take(2 * nth, thumbnail))
      const sound = new SilenceWatch()
      sound.take(0, decoded.sound)
      const silent = sound.state?.silentSeconds ?? Number.NaN
      expect(decoded.thumbnails).toHaveLength(6)
      expect(sizeOf(decoded.jpeg)).toEqual({ width: 320, height: 180 })
      expect({
        black: picture.state?.blackSeconds,
        frozen: picture.state?.frozenSeconds,
        isSilent: silent > 11.8,
      }).toEqual(expected)
      if (!expected.isSilent) expect(silent).toBe(0)
      // FFmpeg's sine is an eighth of full scale high.
      if (!expected.isSilent) expect(sound.state?.rmsRatio).toBeCloseTo(0.125 / Math.SQRT2, 2)
    })

    it('read fragmented MP4, and media with picture or sound alone', async () => {
      const fragmented = '-f mp4 -movflags frag_keyframe+empty_moov+default_base_moof'
      const both = await run(encode([dark, tone], fragmented), { container: 'mp4' })
      const picture = await run(encode([moving], '-f mpegts'), { hasSound: false })
      const sound = await run(encode([tone], '-f mpegts'), { hasPicture: false })

      expect(both).toMatchObject({ ok: true, thumbnails: { length: 6 } })
      expect(picture).toMatchObject({ ok: true, thumbnails: { length: 6 }, sound: { length: 0 } })
      expect(sound).toMatchObject({ ok: true, thumbnails: [] })
      expect(sound.ok && sound.sound.length / 16_000).toBeCloseTo(12, 0)
    })

    it('make something of damaged media, and a sentence of what is none', async () => {
      const media = encode([moving, tone], '-f mpegts')
      const damaged = await run(media.fill(0x55, media.length / 2, media.length / 2 + 20_000))
      const noise = await run(Buffer.alloc(200_000, 'noise'))

      expect(damaged.ok && damaged.thumbnails.length).toBeGreaterThanOrEqual(4)
      expect(noise).toMatchObject({
        ok: false,
        says: expect.stringMatching(/^FFmpeg could decode/u),
      })
    })

    it('read HEVC that comes in messages of enhanced RTMP', async () => {
      // An elementary stream as FFmpeg makes it, taken apart as an encoder for RTMP would send it.
      const file = join(folder, 'picture')
      const args =
        '-hide_banner -loglevel error -nostdin -y -f lavfi -i smptebars=size=320x180:rate=10 -t 4 -pix_fmt yuv420p -c:v libx265 -x265-params log-level=none:keyint=10:bframes=0 -preset ultrafast -f hevc'
      const { status, stderr } = spawnSync(ffmpegBinary ?? '', [...args.split(' '), file], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(stderr)
      const units = unitsOf(readFileSync(file))
      const isSetup = (unit: Buffer) => typeOf(unit) >= 32 && typeOf(unit) <= 34
      const requests = cutMessages(
        [{ type: 9, timestamp: 0, payload: enhanced('1', 0, hevcRecord(units.filter(isSetup))) }],
        units
          .filter((unit) => typeOf(unit) < 32)
          .map((unit, nth) => {
            const isKey = typeOf(unit) >= 16 && typeOf(unit) <= 23
            const length = Buffer.alloc(4)
            length.writeUInt32BE(unit.length)
            const payload = enhanced(isKey ? '1' : '2', 3, Buffer.concat([length, unit]))
            return { type: 9, timestamp: 100 * nth, payload }
          }),
      )

      expect(requests).toMatchObject([{ container: 'hevc', hasPicture: true, hasSound: false }])
      const [request] = requests
      const decoded = await run(request?.media ?? Buffer.alloc(0), request)
      expect(decoded).toMatchObject({ ok: true, thumbnails: { length: 4 } })
    })

    it('open nothing that media names', async () => {
      const list = Buffer.from(`#EXTM3U\n#EXTINF:2,\nfile:${folder}/segment\n`)

      expect(await run(list)).toMatchObject({ ok: false })
    })
  },
)
