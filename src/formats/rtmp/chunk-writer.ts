import type { RtmpMessage } from './message.ts'

/** Where a message is written. */
export interface ChunkTarget {
  /** 2 to 65,599; 2 is for control messages (section 5.3.1.1). */
  readonly chunkStream: number
  /** The fullest header that is left out where it repeats the one before; default 0: none. */
  readonly compress?: 0 | 1 | 2 | 3
}

interface Written {
  readonly timestamp: number
  readonly delta: number
  readonly length: number
  readonly type: number
  readonly stream: number
}

const EXTENDED = 0xffffff

/** Writes messages as chunks (RTMP 1.0, section 5.3). */
export class ChunkWriter {
  /** Bytes of payload in a chunk; whoever changes it announces it to the peer first. */
  chunkSize = 128
  readonly #before = new Map<number, Written>()

  /** The bytes of a message. */
  write(message: RtmpMessage, { chunkStream, compress = 0 }: ChunkTarget): Buffer {
    const { payload } = message
    const before = this.#before.get(chunkStream)
    const delta = before === undefined ? 0 : (message.timestamp - before.timestamp) >>> 0
    const format = Math.min(compress, fullest(message, before, delta))
    const time = format === 0 ? message.timestamp : delta
    const isExtended = time >= EXTENDED
    const written = {
      timestamp: message.timestamp,
      delta: format === 0 ? 0 : delta,
      length: payload.length,
      type: message.type,
      stream: message.stream,
    }
    this.#before.set(chunkStream, written)

    const parts = [basicHeader(format, chunkStream), messageHeader(format, written, time)]
    const repeated = isExtended ? uint32(time) : Buffer.alloc(0)
    parts.push(repeated)
    for (let at = 0; at < payload.length || at === 0; at += this.chunkSize) {
      if (at > 0) parts.push(basicHeader(3, chunkStream), repeated)
      parts.push(payload.subarray(at, at + this.chunkSize))
    }
    return Buffer.concat(parts)
  }
}

/** The shortest header that says the same. */
function fullest(message: RtmpMessage, before: Written | undefined, delta: number): 0 | 1 | 2 | 3 {
  if (before === undefined || before.stream !== message.stream) return 0
  // What went back in time is written in full: a delta has no sign.
  if (delta >= 0x80000000) return 0
  if (before.type !== message.type || before.length !== message.payload.length) return 1
  return before.delta === delta && delta < EXTENDED ? 3 : 2
}

function basicHeader(format: number, id: number): Buffer {
  if (id < 64) return Buffer.of((format << 6) | id)
  if (id < 320) return Buffer.of(format << 6, id - 64)
  return Buffer.of((format << 6) | 1, (id - 64) & 0xff, (id - 64) >> 8)
}

function messageHeader(format: number, message: Written, time: number): Buffer {
  const header = Buffer.alloc([11, 7, 3, 0][format] ?? 0)
  if (format < 3) header.writeUIntBE(Math.min(time, EXTENDED), 0, 3)
  if (format < 2) {
    header.writeUIntBE(message.length, 3, 3)
    header[6] = message.type
  }
  if (format === 0) header.writeUInt32LE(message.stream, 7)
  return header
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
