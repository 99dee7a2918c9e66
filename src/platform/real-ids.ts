import { randomBytes } from 'node:crypto'
import type { Ids } from '../core/clock.ts'

/**
 * Time-ordered identities: UUID version 7 of RFC 9562. Within one millisecond, and when the wall
 * clock steps back, the 12 bits of `rand_a` count up (section 6.2, method 1), so that the
 * identities of one process always sort in the order in which they were made.
 */
export function realIds(): Ids {
  let stamp = 0
  let counter = 0
  return {
    next() {
      const random = randomBytes(10)
      const now = Date.now()
      if (now > stamp) {
        stamp = now
        // The top bit starts clear to leave room for at least 2,048 identities in a millisecond.
        counter = random.readUInt16BE(8) & 0x7ff
      } else {
        counter += 1
        if (counter > 0xfff) {
          stamp += 1
          counter = 0
        }
      }
      const time = stamp.toString(16).padStart(12, '0')
      const count = counter.toString(16).padStart(3, '0')
      const variant = ((random.readUInt16BE(0) & 0x3fff) | 0x8000).toString(16)
      const tail = random.toString('hex', 2, 8)
      return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}-${tail}`
    },
  }
}
