import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSigned } from '../../src/plugin/reaction.ts'

const secret = fc.string({ minLength: 1 })
const message = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))

function sign(by: string, bytes: Buffer): string {
  return createHmac('sha256', by).update(bytes).digest('hex')
}

describe('a signature', () => {
  test('holds for the very bytes that were signed, among others too', () => {
    fc.assert(
      fc.property(secret, message, secret, (own, bytes, other) => {
        const good = sign(own, bytes)
        const others = [sign(`${other}x`, bytes), 'no hex', '']

        expect(isSigned(own, bytes, [good])).toBe(true)
        expect(isSigned(own, bytes, [...others, good.toUpperCase(), ...others])).toBe(true)
      }),
    )
  })

  test('holds for no message in which one bit is another', () => {
    fc.assert(
      fc.property(secret, message, fc.nat(), (own, bytes, bit) => {
        const altered = Buffer.from(bytes)
        const at = Math.floor(bit / 8) % bytes.length
        altered[at] = (altered[at] ?? 0) ^ (1 << (bit % 8))

        expect(isSigned(own, altered, [sign(own, bytes)])).toBe(false)
      }),
    )
  })

  test('holds no more when one of its own digits is another, is missing or is too many', () => {
    fc.assert(
      fc.property(secret, message, fc.nat(63), (own, bytes, at) => {
        const good = sign(own, bytes)
        const digit = good[at] === '0' ? '1' : '0'
        const altered = `${good.slice(0, at)}${digit}${good.slice(at + 1)}`

        expect(isSigned(own, bytes, [altered, good.slice(1), `${good}0`])).toBe(false)
      }),
    )
  })

  test('of another secret, and none at all, holds for nothing', () => {
    const bytes = Buffer.from('{}')

    expect(isSigned('one', bytes, [sign('two', bytes)])).toBe(false)
    expect(isSigned('one', bytes, [])).toBe(false)
  })
})
