import { z } from 'zod'
import type { Continuity } from '../../core/continuity.ts'
import type { Sample } from '../../core/sample.ts'

/** What describes a stream, as a line holds it: the first of a path in a file has it, and each that changes it. */
export const continuityShape = z.object({
  ladder: z
    .array(
      z.object({
        size: z.string().exactOptional(),
        bitsPerSecond: z.number().exactOptional(),
        codecs: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
  segmentMs: z.number().exactOptional(),
  keys: z.array(z.string()).exactOptional(),
  isSlate: z.boolean().exactOptional(),
})

type Described = z.output<typeof continuityShape>

/** Of each path and vantage, what describes it as it was written or read last. */
export class RecordedContinuity {
  readonly #texts = new Map<string, string>()
  readonly #described = new Map<string, Described>()

  /** What a line must say of a sample; `undefined` where it is as before. */
  news({ continuity, path, vantage }: Sample): Continuity | undefined {
    if (continuity === undefined) return undefined
    const { edgeAgeMs: _age, edgeAt: _edge, mediaSequence: _sequence, ...described } = continuity
    const key = `${vantage} ${path}`
    const text = JSON.stringify(described)
    if (this.#texts.get(key) === text || text === '{}') return undefined
    this.#texts.set(key, text)
    return described
  }

  /** What describes the stream of a line, which may say so itself or leave it as it was. */
  known(path: string, vantage: string, said: Described | undefined): Described | undefined {
    const key = `${vantage} ${path}`
    if (said === undefined) return this.#described.get(key)
    this.#described.set(key, said)
    return said
  }

  /** Lines were lost, or a new file begins: everything is written again. */
  forget(): void {
    this.#texts.clear()
  }
}
