import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  signTsig,
  tsigAlgorithms,
  verifyTsig,
  type TsigKey,
} from '../../../src/formats/dns/tsig.ts'
import { encodeUpdate } from '../../../src/formats/dns/update.ts'
import {
  badKeyAnswer,
  badSigAnswer,
  bindAnswer,
  late,
  longAnswer,
  longRequest,
  nsupdateRequest,
  requestMac,
  secret,
  signedAt,
} from './captured.ts'

const key: TsigKey = { name: 'changeover', algorithm: 'hmac-sha256', secret }
const long: TsigKey = { name: 'Long.', algorithm: 'hmac-sha512', secret }

const message = encodeUpdate({ id: 7, zone: 'changeover.test', prerequisites: [], changes: [] })

describe('a TSIG signature', () => {
  it.each([
    ['hmac-sha256', key, nsupdateRequest],
    ['hmac-sha512', long, longRequest],
  ] as const)('of nsupdate with %s is verified, and made again byte for byte', (_, of, request) => {
    const verified = verifyTsig(request, of, signedAt)
    if (verified.result !== 'good') throw new Error(verified.result)

    const again = signTsig(verified.message, { ...of, name: of.name.replace('.', '') }, signedAt)

    expect(again.message.toString('hex')).toBe(request.toString('hex'))
  })

  it('of an answer of BIND covers the MAC of the request', () => {
    const longMac = signTsig(goodOf(longRequest, long), long, signedAt).mac

    expect(verifyTsig(bindAnswer, key, signedAt, requestMac).result).toBe('good')
    expect(verifyTsig(longAnswer, long, signedAt, longMac).result).toBe('good')
    expect(verifyTsig(bindAnswer, key, signedAt, Buffer.from(requestMac).fill(0, 31))).toEqual({
      result: 'forged',
      says: 'its signature is not of our key',
    })
    expect(verifyTsig(bindAnswer, key, signedAt).result).toBe('forged')
  })

  it('tells why BIND refused ours', () => {
    expect(verifyTsig(badKeyAnswer, { ...key, name: 'stranger' }, signedAt, requestMac)).toEqual({
      result: 'refused',
      error: 'BADKEY',
    })
    expect(verifyTsig(badSigAnswer, key, signedAt, requestMac)).toEqual({
      result: 'refused',
      error: 'BADSIG',
    })
    expect(verifyTsig(late.answer, key, late.signedAt, late.requestMac)).toEqual({
      result: 'refused',
      error: 'BADTIME',
      aheadSeconds: 3_600,
    })
  })

  it('of a wrong clock is believed only where it is signed itself', () => {
    const bent = Buffer.from(late.answer)
    bent.writeUInt8(0, bent.length - 1)

    expect(verifyTsig(bent, key, late.signedAt, late.requestMac).result).toBe('forged')
  })

  it('is good for five minutes, and not for longer', () => {
    const signed = signTsig(message, key, 1_000_000_000)

    expect(verifyTsig(signed.message, key, 1_000_300_000).result).toBe('good')
    expect(verifyTsig(signed.message, key, 1_000_301_000)).toEqual({
      result: 'forged',
      says: 'it was signed 301 s off our clock',
    })
    expect(verifyTsig(signed.message, key, 999_699_000).result).toBe('forged')
  })

  it('is missed where there is none', () => {
    expect(verifyTsig(message, key, 0)).toEqual({ result: 'unsigned' })
    expect(verifyTsig(Buffer.alloc(3), key, 0)).toEqual({ result: 'unsigned' })
  })

  it('of another key, algorithm or secret is forged', () => {
    const { message: signed } = signTsig(message, key, 0)

    for (const other of [
      { ...key, name: 'other' },
      { ...key, algorithm: 'hmac-sha384' as const },
      { ...key, secret: Buffer.from('another') },
    ]) {
      expect(verifyTsig(signed, other, 0).result).toBe('forged')
    }
  })

  it('survives the round trip, and no single bit of change', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...tsigAlgorithms),
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.option(fc.uint8Array({ minLength: 32, maxLength: 64 }), { nil: undefined }),
        fc.nat({ max: 2 ** 40 }),
        fc.nat(),
        (algorithm, bytes, mac, at, where) => {
          const used: TsigKey = { name: 'k.example', algorithm, secret: Buffer.from(bytes) }
          const answer = mac === undefined ? {} : { requestMac: Buffer.from(mac) }
          const signed = signTsig(message, used, at, answer)

          expect(verifyTsig(signed.message, used, at, answer.requestMac)).toEqual({
            result: 'good',
            message,
          })

          // The identity may change on the way, and the key's name its case; all else is covered.
          const begin = where % 2 === 0 ? 2 : signed.message.length - signed.mac.length - 16
          const end = where % 2 === 0 ? message.length : signed.message.length
          const bit = begin * 8 + (where % ((end - begin) * 8))
          const bent = Buffer.from(signed.message)
          bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          expect(verifyTsig(bent, used, at, answer.requestMac)).not.toEqual({
            result: 'good',
            message,
          })
        },
      ),
    )
  })

  it('never throws, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.nat({ max: late.answer.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bent = Buffer.from(late.answer)
        bent[at] = value
        verifyTsig(bent, key, late.signedAt, late.requestMac)
        verifyTsig(bent.subarray(0, at), key, late.signedAt, late.requestMac)
      }),
    )
  })
})

function goodOf(request: Buffer, of: TsigKey): Buffer {
  const verified = verifyTsig(request, of, signedAt)
  if (verified.result !== 'good') throw new Error(verified.result)
  return verified.message
}
