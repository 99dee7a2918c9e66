import type { Finding, Measurements, Observation } from '../../core/sample.ts'
import type { ProbeContext, Purpose } from '../probe.ts'
import type { WatchedPull } from '../watch-live.ts'
import type { DecodeRequest } from './decode.ts'
import { DeepJudge } from './judge.ts'
import type { DeepOptions } from './options.ts'
import { pieceOfTransportStream } from './piece.ts'

/** A piece of this length holds a key frame of most streams; it grows where one holds none. */
const shortestMs = 4_000
const longestMs = 16_000
/** Nothing more is kept of a piece; the rest of its time is passed over. */
const mostBytes = 16 * 2 ** 20
/** Decoding a piece ends within this time. */
const decodeMs = 20_000

/** Makes what can be decoded of what arrived in a while, or says why that cannot be. */
export type Cut = (
  bytes: Buffer,
) => readonly DecodeRequest[] | { readonly ok: false; readonly why: string }

/**
 * The deep tier of streams without end: now and then, and one piece after the other once something
 * may be wrong, what arrives is kept for some seconds, decoded and judged. It costs no further connection.
 */
export class StreamDeepWatch {
  readonly #context: ProbeContext
  readonly #judge: DeepJudge
  readonly #cut: Cut
  #piece: { readonly from: number; readonly chunks: Buffer[]; bytes: number } | undefined
  #pieceMs = shortestMs
  #isSuspicious = false
  #running: Promise<void> | undefined

  constructor(options: DeepOptions, context: ProbeContext, cut: Cut) {
    this.#context = context
    this.#judge = new DeepJudge(options, context)
    this.#cut = cut
  }

  /** Whether what arrives now would be taken. */
  get isTaking(): boolean {
    if (this.#running !== undefined) return false
    return this.#piece !== undefined || this.#judge.isDue(this.#isSuspicious)
  }

  /** What arrives now; begins and ends pieces. */
  push(bytes: Buffer): void {
    if (!this.isTaking) return
    const now = this.#context.clock.now()
    if (this.#piece === undefined) {
      this.#judge.begin()
      this.#piece = { from: now, chunks: [], bytes: 0 }
    }
    const piece = this.#piece
    if (piece.bytes + bytes.length <= mostBytes) {
      // The bytes may belong to a buffer that its owner uses again.
      piece.chunks.push(Buffer.from(bytes))
      piece.bytes += bytes.length
    }
    if (now - piece.from < this.#pieceMs) return
    this.#piece = undefined
    this.#running = this.#look(Buffer.concat(piece.chunks), piece.from, now).finally(() => {
      this.#running = undefined
    })
  }

  /** A new connection begins: a piece never has bytes of two. */
  restart(): void {
    this.#piece = undefined
  }

  /** Whether something may be wrong, as the scheduler sees it at this look. */
  suspect(purpose: Purpose | undefined): void {
    this.#isSuspicious = purpose === 'suspicion' || purpose === 'precheck' || purpose === 'verify'
  }

  /** What is known by now; absent where nothing was judged lately. */
  get measurements(): Measurements {
    return this.#judge.present()
  }

  /** Why nothing could be judged the last time. */
  get findings(): readonly Finding[] {
    return this.#judge.findings
  }

  async #look(bytes: Buffer, fromMs: number, toMs: number): Promise<void> {
    const requests = this.#cut(bytes)
    if ('ok' in requests) {
      this.#judge.missed(`Picture and sound are not looked at: ${requests.why}.`)
      return this.#judge.finish()
    }
    const onAir = { from: fromMs / 1_000, to: toMs / 1_000 }
    const deadlineAt = this.#context.clock.now() + decodeMs
    let lacks = false
    for (const request of requests) {
      const seen = await this.#judge.judge(request, () => onAir, deadlineAt)
      lacks ||= request.hasPicture && !seen.picture
    }
    const isShort = lacks && this.#pieceMs < longestMs
    if (isShort) this.#pieceMs *= 2
    this.#judge.finish(isShort)
  }
}

/** The deep tier of a transport stream; `undefined` where nobody wants it. */
export function transportStreamDeepWatch(
  options: DeepOptions | undefined,
  context: ProbeContext,
): StreamDeepWatch | undefined {
  if (options === undefined) return undefined
  return new StreamDeepWatch(options, context, (bytes) => {
    const piece = pieceOfTransportStream(bytes)
    return piece.ok ? [piece.media] : piece
  })
}

/** Adds what deep looks show to the observations of a pull. */
export function withDeepLooks(
  watched: WatchedPull,
  deep: StreamDeepWatch | undefined,
): WatchedPull {
  if (deep === undefined) return watched
  const { pull } = watched
  deep.restart()
  return {
    pull,
    observe: (purpose) => {
      deep.suspect(purpose)
      return withDeep(watched.observe(purpose), deep)
    },
  }
}

/** An observation with what deep looks know. */
export function withDeep(
  observation: Observation,
  deep: Pick<StreamDeepWatch, 'measurements' | 'findings'> | undefined,
): Observation {
  if (deep === undefined) return observation
  return {
    ...observation,
    measurements: { ...observation.measurements, ...deep.measurements },
    findings: [...observation.findings, ...deep.findings],
  }
}
