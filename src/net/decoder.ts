import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import type { BrotliDecompress, Gunzip, Inflate, InflateRaw } from 'node:zlib'

type Stream = BrotliDecompress | Gunzip | Inflate | InflateRaw

/**
 * The decompressor for a `content-encoding`, by its first bytes where the name is ambiguous:
 * servers send `deflate` with and without the zlib wrapper (RFC 9110 section 8.4.1.2).
 * `undefined` where the body is to be taken as it is, also for names that nobody defined.
 */
export function decoderFor(encoding: string, head: Buffer): Stream | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'br':
      return createBrotliDecompress()
    case 'deflate':
      // RFC 1950 section 2.2: the low four bits of a zlib header are 8.
      return ((head[0] ?? 0) & 0x0f) === 0x08 ? createInflate() : createInflateRaw()
    default:
      return undefined
  }
}
