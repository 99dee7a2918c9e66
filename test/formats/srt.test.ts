import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readInduction, readSrtReport, writeInduction } from '../../src/formats/srt.ts'

/** As libsrt 1.5.1 answers, with a key of 128 bits announced. */
function answer(socketId: number, keyField = 2): Buffer {
  const packet = Buffer.alloc(64)
  packet.writeUInt32BE(0x8000_0000, 0)
  packet.writeUInt32BE(socketId, 12)
  packet.writeUInt32BE(5, 16)
  packet.writeUInt16BE(keyField, 20)
  packet.writeUInt16BE(0x4a17, 22)
  packet.writeUInt32BE(1, 36)
  return packet
}

/** Written by srt-live-transmit 1.5.1 of Debian 12. */
const line =
  '{"sid":319611514,"timepoint":"2026-11-21T14:55:02.680009+0000","time":3783,"window":{"flow":8192,"congestion":8192,"flight":0},"link":{"rtt":0.06,"bandwidth":12.384,"maxBandwidth":1000},"send":{"packets":0,"packetsUnique":0,"packetsLost":0,"packetsDropped":0,"packetsRetransmitted":0,"packetsFilterExtra":0,"bytes":0,"bytesUnique":0,"bytesDropped":0,"byteAvailBuf":12288000,"msBuf":0,"mbitRate":0,"sendPeriod":12},"recv":{"packets":213,"packetsUnique":213,"packetsLost":3,"packetsDropped":1,"packetsRetransmitted":2,"packetsBelated":4,"packetsFilterExtra":0,"packetsFilterSupply":0,"packetsFilterLoss":0,"bytes":235724,"bytesUnique":235724,"bytesLost":0,"bytesDropped":0,"byteAvailBuf":12270000,"msBuf":169,"mbitRate":0.498432,"msTsbPdDelay":200}}'

describe('the induction of a handshake', () => {
  it('is the packet of the specification', () => {
    const packet = writeInduction(0x1234_5678)

    expect(packet.toString('hex')).toBe(
      `80000000${'0'.repeat(24)}000000040000000212345678000005dc00002000` +
        `0000000112345678${'0'.repeat(40)}`,
    )
  })

  it.each([
    [0, undefined],
    [2, 128],
    [3, 192],
    [4, 256],
    [9, undefined],
  ])('is answered with the key announced as %d', (field, keyBits) => {
    expect(readInduction(answer(77, field), 77)).toEqual({ version: 5, keyBits })
  })

  it.each([
    ['of another socket', answer(78)],
    ['cut off', answer(77).subarray(0, 63)],
    ['that is data', Buffer.alloc(64)],
    ['that is the question itself', writeInduction(77)],
  ])('is not answered by a datagram %s', (_, datagram) => {
    expect(readInduction(datagram, 77)).toBeUndefined()
  })

  it('takes any datagram without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        readInduction(Buffer.from(bytes), 1)
      }),
    )
  })
})

describe('a report of srt-live-transmit', () => {
  it('gives the receiving side', () => {
    expect(readSrtReport(line)).toEqual({
      rttMs: 0.06,
      packets: 213,
      lost: 3,
      dropped: 1,
      retransmitted: 2,
      belated: 4,
      bitsPerSecond: 498_432,
      bufferMs: 169,
      latencyMs: 200,
    })
  })

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{"recv":{}}',
    line.replace('"packetsLost":3', '"packetsLost":-1'),
  ])('is nothing where it is not whole', (text) => {
    expect(readSrtReport(text)).toBeUndefined()
  })
})
