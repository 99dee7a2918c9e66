import { constants, crc32, deflateRawSync } from 'node:zlib'

const BLOCK = 2 ** 20
const BLOCKS = 512

let made: Buffer | undefined

/**
 * One gzip member (RFC 1952) of 512 MiB of zeros in about half a megabyte, made once when it is
 * first wanted. After a full flush a deflate stream stands on a byte boundary and refers to nothing
 * before it, so the same block can be repeated.
 */
export function gzipBomb(): Buffer {
  made ??= makeBomb()
  return made
}

function makeBomb(): Buffer {
  const zeros = Buffer.alloc(BLOCK)
  const block = deflateRawSync(zeros, { finishFlush: constants.Z_FULL_FLUSH })
  let crc = 0
  for (let index = 0; index < BLOCKS; index += 1) crc = crc32(zeros, crc)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(BLOCK * BLOCKS, 4)
  return Buffer.concat([
    Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff),
    ...Array.from({ length: BLOCKS }, () => block),
    deflateRawSync(Buffer.alloc(0)),
    trailer,
  ])
}
