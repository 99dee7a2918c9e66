import type { ByteRange } from '../../src/formats/m3u8/model.ts'

/** The Range header of a byte range (RFC 9110 section 14.1.2). */
export function rangeHeader({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${offset + length - 1}`
}
