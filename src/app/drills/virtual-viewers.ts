import type { Clock } from '../../core/clock.ts'
import type { LoadCeiling } from '../../core/drill-plan.ts'
import type { LoadResult } from '../../core/drill-report.ts'
import { resolveUri } from '../../formats/m3u8/model.ts'
import { parsePlaylist } from '../../formats/m3u8/parse.ts'
import type { Net } from '../../plugin/net.ts'

/** What virtual viewers need. */
export interface VirtualViewersOptions {
  readonly clock: Clock
  readonly net: Pick<Net, 'http'>
  readonly path: string
  /** The playlist that they begin with. */
  readonly url: string
  readonly ceiling: LoadCeiling
}

const deadlineMs = 10_000
const mostPlaylistBytes = 4 * 2 ** 20
const mostSegmentBytes = 64 * 2 ** 20
/** A first guess of what a segment weighs, before one was seen. */
const guessedBytes = 2 ** 20
const pollMs = 1_000

/**
 * So many viewers pull a path as players do: playlist, then each new segment, as fast as it plays. All
 * of them together stay below the ceiling: a segment is asked for only when its bits fit into what the
 * time so far allows, reckoned with the size of the one before, and settled when it has come.
 */
export class VirtualViewers {
  readonly #options: VirtualViewersOptions
  readonly #beganAt: number
  #bits = 0
  #reserved = 0
  #segments = 0
  #late = 0
  #failures = 0
  #waited = 0

  constructor(options: VirtualViewersOptions) {
    this.#options = options
    this.#beganAt = options.clock.now()
  }

  /** Pulls until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { viewers } = this.#options.ceiling
    await Promise.all(Array.from({ length: viewers }, (_, index) => this.#view(index, signal)))
  }

  /** What came of it so far. */
  result(): LoadResult {
    const { ceiling, clock, path } = this.#options
    const seconds = Math.max(0.001, (clock.now() - this.#beganAt) / 1_000)
    const isSlow = this.#failures > 0 || this.#late * 20 > this.#segments
    return {
      path,
      viewers: ceiling.viewers,
      ceilingBitsPerSecond: ceiling.bitsPerSecond,
      bitsPerSecond: Math.round(this.#bits / seconds),
      segments: this.#segments,
      failures: this.#failures,
      lateRatio: this.#segments === 0 ? 0 : this.#late / this.#segments,
      limitedBy: isSlow ? 'path' : this.#waited > 0 ? 'ceiling' : 'viewers',
    }
  }

  async #view(index: number, signal: AbortSignal): Promise<void> {
    const { clock, ceiling, url } = this.#options
    // Spread over a moment, so that they do not all ask at once.
    await clock.sleep((index * pollMs) / ceiling.viewers, signal)
    let media: string | undefined
    let next: number | undefined
    let weight = guessedBytes * 8
    while (!signal.aborted) {
      const playlist = await this.#playlist(media ?? url, signal)
      if (playlist === undefined) {
        await clock.sleep(pollMs, signal)
        continue
      }
      if (playlist.kind === 'multivariant') {
        const best = playlist.variants.toSorted(
          (a, b) => (b.bandwidth ?? 0) - (a.bandwidth ?? 0),
        )[0]
        media = best && resolveUri(best.uri, playlist.url)
        if (media === undefined) await clock.sleep(pollMs, signal)
        continue
      }
      const from = next ?? playlist.segments.at(-1)?.sequence ?? 0
      for (const segment of playlist.segments.filter(({ sequence }) => sequence >= from)) {
        next = segment.sequence + 1
        const at = resolveUri(segment.uri, playlist.url)
        if (at === undefined || segment.gap || !(await this.#mayPull(weight, signal))) continue
        const bits = await this.#pull(at, segment.duration, weight, signal)
        weight = bits ?? weight
      }
      await clock.sleep(pollMs, signal)
    }
  }

  async #playlist(url: string, signal: AbortSignal) {
    const { net } = this.#options
    const answer = await net.http({ url, deadlineMs, maxBytes: mostPlaylistBytes, signal })
    if (signal.aborted) return undefined
    if (!answer.ok || answer.status !== 200) {
      this.#failures += 1
      return undefined
    }
    this.#bits += answer.bytes * 8
    const parsed = parsePlaylist(answer.body)
    if (parsed.kind === 'media' || parsed.kind === 'multivariant')
      return { ...parsed, url: answer.url }
    this.#failures += 1
    return undefined
  }

  /** Waits until so many bits more stay below the ceiling; false where it ended first. */
  async #mayPull(bits: number, signal: AbortSignal): Promise<boolean> {
    const { ceiling, clock } = this.#options
    for (;;) {
      const allowed = ((clock.now() - this.#beganAt) / 1_000) * ceiling.bitsPerSecond
      const missing = this.#bits + this.#reserved + bits - allowed
      if (missing <= 0) break
      this.#waited += 1
      const waitMs = Math.min(pollMs, Math.max(10, (missing / ceiling.bitsPerSecond) * 1_000))
      if (!(await clock.sleep(waitMs, signal))) return false
    }
    if (signal.aborted) return false
    this.#reserved += bits
    return true
  }

  /** Bits of a segment that came; `undefined` where it did not. */
  async #pull(
    url: string,
    seconds: number,
    reserved: number,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { clock, net } = this.#options
    const askedAt = clock.now()
    const answer = await net.http({
      url,
      deadlineMs,
      maxBytes: mostSegmentBytes,
      discardBody: true,
      signal,
    })
    this.#reserved -= reserved
    this.#bits += answer.bytes * 8
    if (signal.aborted) return undefined
    if (!answer.ok || answer.status >= 300) {
      this.#failures += 1
      return undefined
    }
    this.#segments += 1
    if (clock.now() - askedAt > seconds * 1_000) this.#late += 1
    return answer.bytes * 8
  }
}
