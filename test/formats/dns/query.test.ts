import { encode } from 'dns-packet'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import dns from '../../../probes/dns.ts'
import { query, readDatagram, readReply } from '../../../src/formats/dns/query.ts'
import { session } from '../../probes/look-once.ts'
import { address, serveNames } from '../../probes/dns/name-server.ts'

const question = { name: 'live.test', type: 'A' } as const

function response(id: number, values: readonly string[], name = 'live.test'): Buffer {
  const answers = values.map((value) => address(name, value))
  return encode({ type: 'response', id, questions: [{ name, type: 'A' }], answers })
}

/** A header that asks for as many records as it can, behind which stand `bytes`. */
function greedy(id: number, bytes: Uint8Array): Buffer {
  const header = Buffer.from([id >> 8, id & 255, 0x84, 0, 0, 1, 255, 255, 255, 255, 255, 255])
  return Buffer.concat([header, query(question, id, false).subarray(12, 27), bytes])
}

describe('an answer', () => {
  it('is read back as it was sent', () => {
    const values = fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), values, (id, sent) => {
        const reply = readDatagram(response(id, sent), id, question)

        expect(reply).toMatchObject({ code: 'NOERROR', values: sent.toSorted(), ttl: 60 })
      }),
    )
  })

  it('with another identity, name or type is not ours, nor is a query', () => {
    expect(readReply(response(1, []), 2, question)).toBeUndefined()
    expect(readReply(response(1, [], 'other.test'), 1, question)).toBeUndefined()
    expect(readReply(response(1, []), 1, { ...question, type: 'TXT' })).toBeUndefined()
    expect(readReply(query(question, 1, false), 1, question)).toBeUndefined()
    expect(readReply(response(1, [], 'LIVE.test'), 1, question)).toBeDefined()
  })

  it('that is damaged anywhere is read or refused, and never throws', () => {
    const whole = response(7, ['192.0.2.1', '192.0.2.2'])
    const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 })
    fc.assert(
      fc.property(edits, fc.nat(whole.length), (changes, length) => {
        const damaged = Buffer.from(whole)
        for (const [at, byte] of changes) damaged[at] = byte

        expect(() => readReply(damaged.subarray(0, length), 7, question)).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  it('of random records behind a good header never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(() => readReply(greedy(7, bytes), 7, question)).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['a pointer to itself', [0xc0, 27]],
    ['two pointers in a circle', [0xc0, 29, 0xc0, 27]],
    ['a pointer beyond the end', [0xff, 0xff]],
    ['a pointer that is cut off', [0xc0]],
    ['a label of a reserved kind', [0x80, 1]],
  ])('with %s is refused', (_, bytes) => {
    expect(readReply(greedy(7, Buffer.from(bytes)), 7, question)).toBeUndefined()
  })

  it('made of chained pointers costs little at the greatest size that is read', () => {
    // Each record's name walks a chain of 4,000 pointers down to the question.
    const chain = Buffer.alloc(8_000)
    for (let at = 0; at < chain.length; at += 2) {
      chain.writeUInt16BE(0xc000 | (at === 0 ? 12 : 27 + at - 2), at)
    }
    const record = Buffer.concat([
      Buffer.from([0xc0 | (8_025 >> 8), 8_025 & 255]),
      Buffer.alloc(10),
    ])
    const records = Array.from({ length: 650 }, () => record)
    const startedAt = performance.now()

    readReply(greedy(7, Buffer.concat([chain, ...records])), 7, question)

    expect(performance.now() - startedAt).toBeLessThan(500)
  })

  it('that is larger than any honest datagram is not even decoded', () => {
    const many = Array.from({ length: 300 }, (_, index) => `192.0.2.${index % 256}`)

    expect(readDatagram(response(7, many), 7, question)).toBeUndefined()
  })
})

describe('the dns probe before a hostile server', () => {
  it('gives an answer within its time, whatever comes back', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((array) => ({ good: false, array })),
      fc.uint8Array({ maxLength: 600 }).map((array) => ({ good: true, array })),
    )
    let next = { good: false, array: new Uint8Array() }
    const server = await serveNames(({ id = 0 }) =>
      next.good ? greedy(id, next.array) : Buffer.from(next.array),
    )
    const look = session(dns, { url: 'dns://live.test', servers: [server], timeout: '200ms' })

    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        next = given
        const startedAt = performance.now()

        const seen = await look()

        expect(['pass', 'fail']).toContain(seen.outcome)
        expect(performance.now() - startedAt).toBeLessThan(400)
      }),
      { numRuns: 15 },
    )
  })

  it('waits for the real answer behind forged ones', async () => {
    const sent: Buffer[] = []
    const server = await serveNames(({ id = 0 }) => {
      sent.push(response((id + 1) % 65_536, ['203.0.113.66']))
      return sent.length === 1
        ? sent[0]
        : encode({
            type: 'response',
            id,
            flags: 0x0400,
            questions: [{ name: 'live.test', type: 'A' }],
            answers: [address('live.test', '192.0.2.1')],
          })
    })
    const options = { url: 'dns://live.test', servers: [server], expect: ['192.0.2.1'] }

    const seen = await session(dns, options)()

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_converged_ratio: 1 } })
  })
})
