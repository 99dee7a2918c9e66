import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAudio } from '../../../src/formats/flv/audio.ts'
import { readDecoderConfig } from '../../../src/formats/flv/decoder-config.ts'
import { readFlvFile, readTags, writeTag, type FlvTag } from '../../../src/formats/flv/tags.ts'
import { readVideo } from '../../../src/formats/flv/video.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/flv/${name}`, import.meta.url))

/** Times (ms) and key frames of a track, as the extractor of ExoPlayer read them. */
function extracted(dump: string, track: number) {
  const section = dump.split(/^track /mu).find((part) => part.startsWith(`${track}:`)) ?? ''
  return [...section.matchAll(/time = (\d+)\n {4}flags = (\d)/gu)].map(([, time, flags]) => ({
    ms: Number(time) / 1_000,
    isKey: flags === '1',
  }))
}

const tag: fc.Arbitrary<FlvTag> = fc.record({
  type: fc.constantFrom(8, 9, 18),
  timestamp: fc.integer({ min: 0, max: 0xffffffff }),
  payload: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
})

describe('FLV tags', () => {
  it('are read as they are written, also without the last back pointer', () => {
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 20 }), (tags) => {
        const bytes = Buffer.concat(tags.map(writeTag))

        expect(readTags(bytes)).toEqual({ tags })
        expect(readTags(bytes.subarray(0, Math.max(0, bytes.length - 4)))).toEqual({ tags })
      }),
    )
  })

  it('that are cut keep what is whole', () => {
    const bytes = writeTag({ type: 8, timestamp: 1, payload: Buffer.of(1, 2, 3) })
    const cut = { problem: 'the bytes end inside a tag' }

    expect(readTags(Buffer.concat([bytes, bytes.subarray(0, 12)]))).toMatchObject(cut)
    expect(readTags(Buffer.concat([bytes, bytes.subarray(0, 5)])).tags).toHaveLength(1)
    expect(readTags(Buffer.alloc(15 * 20_000))).toMatchObject({ problem: 'more than 16384 tags' })
    expect(readFlvFile(Buffer.from('FLX')).problem).toBe('the bytes do not begin as an FLV file')
    expect(readFlvFile(Buffer.from('464c560105ffffffff', 'hex')).problem).toBe(
      'the header reaches beyond the bytes',
    )
  })

  it('give the frames that a player reads', () => {
    const { tags, problem } = readFlvFile(fixture('sample.flv'))
    const dump = fixture('sample.flv.0.dump').toString()
    const video = tags.filter(({ type }) => type === 9)
    const frames = video.flatMap(({ timestamp, payload }) =>
      readVideo(payload).packets.map((packet) => ({ timestamp, packet })),
    )
    const pictures = frames.filter(({ packet }) => packet.kind === 'frames')
    const sounds = tags
      .filter(({ type }) => type === 8)
      .filter(({ payload }) => readAudio(payload).packets[0]?.kind === 'frames')

    expect(problem).toBeUndefined()
    expect(
      pictures.map(({ timestamp, packet }) => ({
        ms: timestamp + (packet.compositionMs ?? 0),
        isKey: packet.isKey,
      })),
    ).toEqual(extracted(dump, 9))
    expect(sounds.map(({ timestamp }) => timestamp)).toEqual(extracted(dump, 8).map(({ ms }) => ms))
    const config = frames.find(({ packet }) => packet.kind === 'config')?.packet
    expect(config && readDecoderConfig(config.codec, config.body)).toEqual({ codec: 'avc1.640034' })
    expect(dump).toContain('codecs = avc1.640034')
  })

  it('give codec and rate of the sound', () => {
    const { tags } = readFlvFile(fixture('sample.flv'))
    const packets = tags
      .filter(({ type }) => type === 8)
      .flatMap(({ payload }) => readAudio(payload).packets)
    const config = packets.find(({ kind }) => kind === 'config')

    expect(config && readDecoderConfig(config.codec, config.body)).toEqual({
      codec: 'mp4a.40.2',
      sampleRate: 44_100,
      channels: 1,
    })
  })

  it('of a film without sound are read to the end', () => {
    const { tags, problem } = readFlvFile(fixture('sample-with-key-frame-index.flv'))
    const dump = fixture('sample-with-key-frame-index.flv.0.dump').toString()
    const frames = tags
      .filter(({ type }) => type === 9)
      .flatMap(({ payload }) => readVideo(payload).packets)
      .filter(({ kind }) => kind === 'frames')

    expect(problem).toBeUndefined()
    expect(frames.map(({ isKey }) => isKey)).toEqual(extracted(dump, 9).map(({ isKey }) => isKey))
  })
})

describe('a legacy header', () => {
  it.each([
    ['17 00 000000 01', { codec: 'avc1', kind: 'config', isKey: true }],
    ['17 01 000050 aabb', { codec: 'avc1', kind: 'frames', isKey: true, compositionMs: 80 }],
    ['27 01 ffffb0 aa', { codec: 'avc1', kind: 'frames', isKey: false, compositionMs: -80 }],
    ['17 02', { codec: 'avc1', kind: 'end' }],
    ['17 02 000000', { codec: 'avc1', kind: 'end' }],
    ['1c 00 000000 01', { codec: 'hvc1', kind: 'config', isKey: true }],
    ['14 aa', { codec: 'vp6', kind: 'frames', isKey: true }],
    ['57 00', { codec: 'avc1', kind: 'other' }],
    ['1a aa', { codec: 'codec 10', kind: 'frames' }],
  ])('of a picture, %s', (hex, expected) => {
    expect(readVideo(bytesOf(hex)).packets).toMatchObject([{ track: 0, ...expected }])
  })

  it.each([
    ['af 00 1190', { codec: 'mp4a', kind: 'config' }],
    ['af 01 2110', { codec: 'mp4a', kind: 'frames', isKey: true }],
    ['2f fffb', { codec: '.mp3', kind: 'frames' }],
    ['d2 aa', { codec: 'Opus', kind: 'frames' }],
    ['c2 aa', { codec: 'format 12', kind: 'frames' }],
  ])('of a sound, %s', (hex, expected) => {
    expect(readAudio(bytesOf(hex)).packets).toMatchObject([{ track: 0, ...expected }])
  })

  it('that is empty or cut gives nothing', () => {
    const problem = 'the message ends inside its header'

    expect(readVideo(Buffer.alloc(0))).toEqual({ packets: [] })
    expect(readAudio(Buffer.alloc(0))).toEqual({ packets: [] })
    expect(readVideo(bytesOf('17'))).toEqual({ packets: [], problem })
    expect(readVideo(bytesOf('17 01 00'))).toEqual({ packets: [], problem })
    expect(readAudio(bytesOf('af'))).toEqual({ packets: [], problem })
  })
})

const four = (name: string) => Buffer.from(name, 'latin1').toString('hex')

describe('an enhanced header', () => {
  it.each([
    [`90 ${four('hvc1')} 01`, { codec: 'hvc1', kind: 'config', isKey: true }],
    [`91 ${four('hvc1')} 000028 aa`, { codec: 'hvc1', kind: 'frames', compositionMs: 40 }],
    [`a3 ${four('hvc1')} aa`, { codec: 'hvc1', kind: 'frames', isKey: false }],
    [`91 ${four('av01')} aabbcc`, { codec: 'av01', kind: 'frames', body: bytesOf('aabbcc') }],
    [`95 ${four('av01')} aa`, { codec: 'av01', kind: 'config' }],
    [`92 ${four('vp09')}`, { codec: 'vp09', kind: 'end' }],
    [`94 ${four('hvc1')} 02`, { codec: 'hvc1', kind: 'other' }],
    [`d0 ${four('hvc1')} 00`, { codec: 'hvc1', kind: 'other' }],
    [`91 00ff0a20`, { codec: '....', kind: 'frames' }],
  ])('of a picture, %s', (hex, expected) => {
    expect(readVideo(bytesOf(hex)).packets).toMatchObject([{ track: 0, ...expected }])
  })

  it.each([
    [`90 ${four('Opus')}`, { codec: 'Opus', kind: 'config', isKey: true }],
    [`91 ${four('ac-3')} aa`, { codec: 'ac-3', kind: 'frames' }],
    [`92 ${four('fLaC')}`, { codec: 'fLaC', kind: 'end' }],
    [`94 ${four('mp4a')} 0102`, { codec: 'mp4a', kind: 'other' }],
  ])('of a sound, %s', (hex, expected) => {
    expect(readAudio(bytesOf(hex)).packets).toMatchObject([{ track: 0, ...expected }])
  })

  it('may bring extensions, of which one moves the time by nanoseconds', () => {
    // ModEx of 3 bytes (TimestampOffsetNano 500,000), then one of 2 bytes of an unknown kind.
    const [packet] = readVideo(
      bytesOf(`97 02 07a120 07 01 abcd 31 ${four('avc1')} 000000 aa`),
    ).packets
    const long = Buffer.concat([
      bytesOf('97 ff 012b'),
      Buffer.alloc(300),
      bytesOf(`13 ${four('avc1')} aa`),
    ])

    expect(packet).toMatchObject({ codec: 'avc1', kind: 'frames', nanoOffset: 500_000 })
    expect(readVideo(long).packets).toMatchObject([{ codec: 'avc1', kind: 'frames' }])
    expect(readAudio(bytesOf(`97 02 000001 01 ${four('Opus')} aa`)).packets).toMatchObject([
      { codec: 'Opus', kind: 'frames', nanoOffset: 1 },
    ])
    expect(readVideo(Buffer.concat([bytesOf('97'), bytesOf('00 00 17'.repeat(20))])).problem).toBe(
      'more than 16 extensions',
    )
  })

  it('may bring many tracks of one codec', () => {
    const { packets, problem } = readVideo(
      bytesOf(`96 11 ${four('avc1')} 00 000005 000000aabb 01 000004 000028cc`),
    )

    expect(problem).toBeUndefined()
    expect(packets).toMatchObject([
      { codec: 'avc1', track: 0, kind: 'frames', compositionMs: 0, body: bytesOf('aabb') },
      { codec: 'avc1', track: 1, kind: 'frames', compositionMs: 40, body: bytesOf('cc') },
    ])
  })

  it('may bring one track, or many of many codecs', () => {
    const one = readAudio(bytesOf(`95 01 ${four('Opus')} 07 aabb`))
    const many = readAudio(
      bytesOf(`95 21 ${four('Opus')} 00 000001 aa ${four('ac-3')} 01 000001 bb`),
    )

    expect(one.packets).toMatchObject([{ codec: 'Opus', track: 7, body: bytesOf('aabb') }])
    expect(many.packets).toMatchObject([
      { codec: 'Opus', track: 0, body: bytesOf('aa') },
      { codec: 'ac-3', track: 1, body: bytesOf('bb') },
    ])
  })

  it.each([
    '91 6176',
    '97',
    '97 ff 00',
    '97 05 00',
    '96',
    '96 11 6176',
    `96 11 ${four('avc1')} 00 00`,
    `96 11 ${four('avc1')} 00 0000ff aa`,
    `96 21 6176`,
  ])('that is cut says so: %s', (hex) => {
    expect(readVideo(bytesOf(hex)).problem).toBe('the message ends inside its header')
  })

  it('with tracks inside tracks, or of an unknown kind, is refused', () => {
    const problem = 'the kind of its tracks is unknown'

    expect(readVideo(bytesOf(`96 16 ${four('avc1')}`)).problem).toBe(problem)
    expect(readVideo(bytesOf(`96 31 ${four('avc1')}`)).problem).toBe(problem)
  })
})

describe('any bytes', () => {
  it('are read without an exception, and bodies lie inside them', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(
          fc.constantFrom(0x96, 0x95, 0x97, 0x91, 0x17, 0xaf),
          fc.uint8Array({ maxLength: 200 }),
        )
        .map(([first, rest]) => Uint8Array.of(first, ...rest)),
    )
    fc.assert(
      fc.property(bytes, (some) => {
        const message = Buffer.from(some)
        for (const { packets } of [readVideo(message), readAudio(message)]) {
          const total = packets.reduce((sum, { body }) => sum + body.length, 0)
          expect(total).toBeLessThanOrEqual(message.length)
          for (const { codec, body } of packets) {
            expect(codec).toMatch(/^[\x20-\x7e]+$/u)
            expect(readDecoderConfig(codec, body).codec).toMatch(/^[\x20-\x7e]+$/u)
          }
        }
        expect(readTags(message).tags.length).toBeLessThanOrEqual(message.length)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the set-up of a decoder', () => {
  it.each([
    ['mp4a', '1190', { codec: 'mp4a.40.2', sampleRate: 48_000, channels: 2 }],
    ['mp4a', '2b92', { codec: 'mp4a.40.5', sampleRate: 22_050, channels: 2 }],
    ['mp4a', 'f960', { codec: 'mp4a.40.43' }],
    ['mp4a', '1788', { codec: 'mp4a.40.2' }],
    ['mp4a', '13', { codec: 'mp4a' }],
    ['avc1', '0164001f', { codec: 'avc1.64001f' }],
    ['avc1', '0264001f', { codec: 'avc1' }],
    ['hvc1', '01', { codec: 'hvc1' }],
  ])('of %s from %s', (codec, hex, expected) => {
    expect(readDecoderConfig(codec, bytesOf(hex))).toEqual(expected)
  })
})

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}
