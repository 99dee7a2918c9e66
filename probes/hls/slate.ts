import { z } from 'zod'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import type { Rendition } from './rendition.ts'
import type { SegmentLook } from './segment.ts'

/** How the segments of a slate are told from those of the programme. */
export const slateOptions = z.strictObject({
  uri: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Text that the URI of a slate segment contains, such as `/slate/`.'),
  sha256: z
    .array(z.string().regex(/^[0-9a-f]{64}$/iu))
    .max(1_000)
    .default([])
    .describe('SHA-256 digests of slate segments, in hexadecimal digits.'),
})

export type SlateOptions = z.output<typeof slateOptions>

/** Tells whether a slate is on air, as far as it was described. */
export class Slate {
  readonly #uri: string | undefined
  readonly #hashes: ReadonlySet<string>
  #byHash: boolean | undefined
  #byUri: boolean | undefined

  constructor({ uri, sha256 }: SlateOptions) {
    this.#uri = uri
    this.#hashes = new Set(sha256.map((hash) => hash.toLowerCase()))
  }

  /** Whether the newest media is a slate; `undefined` before any was seen. */
  get isOnAir(): boolean | undefined {
    if (this.#byUri === undefined) return this.#byHash
    return this.#byUri || this.#byHash === true
  }

  /** Takes what a look brought. */
  follow(renditions: readonly Rendition[], segments: readonly SegmentLook[]): void {
    const uri = this.#uri
    if (uri !== undefined) {
      const newest = renditions.flatMap(({ present, playlist, spec }) => {
        const segment = playlist && newestSegment(playlist)
        return present && segment && spec.kind === 'variant' ? [segment] : []
      })
      if (newest.length > 0) this.#byUri = newest.every((segment) => segment.uri.includes(uri))
    }
    const hashed = segments.filter(({ rendition }) => rendition.spec.kind === 'variant')
    const last = hashed.findLast(({ hash }) => hash !== undefined)?.hash
    if (last !== undefined) this.#byHash = this.#hashes.has(last)
  }
}
