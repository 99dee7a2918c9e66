import { createHash } from 'node:crypto'

/** Opcodes of RFC 6455, section 5.2. */
export const opcode = {
  more: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

/** One frame of a server. */
export interface Frame {
  readonly opcode: number
  /** Whether it is the last of its message (FIN). */
  readonly isLast: boolean
  readonly payload: Buffer
}

/** The text that a server adds to our key before it hashes it (RFC 6455, section 1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What a server must answer in `Sec-WebSocket-Accept` to the key of a request. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${guid}`).digest('base64')
}

/**
 * The request that opens a WebSocket (RFC 6455, section 4.1). `key` is 16 bytes in Base64; `path`
 * begins with a slash and bears the query.
 */
export function openingRequest(request: {
  readonly host: string
  readonly path: string
  readonly key: string
  readonly protocol?: string
}): Buffer {
  const { host, path, key, protocol } = request
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    '',
    '',
  ]
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** Says why an answer opens no WebSocket; `undefined` where it does (RFC 6455, section 4.1). */
export function refusalOf(head: string, key: string): string | undefined {
  const [first = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/u.exec(first)?.[1]
  if (status === undefined) return 'does not speak HTTP/1.1'
  if (status !== '101') return `answers with status ${status} instead of opening a WebSocket`
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return 'does not open a WebSocket'
  if (headers.get('sec-websocket-accept') !== acceptOf(key)) return 'answers another request'
  return undefined
}

/** A frame of a client: always masked, with four bytes that nobody can foretell (section 5.3). */
export function encodeFrame(code: number, payload: Buffer, mask: Buffer): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + extended + 4 + length)
  frame[0] = 0x80 | code
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) frame.writeUInt16BE(length, 2)
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  mask.copy(frame, 2 + extended, 0, 4)
  for (let index = 0; index < length; index += 1) {
    frame[6 + extended + index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0)
  }
  return frame
}

/** Takes the frames of a server out of its bytes. */
export class FrameReader {
  readonly #mostBytes: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /**
   * The frames that these bytes complete, in order. `refused` says what of them breaks RFC 6455 or
   * is longer than was allowed; nothing can be read after that.
   */
  push(chunk: Buffer): { readonly frames: readonly Frame[]; readonly refused?: string } {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    for (;;) {
      const next = this.#next()
      if (next === undefined) return { frames }
      if ('refused' in next) return { frames, refused: next.refused }
      frames.push(next)
    }
  }

  #next(): Frame | { readonly refused: string } | undefined {
    const bytes = this.#rest
    if (bytes.length < 2) return undefined
    const [first = 0, second = 0] = bytes
    if ((first & 0x70) !== 0) return { refused: 'a frame with an extension that was not agreed' }
    if ((second & 0x80) !== 0) return { refused: 'a masked frame, which servers must not send' }
    const short = second & 0x7f
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0
    if (bytes.length < 2 + extended) return undefined
    const length =
      extended === 0
        ? short
        : extended === 2
          ? bytes.readUInt16BE(2)
          : Number(bytes.readBigUInt64BE(2))
    const code = first & 0x0f
    const isControl = code >= 0x8
    const isLast = (first & 0x80) !== 0
    if (isControl && (length > 125 || !isLast))
      return { refused: 'a control frame that is too long' }
    if (length > this.#mostBytes) return { refused: `a frame of ${length} bytes` }
    const from = 2 + extended
    if (bytes.length < from + length) return undefined
    this.#rest = bytes.subarray(from + length)
    return { opcode: code, isLast, payload: bytes.subarray(from, from + length) }
  }
}
