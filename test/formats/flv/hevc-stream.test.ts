import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asElementaryStream, readHevcSetup } from '../../../src/formats/flv/hevc-stream.ts'

/** One array with two parameter sets, lengths of two bytes. */
const record = Buffer.from(`01${'00'.repeat(20)}01012000020002aabb0001cc`, 'hex')

describe('the set-up of an HEVC decoder', () => {
  it('gives parameter sets as an elementary stream, and the size of lengths', () => {
    expect(readHevcSetup(record)).toEqual({
      parameterSets: Buffer.from('00000001aabb00000001cc', 'hex'),
      lengthSize: 2,
    })
  })

  it('is none where it is cut short, or of another version', () => {
    for (let length = 0; length < record.length; length++) {
      expect(readHevcSetup(record.subarray(0, length))).toBeUndefined()
    }
    expect(readHevcSetup(Buffer.concat([Buffer.from([2]), record.subarray(1)]))).toBeUndefined()
  })

  it('never throws', () => {
    assert(
      property(uint8Array({ maxLength: 80 }), (bytes) => {
        readHevcSetup(Buffer.from([1, ...bytes]))
        asElementaryStream(Buffer.from(bytes), 1 + ((bytes[0] ?? 0) % 4))
      }),
    )
  })
})

describe('an elementary stream', () => {
  it('has a start code in place of each length, and leaves out what is cut', () => {
    const body = Buffer.from('0002aabb0001cc0009dd', 'hex')

    expect(asElementaryStream(body, 2).toString('hex')).toBe('00000001aabb00000001cc')
  })
})
