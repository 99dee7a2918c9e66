import type { Clock } from '../../src/core/clock.ts'
import type { Mpd, UtcTiming } from '../../src/formats/mpd/model.ts'
import { resolveUrl } from '../../src/formats/mpd/urls.ts'
import { readDateTime } from '../../src/formats/mpd/values.ts'
import type { Fetcher, ManifestResult } from './fetch.ts'

const maxTimeBytes = 4_096
/** The time is asked for again after so long, and sooner where nobody knew it. */
const askEveryMs = 60_000
const retryMs = 10_000
/** Time servers tried at each asking. */
const mostServers = 3
/** A time in whole seconds is half a second uncertain: a smaller offset by it is none. */
const coarseMs = 1_000
/** An offset beyond this moves every player away from where it should be. */
const noticeableMs = 500

/** The clock by which segments of the manifest become available. */
export class StreamClock {
  readonly #clock: Clock
  #askedAt: number | undefined
  #byTiming: number | undefined
  #byDate: number | undefined
  /** The time server gave whole seconds. */
  #isCoarse = false
  /** The manifest names time servers and none of those that could be asked answered. */
  isSilent = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Wall milliseconds by the stream's clock. Ours is believed where its own is not known. */
  wall(): number {
    const own = this.#clock.wall()
    if (this.#byTiming !== undefined) return own + this.#byTiming
    const byDate = this.#byDate ?? 0
    return Math.abs(byDate) > coarseMs ? own + byDate : own
  }

  /** Milliseconds that the stream's clock is ahead of ours; absent where nothing tells. */
  get offsetMs(): number | undefined {
    return this.#byTiming ?? this.#byDate
  }

  /** Whether the offset is more than its uncertainty and than players tolerate. */
  get isOff(): boolean {
    const isCoarse = this.#byTiming === undefined || this.#isCoarse
    const limit = isCoarse ? coarseMs : noticeableMs
    return Math.abs(this.offsetMs ?? 0) > limit
  }

  /** Takes what a manifest and its answer say, and asks the time servers it names where it is time to. */
  async follow(fetcher: Fetcher, mpd: Mpd, answer: ManifestResult, deadlineAt: number) {
    if (answer.serverTime !== undefined) this.#byDate = answer.serverTime - answer.wall
    const known = mpd.utcTimings.filter(({ scheme }) => scheme !== 'other')
    if (known.length === 0) {
      this.#byTiming = undefined
      this.isSilent = false
      return
    }
    const now = this.#clock.now()
    const wait = this.#byTiming === undefined ? retryMs : askEveryMs
    if (this.#askedAt !== undefined && now - this.#askedAt < wait) return
    this.#askedAt = now
    for (const timing of known.slice(0, mostServers)) {
      const offset = await this.#ask(fetcher, timing, answer, deadlineAt)
      if (offset === undefined) continue
      this.#byTiming = offset
      this.isSilent = false
      return
    }
    this.isSilent = true
  }

  /** The schemes of ISO/IEC 23009-1, 5.8.4.11. */
  async #ask(
    fetcher: Fetcher,
    { scheme, value }: UtcTiming,
    answer: ManifestResult,
    deadlineAt: number,
  ): Promise<number | undefined> {
    if (scheme === 'direct') {
      // It is the time at which the manifest was made: an old copy says nothing new.
      if (answer.same) return this.#byTiming
      const time = readDateTime(value)
      return time === undefined ? undefined : time - answer.wall
    }
    // Several addresses may stand in one value, separated by spaces.
    const url = resolveUrl(value.trim().split(/\s+/u)[0] ?? '', answer.fetched?.url ?? '')
    if (url === undefined) return undefined
    const isHead = scheme === 'http-head'
    const result = await fetcher.request(url, deadlineAt, {
      maxBytes: maxTimeBytes,
      ...(isHead && { method: 'HEAD' }),
    })
    if (!result.ok || result.status < 200 || result.status > 299) return undefined
    const text = isHead ? undefined : result.body.toString('latin1').trim()
    const date = result.headers['date']
    const time = isHead ? Date.parse(date ?? '') : readDateTime(text)
    if (time === undefined || Number.isNaN(time)) return undefined
    this.#isCoarse = isHead || text?.includes('.') !== true
    // The middle of a second is the best guess. The answer was written between request and first byte.
    const halfWay = (result.timings.firstByte ?? 0) / 2
    return time + (this.#isCoarse ? 500 : 0) + halfWay - this.#clock.wall()
  }
}
