import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkReader } from '../../../src/formats/rtmp/chunk-reader.ts'
import { ChunkWriter } from '../../../src/formats/rtmp/chunk-writer.ts'
import { control, messageTypes, type RtmpMessage } from '../../../src/formats/rtmp/message.ts'
import { seeds } from './seeds.ts'

interface Read {
  readonly messages: readonly RtmpMessage[]
  readonly problem: string | undefined
}

/** Reads bytes in these pieces; payloads are copied, as they do not outlive the call. */
function read(pieces: readonly Buffer[], reader = new ChunkReader()): Read {
  const messages: RtmpMessage[] = []
  let problem: string | undefined
  for (const piece of pieces) {
    problem = reader.push(piece, (message) => {
      messages.push({ ...message, payload: Buffer.from(message.payload) })
    })
  }
  return { messages, problem }
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}

const timestamp = fc.oneof(
  fc.nat(100_000),
  fc.constantFrom(0, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)
const message: fc.Arbitrary<RtmpMessage> = fc.record({
  type: fc.constantFrom(8, 9, 18, 20, 22, 99),
  timestamp,
  stream: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 0xffffffff })),
  payload: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
})
const target = fc.record({
  chunkStream: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
  compress: fc.constantFrom(0, 1, 2, 3),
})
const places = fc.array(fc.nat(20_000), { maxLength: 30 })

describe('the chunk stream', () => {
  it('reads what is written, however headers are compressed and bytes are cut', () => {
    const written = fc.array(fc.tuple(message, target), { maxLength: 25 })
    fc.assert(
      fc.property(written, fc.integer({ min: 1, max: 600 }), places, (each, chunkSize, cuts) => {
        const writer = new ChunkWriter()
        const parts = [
          writer.write(control(messageTypes.setChunkSize, chunkSize), { chunkStream: 2 }),
        ]
        writer.chunkSize = chunkSize
        for (const [one, where] of each) {
          parts.push(writer.write(one, where))
        }

        const { messages, problem } = read(cutAt(Buffer.concat(parts), cuts))

        expect(problem).toBeUndefined()
        expect(messages.slice(1)).toEqual(each.map(([one]) => one))
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same for any bytes, however they are cut', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.array(fc.constantFrom(0, 2, 3, 4, 0x43, 0x83, 0xc3, 0xff, 8, 9), { maxLength: 2_000 }),
    )
    fc.assert(
      fc.property(bytes, places, (some, cuts) => {
        const all = Buffer.from(some)

        expect(read(cutAt(all, cuts))).toEqual(read([all]))
      }),
      { numRuns: 1_000 },
    )
  })

  it('puts messages together whose chunks alternate', () => {
    const video = new ChunkWriter().write(
      { type: 9, timestamp: 40, stream: 1, payload: Buffer.alloc(300, 'v') },
      { chunkStream: 6 },
    )
    const audio = new ChunkWriter().write(
      { type: 8, timestamp: 41, stream: 1, payload: Buffer.alloc(200, 'a') },
      { chunkStream: 4 },
    )
    // Headers of 12 bytes, chunks of 128, and one byte before each further chunk.
    const woven = [
      video.subarray(0, 140),
      audio.subarray(0, 140),
      video.subarray(140, 269),
      audio.subarray(140),
      video.subarray(269),
    ]

    const { messages } = read(woven)

    expect(messages).toEqual([
      { type: 8, timestamp: 41, stream: 1, payload: Buffer.alloc(200, 'a') },
      { type: 9, timestamp: 40, stream: 1, payload: Buffer.alloc(300, 'v') },
    ])
  })

  it('takes the extended time stamp in chunks of type 3, and its absence', () => {
    const payload = Buffer.alloc(130, 'x')
    const late = { type: 9, timestamp: 0x1000001, stream: 1, payload }
    const bytes = new ChunkWriter().write(late, { chunkStream: 6 })
    // Basic header 1, message header 11, time 4, payload 128, and the second header of 1 and 4.
    const without = Buffer.concat([bytes.subarray(0, 145), bytes.subarray(149)])

    expect(bytes).toHaveLength(151)
    expect(read([bytes]).messages).toEqual([late])
    // Without the field the next four bytes are awaited, and then found to be payload.
    const next = new ChunkWriter().write(
      { ...late, timestamp: 5, payload: Buffer.of(1) },
      { chunkStream: 6 },
    )
    expect(read([without, next]).messages[0]).toEqual(late)
  })

  it('keeps the time for a message without header after one with a full header', () => {
    // What nginx-rtmp sends for two messages of the same time and length.
    const first = new ChunkWriter().write(
      { type: 8, timestamp: 5_000, stream: 1, payload: Buffer.of(1, 2) },
      { chunkStream: 4 },
    )

    const { messages } = read([first, Buffer.of(0xc4, 3, 4)])

    expect(messages.map(({ timestamp: at }) => at)).toEqual([5_000, 5_000])
  })

  it('forgets the beginning of a message that is aborted', () => {
    const reader = new ChunkReader()
    const writer = new ChunkWriter()
    const begun = writer
      .write({ type: 9, timestamp: 0, stream: 1, payload: Buffer.alloc(300) }, { chunkStream: 6 })
      .subarray(0, 140)
    const abort = writer.write(control(messageTypes.abort, 6), { chunkStream: 2 })
    const whole = { type: 8, timestamp: 7, stream: 1, payload: Buffer.of(1) }

    read([begun], reader)
    const before = reader.partialBytes
    const { messages } = read([abort, writer.write(whole, { chunkStream: 6 })], reader)

    expect(before).toBe(128)
    expect(reader.partialBytes).toBe(0)
    expect(messages[1]).toEqual(whole)
  })

  const header = (id: number, length: number) => {
    const bytes = Buffer.alloc(12)
    bytes[0] = id
    bytes.writeUIntBE(length, 4, 3)
    bytes[7] = 9
    return bytes
  }

  it.each([
    [
      'begins without a full header',
      Buffer.of(0x44),
      'chunk stream 4 begins with a header of type 1',
    ],
    ['announces a huge message', header(6, 0xffffff), 'a message of 16777215 bytes is announced'],
    [
      'announces chunks of no bytes',
      new ChunkWriter().write(control(messageTypes.setChunkSize, 0), { chunkStream: 2 }),
      'the announced chunk size is out of range',
    ],
    [
      'announces chunks of a negative size',
      new ChunkWriter().write(control(messageTypes.setChunkSize, 0x80000000), { chunkStream: 2 }),
      'the announced chunk size is out of range',
    ],
  ])('refuses a peer that %s, for good', (_, bytes, problem) => {
    const reader = new ChunkReader()
    const padded = Buffer.concat([bytes, Buffer.alloc(20)])

    expect(read([padded], reader).problem).toBe(problem)
    expect(read([Buffer.alloc(100)], reader)).toEqual({ messages: [], problem })
  })

  it('limits chunk streams, and the bytes of messages that never end', () => {
    const many = Array.from({ length: 9 }, (_, index) => header(3 + index, 0))
    const begun = Array.from({ length: 9 }, (_, index) =>
      Buffer.concat([header(3 + index, 1_000), Buffer.alloc(128)]),
    )

    expect(read(many, new ChunkReader({ chunkStreams: 8 })).problem).toBe(
      'more than 8 chunk streams are open',
    )
    expect(read(begun, new ChunkReader({ partialBytes: 1_024 })).problem).toBe(
      'more than 1024 bytes of messages are not whole',
    )
  })

  it.each(seeds('').filter(([name]) => !name.startsWith('amf0/')))(
    'survives the fuzz seed %s, and holds no more than came',
    (_, bytes) => {
      const reader = new ChunkReader()

      read([bytes], reader)

      expect(reader.partialBytes).toBeLessThanOrEqual(bytes.length)
    },
  )
})
