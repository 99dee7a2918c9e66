/**
 * One box of ISO/IEC 14496-12 that is whole in memory: its type and what follows its header.
 * Every read is bounded: beyond the end it gives `undefined`, never throws.
 */
export interface Box {
  /** Four printable characters. */
  readonly type: string
  readonly body: Buffer
}

/** The start of a box (section 4.2): where its body begins and how long it is. */
export interface BoxHeader {
  readonly type: string
  /** Bytes of the header itself: 8, or 16 with a large size. */
  readonly header: number
  /** Bytes of the body; infinite for a box that lasts to the end of the file (size 0). */
  readonly body: number
}

/** The most bytes that a box header takes. */
export const longestHeader = 16

/**
 * Reads a box header at `at`. `undefined`: more bytes are needed. `'damaged'`: no box can begin so,
 * because its type is not printable or its size is smaller than its own header.
 */
export function readHeader(bytes: Buffer, at = 0): BoxHeader | 'damaged' | undefined {
  if (bytes.length - at < 8) return undefined
  const size = bytes.readUInt32BE(at)
  const type = bytes.toString('latin1', at + 4, at + 8)
  // Real types are ASCII; a few old ones begin with the copyright sign.
  if (!/^[\x20-\x7e\xa9][\x20-\x7e]{3}$/u.test(type)) return 'damaged'
  if (size === 0) return { type, header: 8, body: Number.POSITIVE_INFINITY }
  if (size !== 1) return size < 8 ? 'damaged' : { type, header: 8, body: size - 8 }
  if (bytes.length - at < longestHeader) return undefined
  const large = bytes.readUInt32BE(at + 8) * 2 ** 32 + bytes.readUInt32BE(at + 12)
  return large < longestHeader
    ? 'damaged'
    : { type, header: longestHeader, body: large - longestHeader }
}

/** The boxes inside a body, in order; ends at the first that does not fit. Each step moves forward. */
export function* children(body: Buffer): Generator<Box> {
  for (let at = 0; at < body.length;) {
    const header = readHeader(body, at)
    if (header === undefined || header === 'damaged') return
    const start = at + header.header
    const end = Math.min(body.length, start + header.body)
    if (start + header.body > body.length && header.body !== Number.POSITIVE_INFINITY) return
    yield { type: header.type, body: body.subarray(start, end) }
    at = end
  }
}

/** The first box along a path of types, such as `mdia`, `mdhd`. */
export function child(body: Buffer | undefined, ...path: readonly string[]): Buffer | undefined {
  let found = body
  for (const type of path) {
    if (found === undefined) return undefined
    let inner: Buffer | undefined
    for (const box of children(found)) {
      if (box.type !== type) continue
      inner = box.body
      break
    }
    found = inner
  }
  return found
}

/** An unsigned number of 32 bits; `undefined` beyond the end. */
export function uint32(body: Buffer | undefined, at: number): number | undefined {
  return body !== undefined && at + 4 <= body.length ? body.readUInt32BE(at) : undefined
}

/** An unsigned number of 64 bits, beyond 2^53 rounded to the nearest double; `undefined` beyond the end. */
export function uint64(body: Buffer | undefined, at: number): number | undefined {
  if (body === undefined || at + 8 > body.length) return undefined
  return body.readUInt32BE(at) * 2 ** 32 + body.readUInt32BE(at + 4)
}

/** Version and flags of a full box (section 4.2); its fields follow at byte 4. */
export function fullBox(body: Buffer): { version: number; flags: number } | undefined {
  if (body.length < 4) return undefined
  return { version: body.readUInt8(0), flags: body.readUIntBE(1, 3) }
}
