import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CallerHandshake,
  helloBytes,
  ListenerHandshake,
} from '../../../src/formats/rtmp/handshake.ts'

const random = () => 0.5

describe('the handshake', () => {
  it('brings both sides to where messages begin, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 8 }), (places) => {
        const caller = new CallerHandshake()
        const listener = new ListenerHandshake(random)
        const first = listener.push(helloBytes(random))
        const answer = Buffer.concat([
          'answer' in first ? first.answer : Buffer.alloc(0),
          Buffer.from('messages'),
        ])
        const cuts = [...places.map((place) => place % answer.length), answer.length].sort(
          (a, b) => a - b,
        )
        let from = 0
        const seen: Buffer[] = []
        let reply: Buffer | undefined
        for (const to of cuts) {
          const piece = answer.subarray(from, to)
          from = to
          if (reply !== undefined) {
            seen.push(piece)
            continue
          }
          const step = caller.push(piece)
          if (!step.done) continue
          reply = step.answer
          seen.push(step.rest)
        }

        expect(Buffer.concat(seen).toString()).toBe('messages')
        // C2 repeats S1.
        expect(reply).toEqual(answer.subarray(1, 1_537))
        const last = listener.push(Buffer.concat([reply ?? Buffer.alloc(0), Buffer.from('call')]))
        expect(last).toEqual({ answer: Buffer.alloc(0), rest: Buffer.from('call') })
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'it speaks HTTP'],
    ['\x15\x03\x01\x00\x02', 'it speaks TLS'],
    ['220 mail\r\n', 'its first byte is 50 where RTMP says 3'],
  ])('tells what answers %j', (text, problem) => {
    expect(new CallerHandshake().push(Buffer.from(text, 'latin1'))).toEqual({
      done: false,
      problem,
    })
    expect(new ListenerHandshake(random).push(Buffer.from(text, 'latin1'))).toEqual({ problem })
  })
})
