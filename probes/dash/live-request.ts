import { type MediaSegment, segmentAt } from '../../src/formats/mpd/live-edge.ts'
import { type Fault, faultOf, wrongContent } from '../../src/plugin/http-fault.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Fetcher } from './fetch.ts'
import type { Rendition } from './rendition.ts'
import type { StreamClock } from './stream-clock.ts'

/** Fewer bytes than any segment has: a server that knows no HEAD is asked for these. */
const firstByte = '0-0'
const maxBytes = 65_536

/** Whether segments are there that only the clock says exist: asked for by HEAD. */
export class LiveRequests {
  readonly #fetcher: Fetcher
  readonly #clock: Clock
  readonly #stream: StreamClock
  /** The server refuses HEAD. */
  #withoutHead = false

  constructor(fetcher: Fetcher, clock: Clock, stream: StreamClock) {
    this.#fetcher = fetcher
    this.#clock = clock
    this.#stream = stream
  }

  /**
   * Asks for the newest segment that should be whole, and for the one before where that one is
   * late. Gives the fault where not even the last one known can be had any more, which tells a
   * server that lost its segments from an encoder that makes none.
   */
  async ask(rendition: Rendition, deadlineAt: number): Promise<Fault | undefined> {
    const { place, newest: known } = rendition
    const newest = rendition.candidate(this.#stream.wall())
    if (place === undefined || newest === undefined) return undefined
    if (known !== undefined && newest.start <= known.start) return undefined
    const { mpd, period, representation } = place
    const before = segmentAt(mpd, period, representation, newest.index - 1)
    const fault = await this.#isThere(newest, deadlineAt)
    if (fault === undefined) return this.#saw(rendition, newest)
    if (fault.status === undefined || fault.status >= 500) return fault
    if (before !== undefined && (known === undefined || before.start > known.start)) {
      const alsoFault = await this.#isThere(before, deadlineAt)
      if (alsoFault === undefined) return this.#saw(rendition, before)
    }
    return known === undefined ? fault : await this.#isThere(known, deadlineAt)
  }

  #saw(rendition: Rendition, segment: MediaSegment): undefined {
    rendition.saw(segment, this.#clock.now(), this.#stream.wall())
  }

  async #isThere({ url, range }: MediaSegment, deadlineAt: number): Promise<Fault | undefined> {
    if (url === undefined) return wrongContent('has a URL that is neither http nor https')
    if (!this.#withoutHead) {
      const answer = await this.#fetcher.request(url, deadlineAt, {
        method: 'HEAD',
        maxBytes,
        range,
      })
      if (!answer.ok || (answer.status !== 405 && answer.status !== 501)) return faultOf(answer)
      this.#withoutHead = true
    }
    return faultOf(
      await this.#fetcher.request(url, deadlineAt, {
        maxBytes,
        discardBody: true,
        range: range?.replace(/^(\d+)-.*$/u, '$1-$1') ?? firstByte,
      }),
    )
  }
}
