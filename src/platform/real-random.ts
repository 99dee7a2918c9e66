import { randomBytes } from 'node:crypto'
import type { Random } from '../core/clock.ts'

/** Numbers are drawn from a block of this many 32-bit words: one system call serves them all. */
const BLOCK_WORDS = 256

/** Chance from the system's cryptographic generator, with 32 bits of resolution. */
export function realRandom(): Random {
  let block = Buffer.alloc(0)
  let offset = 0
  return {
    next() {
      if (offset >= block.length) {
        block = randomBytes(BLOCK_WORDS * 4)
        offset = 0
      }
      const word = block.readUInt32LE(offset)
      offset += 4
      return word / 2 ** 32
    },
  }
}
