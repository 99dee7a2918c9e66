import { messageTypes, readUint32, type RtmpMessage } from './message.ts'

/** What a peer may make us hold; beyond it the connection is given up. */
export interface ChunkLimits {
  /** Bytes of one message. The format allows 16 MiB. */
  readonly messageBytes: number
  /** Chunk streams that are open at once. The format allows 65,600; servers use about six. */
  readonly chunkStreams: number
  /** Bytes of all messages that are not whole yet. */
  readonly partialBytes: number
}

const defaultLimits: ChunkLimits = {
  messageBytes: 8 * 2 ** 20,
  chunkStreams: 64,
  partialBytes: 16 * 2 ** 20,
}

/** A time stamp field of this value says that 32 bits follow (section 5.3.1.3). */
const EXTENDED = 0xffffff
/** A buffer that grew beyond this is not kept for the next message of its chunk stream. */
const MOST_KEPT = 256 * 2 ** 10
const headerSizes = [11, 7, 3, 0] as const

/** What is remembered of a chunk stream, for headers that leave fields out. */
interface ChunkStream {
  timestamp: number
  delta: number
  length: number
  type: number
  stream: number
  /** The value of the extended time stamp field, where the last header had one. */
  extended: number | undefined
  /** Bytes of the current message that came; 0 before its first chunk. */
  received: number
  /** Holds `received` bytes at least while a message is in parts; reused for the next one. */
  buffer: Buffer
}

/**
 * Takes the bytes of a connection after its handshake, cut anywhere, and gives whole messages (RTMP
 * 1.0, section 5.3). It obeys Set Chunk Size and Abort itself. Memory follows what really came, not
 * what headers announce.
 */
export class ChunkReader {
  readonly #limits: ChunkLimits
  readonly #streams = new Map<number, ChunkStream>()
  #chunkSize = 128
  #partial = 0
  #problem: string | undefined
  /** The beginning of a header that came without its end. */
  #rest: Buffer = Buffer.alloc(0)
  /** The chunk whose payload is being taken, and how much of it is missing. */
  #current: ChunkStream | undefined
  #missing = 0

  constructor(limits: Partial<ChunkLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** The size of chunks that the peer announced, in bytes. */
  get chunkSize(): number {
    return this.#chunkSize
  }

  /** Bytes held of messages that are not whole. */
  get partialBytes(): number {
    return this.#partial
  }

  /**
   * Reads on. The payload of a message that `onMessage` gets is valid only during that call. Returns
   * what is wrong with the bytes; from then on nothing more is read.
   */
  push(bytes: Buffer, onMessage: (message: RtmpMessage) => void): string | undefined {
    if (this.#problem !== undefined) return this.#problem
    const input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = Buffer.alloc(0)
    let at = 0
    while (at < input.length) {
      if (this.#current === undefined) {
        const end = this.#header(input, at)
        if (this.#problem !== undefined) return this.#problem
        if (end === undefined) {
          // At most a header: what came before it is read.
          this.#rest = Buffer.from(input.subarray(at))
          return undefined
        }
        at = end
      }
      at = this.#payload(input, at, onMessage)
      if (this.#problem !== undefined) return this.#problem
    }
    return undefined
  }

  /** Reads a chunk header; `undefined` where it is not all there. */
  #header(input: Buffer, start: number): number | undefined {
    const first = input[start] ?? 0
    const format = (first >> 6) as 0 | 1 | 2 | 3
    const wide = first & 0x3f
    let at = start + (wide === 0 ? 2 : wide === 1 ? 3 : 1)
    const size = headerSizes[format]
    if (input.length < at + size) return undefined
    const id = wide === 0 ? 64 + (input[start + 1] ?? 0) : wide === 1 ? wideId(input, start) : wide
    const known = this.#streams.get(id)
    if (known === undefined && format !== 0) {
      return this.#fail(`chunk stream ${id} begins with a header of type ${format}`)
    }
    const field = format === 3 ? undefined : input.readUIntBE(at, 3)
    const isExtended = field === EXTENDED || (field === undefined && known?.extended !== undefined)
    if (isExtended && input.length < at + size + 4) return undefined
    const stream = known ?? this.#open(id)
    if (stream === undefined) return undefined
    const fresh = stream.received === 0
    if (!fresh && format < 3) {
      // A new header inside a message: the old one is given up, as by an abort.
      this.#forget(stream)
    }
    if (format < 2) {
      stream.length = input.readUIntBE(at + 3, 3)
      stream.type = input[at + 6] ?? 0
    }
    if (format === 0) stream.stream = input.readUInt32LE(at + 7)
    at += size
    if (isExtended) {
      const value = input.readUInt32BE(at)
      // Section 5.3.1.3 repeats the field in type 3 chunks; some senders do not, and then these
      // bytes are payload.
      if (field !== undefined || value === stream.extended) {
        at += 4
        stream.extended = value
      }
    } else if (field !== undefined) {
      stream.extended = undefined
    }
    if (stream.received === 0) this.#stamp(stream, format, stream.extended ?? field)
    if (stream.length > this.#limits.messageBytes) {
      return this.#fail(`a message of ${stream.length} bytes is announced`)
    }
    this.#current = stream
    this.#missing = Math.min(this.#chunkSize, stream.length - stream.received)
    return at
  }

  #stamp(stream: ChunkStream, format: 0 | 1 | 2 | 3, field: number | undefined): void {
    if (format === 0) {
      stream.timestamp = field ?? 0
      // Section 5.3.1.2.4 would repeat the absolute time as delta. nginx-rtmp sends a type 3 header
      // for a message of the same time, and nobody means a clock that doubles.
      stream.delta = 0
      return
    }
    if (format < 3) stream.delta = field ?? 0
    stream.timestamp = (stream.timestamp + stream.delta) >>> 0
  }

  #payload(input: Buffer, start: number, onMessage: (message: RtmpMessage) => void): number {
    const stream = this.#current
    if (stream === undefined) return start
    const end = Math.min(input.length, start + this.#missing)
    const isWhole = end - start === stream.length
    if (isWhole) {
      this.#current = undefined
      this.#emit(stream, input.subarray(start, end), onMessage)
      return end
    }
    const size = end - start
    this.#partial += size
    if (this.#partial > this.#limits.partialBytes) {
      this.#fail(`more than ${this.#limits.partialBytes} bytes of messages are not whole`)
      return end
    }
    keep(stream, input, start, end)
    this.#missing -= size
    if (this.#missing > 0) return end
    this.#current = undefined
    if (stream.received === stream.length) {
      const payload = stream.buffer.subarray(0, stream.length)
      if (stream.buffer.length > MOST_KEPT) stream.buffer = Buffer.alloc(0)
      this.#forget(stream)
      this.#emit(stream, payload, onMessage)
    }
    return end
  }

  #emit(
    { type, timestamp, stream }: ChunkStream,
    payload: Buffer,
    onMessage: (message: RtmpMessage) => void,
  ): void {
    if (type === messageTypes.setChunkSize) this.#resize(payload)
    else if (type === messageTypes.abort) this.#abort(payload)
    onMessage({ type, timestamp, stream, payload })
  }

  #resize(payload: Buffer): void {
    const size = readUint32(payload)
    // Section 5.4.1: the first bit is 0, and at least 1; beyond 16 MiB all sizes are the same.
    if (size === undefined || size < 1 || size > 0x7fffffff) {
      this.#fail('the announced chunk size is out of range')
      return
    }
    this.#chunkSize = size
  }

  #abort(payload: Buffer): void {
    const stream = this.#streams.get(readUint32(payload) ?? -1)
    if (stream !== undefined) this.#forget(stream)
  }

  #forget(stream: ChunkStream): void {
    this.#partial -= stream.received
    stream.received = 0
  }

  #open(id: number): ChunkStream | undefined {
    if (this.#streams.size >= this.#limits.chunkStreams) {
      return this.#fail(`more than ${this.#limits.chunkStreams} chunk streams are open`)
    }
    const stream: ChunkStream = {
      timestamp: 0,
      delta: 0,
      length: 0,
      type: 0,
      stream: 0,
      extended: undefined,
      received: 0,
      buffer: Buffer.alloc(0),
    }
    this.#streams.set(id, stream)
    return stream
  }

  #fail(says: string): undefined {
    this.#problem ??= says
    return undefined
  }
}

/** 64 + second byte + 256 × third byte (section 5.3.1.1). */
function wideId(input: Buffer, start: number): number {
  return 64 + (input[start + 1] ?? 0) + 256 * (input[start + 2] ?? 0)
}

/** Appends to the message in parts; the buffer grows as bytes come, doubling. */
function keep(stream: ChunkStream, input: Buffer, start: number, end: number): void {
  const needed = stream.received + end - start
  if (needed > stream.buffer.length) {
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(stream.length, 2 * needed)))
    stream.buffer.copy(grown, 0, 0, stream.received)
    stream.buffer = grown
  }
  input.copy(stream.buffer, stream.received, start, end)
  stream.received = needed
}
