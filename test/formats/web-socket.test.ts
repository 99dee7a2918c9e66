import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acceptOf,
  encodeFrame,
  FrameReader,
  opcode,
  openingRequest,
  refusalOf,
} from '../../src/formats/web-socket.ts'

/** A frame as servers send it: unmasked (RFC 6455, section 5.2). */
function serverFrame(code: number, payload: Buffer, isLast = true): Buffer {
  const first = (isLast ? 0x80 : 0) | code
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload])
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = payload.length < 65_536 ? 126 : 127
  if (payload.length < 65_536) head.writeUInt16BE(payload.length, 2)
  else head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

describe('the opening handshake', () => {
  it('asks as RFC 6455 section 1.2 shows, and takes its answer', () => {
    const key = 'dGhlIHNhbXBsZSBub25jZQ=='

    expect(openingRequest({ host: 'server.example', path: '/chat', key }).toString()).toBe(
      'GET /chat HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    expect(acceptOf(key)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    const answer =
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    expect(refusalOf(answer, key)).toBeUndefined()
    expect(refusalOf(answer.replace('s3p', 'x3p'), key)).toBe('answers another request')
  })

  it.each([
    ['HTTP/1.1 401 Unauthorized', 'answers with status 401 instead of opening a WebSocket'],
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c', 'does not open a WebSocket'],
    ['SSH-2.0-OpenSSH_9.2', 'does not speak HTTP/1.1'],
  ])('is refused by %j', (head, says) => {
    expect(refusalOf(head, 'a2V5')).toBe(says)
  })
})

describe('frames', () => {
  it('of a client are masked as section 5.7 shows', () => {
    const frame = encodeFrame(opcode.text, Buffer.from('Hello'), Buffer.from('37fa213d', 'hex'))

    expect(frame.toString('hex')).toBe('818537fa213d7f9f4d5158')
  })

  it('come out whole, however the bytes arrive', () => {
    const frames = fc.array(
      fc.record({
        code: fc.constantFrom(opcode.text, opcode.more, opcode.binary),
        payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        isLast: fc.boolean(),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 97 }), (sent, size) => {
        const bytes = Buffer.concat(
          sent.map(({ code, payload, isLast }) => serverFrame(code, payload, isLast)),
        )
        const reader = new FrameReader(1_000)
        const seen = []
        for (let at = 0; at < bytes.length; at += size) {
          const { frames: out, refused } = reader.push(bytes.subarray(at, at + size))
          expect(refused).toBeUndefined()
          seen.push(...out)
        }

        expect(
          seen.map(({ opcode: code, payload, isLast }) => ({
            code,
            payload: Buffer.from(payload),
            isLast,
          })),
        ).toEqual(sent)
      }),
    )
  })

  it.each([65_535, 65_536, 70_000])('of %i bytes keep their length', (length) => {
    const payload = Buffer.alloc(length, 7)

    const { frames } = new FrameReader(100_000).push(serverFrame(opcode.text, payload))

    expect(frames.map((frame) => frame.payload.length)).toEqual([length])
  })

  it.each([
    ['c100', 'a frame with an extension that was not agreed'],
    ['8180', 'a masked frame, which servers must not send'],
    ['0900', 'a control frame that is too long'],
    ['817e1000', 'a frame of 4096 bytes'],
    ['817f0fffffffffffffff', 'a frame of 1152921504606847000 bytes'],
  ])('%s is refused', (hex, refused) => {
    expect(new FrameReader(1_000).push(Buffer.from(hex, 'hex'))).toEqual({ frames: [], refused })
  })

  it('of any kind never make the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        new FrameReader(100).push(Buffer.from(bytes))
      }),
    )
  })
})
