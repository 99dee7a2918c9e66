const start = Buffer.from([0xff, 0xd8, 0xff])
const end = Buffer.from([0xff, 0xd9])

/**
 * Keeps the newest whole image of a row of JPEG files, which are written one after the other without
 * anything between them. Markers do not occur inside coded pictures (ITU-T T.81, B.1.1.5), and the
 * encoder writes no comments. Memory is bounded: an image beyond the limit is passed over.
 */
export class LastJpeg {
  readonly #most: number
  #pending: Buffer = Buffer.alloc(0)
  #last: Buffer | undefined

  /** `most` is in bytes. */
  constructor(most: number) {
    this.#most = most
  }

  /** The newest image that is whole. */
  get image(): Buffer | undefined {
    return this.#last
  }

  push(chunk: Buffer): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    for (;;) {
      const from = bytes.indexOf(start)
      if (from < 0) {
        // The first bytes of a marker may be there already.
        this.#pending = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 2)))
        return
      }
      const to = bytes.indexOf(end, from + start.length)
      if (to < 0) {
        const rest = bytes.subarray(from)
        // What is too long already is cut behind its beginning, so that only its end is found.
        this.#pending = Buffer.from(rest.length > this.#most ? rest.subarray(-2) : rest)
        return
      }
      const image = bytes.subarray(from, to + end.length)
      if (image.length <= this.#most) this.#last = Buffer.from(image)
      bytes = bytes.subarray(to + end.length)
    }
  }
}
