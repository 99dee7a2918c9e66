import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRtp, type RtpPacket } from '../../src/formats/rtp.ts'
import { RtpReceiver } from '../../src/formats/rtp-receiver.ts'

interface Fields {
  readonly payloadType: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly contributors: readonly number[]
  readonly extension: readonly number[] | undefined
  readonly padding: number
  readonly payload: Buffer
}

function written(fields: Fields): Buffer {
  const { contributors, extension, padding, payload } = fields
  const head = Buffer.alloc(12 + 4 * contributors.length)
  head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension ? 0x10 : 0) | contributors.length
  head[1] = fields.payloadType
  head.writeUInt16BE(fields.sequence, 2)
  head.writeUInt32BE(fields.timestamp, 4)
  head.writeUInt32BE(fields.ssrc, 8)
  contributors.forEach((each, at) => head.writeUInt32BE(each, 12 + 4 * at))
  const more = Buffer.alloc(extension === undefined ? 0 : 4 + 4 * extension.length)
  if (extension !== undefined) more.writeUInt16BE(extension.length, 2)
  const tail = Buffer.alloc(padding)
  if (padding > 0) tail[padding - 1] = padding
  return Buffer.concat([head, more, payload, tail])
}

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('readRtp', () => {
  it('gives back what was written, whatever stands around the payload', () => {
    const fields = fc.record({
      payloadType: fc.nat(127),
      sequence: fc.nat(65_535),
      timestamp: word,
      ssrc: word,
      contributors: fc.array(word, { maxLength: 15 }),
      extension: fc.option(fc.array(word, { maxLength: 9 }), { nil: undefined }),
      padding: fc.nat(255),
      payload: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    })
    fc.assert(
      fc.property(fields, (each) => {
        const { payloadType, sequence, timestamp, ssrc, payload } = each

        const read = readRtp(written(each))

        expect(read).toEqual({ payloadType, sequence, timestamp, ssrc, payload })
      }),
    )
  })

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const read = readRtp(Buffer.from(bytes))

        expect(read === undefined || read.payload.length <= bytes.length - 12).toBe(true)
      }),
    )
  })

  it.each([
    ['another version', Buffer.from('402100010000000000000001ff', 'hex')],
    ['a transport stream packet', Buffer.alloc(188, 0x47)],
    ['a padding longer than the datagram', Buffer.from('a02100010000000000000001ff', 'hex')],
    ['a padding of nothing', Buffer.from('a0210001000000000000000100', 'hex')],
  ])('refuses %s', (_, bytes) => {
    expect(readRtp(bytes)).toBeUndefined()
  })
})

function packet(sequence: number, more: Partial<RtpPacket> = {}): RtpPacket {
  const number = sequence & 0xffff
  const payload = Buffer.from([number >> 8, number & 0xff])
  const timestamp = (sequence * 900) >>> 0
  return { payloadType: 33, sequence: number, timestamp, ssrc: 1, payload, ...more }
}

/** Sends these sequence numbers 10 ms apart, and waits half a second at the end. */
function receive(sequences: readonly (number | RtpPacket)[]) {
  const delivered: number[] = []
  const receiver = new RtpReceiver((payload) => delivered.push(payload.readUInt16BE(0)))
  let now = 0
  for (const each of sequences) {
    receiver.push(typeof each === 'number' ? packet(each) : each, now)
    now += 1
  }
  receiver.expire(now + 500)
  return { delivered, counts: receiver.counts() }
}

const nothing = {
  lost: 0,
  reordered: 0,
  repeated: 0,
  late: 0,
  sourceChanges: 0,
  restarts: 0,
}

describe('RtpReceiver', () => {
  it.each([
    ['in order across the wrap', [65_534, 65_535, 65_536, 65_537], {}, [65_534, 65_535, 0, 1]],
    ['two swapped', [1, 3, 2, 4], { reordered: 1 }, [1, 2, 3, 4]],
    ['one lost', [1, 2, 4, 5], { lost: 1 }, [1, 2, 4, 5]],
    ['one twice', [1, 2, 2, 3], { repeated: 1 }, [1, 2, 3]],
    ['one twice while it waits', [1, 3, 3, 2], { repeated: 1, reordered: 1 }, [1, 2, 3]],
    ['a stray one', [1, 2, 40_000, 3], {}, [1, 2, 3]],
    [
      'a sequence that goes on elsewhere',
      [1, 2, 40_000, 40_001, 40_002],
      { restarts: 1 },
      [1, 2, 40_001, 40_002],
    ],
  ] as const)('%s', (_, sequences, counted, delivered) => {
    const seen = receive(sequences)

    expect(seen.counts).toMatchObject({ ...nothing, ...counted })
    expect(seen.delivered).toEqual(delivered)
  })

  it('waits no longer than 64 packets, and then knows a late one', () => {
    const rest = Array.from({ length: 70 }, (_, at) => at + 3)

    const seen = receive([1, ...rest, 2])

    expect(seen.counts).toMatchObject({ ...nothing, lost: 1, late: 1 })
    expect(seen.delivered).toEqual([1, ...rest])
  })

  it('goes on with another source at once', () => {
    const seen = receive([1, 2, packet(900, { ssrc: 9 }), packet(901, { ssrc: 9 })])

    expect(seen.counts).toMatchObject({ ...nothing, sourceChanges: 1 })
    expect(seen.delivered).toEqual([1, 2, 900, 901])
  })

  it('counts exactly what was lost, repeated and moved within the window', () => {
    const fates = fc.array(fc.constantFrom('lost', 'twice', 'moved', 'plain'), {
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(fates, fc.nat(65_535), (list, start) => {
        const sent: number[] = []
        list.forEach((fate, index) => {
          const first = start + index * 4
          if (fate === 'lost') sent.push(first, first + 2, first + 3)
          else if (fate === 'twice') sent.push(first, first + 1, first + 1, first + 2, first + 3)
          else if (fate === 'moved') sent.push(first, first + 2, first + 3, first + 1)
          else sent.push(first, first + 1, first + 2, first + 3)
        })
        const count = (name: string) => list.filter((fate) => fate === name).length

        const { counts, delivered } = receive(sent)

        expect(counts).toMatchObject({
          ...nothing,
          lost: count('lost'),
          repeated: count('twice'),
          reordered: count('moved'),
        })
        const ascending = [...new Set(sent)].toSorted((a, b) => a - b)
        expect(delivered).toEqual(ascending.map((each) => each & 0xffff))
      }),
    )
  })

  it('measures jitter as the standard does, across the wrap of the timestamp', () => {
    const receiver = new RtpReceiver(() => {})
    const late = [0, 5, 0, 0]
    late.forEach((ms, index) => {
      const timestamp = (2 ** 32 - 900 + index * 900) >>> 0
      receiver.push(packet(index, { timestamp }), index * 10 + ms)
    })

    // |D| of 450, 450 and 0 ticks: J += (|D| − J) / 16.
    const first = 450 / 16
    const second = first + (450 - first) / 16
    const third = second - second / 16
    expect(receiver.counts().jitterSeconds).toBeCloseTo(third / 90_000, 9)
  })
})
