import type { Clock } from '../core/clock.ts'
import type { Diagnosis } from '../core/diagnosis.ts'

/** Why a pull is over. */
export interface PullEnd {
  /** `unknown` where the fault is our own. */
  readonly outcome: 'fail' | 'unknown'
  /** One sentence without secrets. */
  readonly reason: string
  readonly diagnosis?: Diagnosis
}

interface LivePullOptions {
  readonly clock: Clock
  /** Media must come within so many milliseconds of the beginning. */
  readonly firstMs: number
  /** No media for so many milliseconds is a stall, and ends the pull. */
  readonly stallMs: number
  /** What to say where no media came in time. */
  readonly late: () => PullEnd
  /** What to say of a stall. */
  readonly stalled: () => PullEnd
  /** Lets go of connection, socket or process; called once, whatever ended the pull. */
  readonly release: () => void
}

/**
 * The life of one pull of a stream that has no end: it begins, media flows, it is over. Both of its
 * timers are here, so that whatever a peer does, a look at it ends in time.
 */
export class LivePull {
  /** When it began, in monotonic milliseconds. */
  readonly startedAt: number
  /** Resolves when media flows or the pull is over. */
  readonly settled: Promise<void>
  readonly #options: LivePullOptions
  readonly #over = new AbortController()
  #settle: () => void = () => {}
  #onEnd: (() => void) | undefined
  #firstAt: number | undefined
  #mediaAt = 0
  #end: PullEnd | undefined

  constructor(options: LivePullOptions) {
    this.#options = options
    this.startedAt = options.clock.now()
    this.settled = new Promise((resolve) => (this.#settle = resolve))
    void this.#watch()
  }

  /** Why it is over; `undefined` while it is not. */
  get ended(): PullEnd | undefined {
    return this.#end
  }

  /** When media came first and last; `undefined` before that. */
  get media(): { readonly firstAt: number; readonly lastAt: number } | undefined {
    return this.#firstAt === undefined
      ? undefined
      : { firstAt: this.#firstAt, lastAt: this.#mediaAt }
  }

  /** Media came now. */
  sawMedia(): void {
    this.#mediaAt = this.#options.clock.now()
    if (this.#firstAt !== undefined) return
    this.#firstAt = this.#mediaAt
    this.#settle()
  }

  /** It is over; the first reason counts. */
  end(end: PullEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#over.abort()
    this.#options.release()
    this.#settle()
    this.#onEnd?.()
  }

  /** Says whom to tell when it is over; replaces the one before. */
  onEnd(tell: () => void): void {
    this.#onEnd = tell
    if (this.#end !== undefined) tell()
  }

  async #watch(): Promise<void> {
    const { clock, firstMs, stallMs, late, stalled } = this.#options
    const { signal } = this.#over
    await Promise.race([clock.sleep(firstMs, signal), this.settled])
    if (this.#firstAt === undefined) return this.end(late())
    for (;;) {
      const left = this.#mediaAt + stallMs - clock.now()
      if (left <= 0) return this.end(stalled())
      if (!(await clock.sleep(left, signal))) return
    }
  }
}
