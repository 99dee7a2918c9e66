import type { Clock } from '../../core/clock.ts'
import type { LoadCeiling } from '../../core/drill-plan.ts'
import type { LoadResult } from '../../core/drill-report.ts'
import type { Net } from '../../plugin/net.ts'
import type { Fed, Pulled, ViewerFeed } from './viewer-feed.ts'

/** What virtual viewers need. */
export interface VirtualViewersOptions {
  readonly clock: Clock
  readonly net: Pick<Net, 'http'>
  readonly path: string
  /** The manifest that they begin with. */
  readonly url: string
  /** What each of them reads manifests with. */
  readonly feed: () => ViewerFeed
  readonly ceiling: LoadCeiling
}

const deadlineMs = 10_000
const mostManifestBytes = 4 * 2 ** 20
const mostSegmentBytes = 64 * 2 ** 20
/** A first guess of what a segment weighs, before one was seen. Until then one is asked for at a time. */
const guessedBits = 8 * 2 ** 20
const pollMs = 1_000
const leastWaitMs = 50
/** From this part of their time on that viewers wait for the ceiling, it is what limits them. */
const heldBackRatio = 0.05

/**
 * So many viewers pull a path as players do: manifest, then each new segment, as fast as it plays. All
 * of them together stay below the ceiling: a segment is asked for only when its bits fit into what the
 * time so far allows, reckoned with the size of those before, and settled when it has come.
 */
export class VirtualViewers {
  readonly #options: VirtualViewersOptions
  readonly #beganAt: number
  #bits = 0
  #reserved = 0
  #underWay = 0
  /** Bits of the heavier ones of the last segments. */
  #weight: number | undefined
  #segments = 0
  #late = 0
  #failures = 0
  #waitedMs = 0

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
    const isHeldBack = this.#waitedMs > heldBackRatio * seconds * 1_000 * ceiling.viewers
    return {
      path,
      viewers: ceiling.viewers,
      ceilingBitsPerSecond: ceiling.bitsPerSecond,
      bitsPerSecond: Math.round(this.#bits / seconds),
      segments: this.#segments,
      failures: this.#failures,
      lateRatio: this.#segments === 0 ? 0 : this.#late / this.#segments,
      limitedBy: isSlow ? 'path' : isHeldBack ? 'ceiling' : 'viewers',
    }
  }

  async #view(index: number, signal: AbortSignal): Promise<void> {
    const { clock, ceiling, feed, url } = this.#options
    // Spread over a moment, so that they do not all ask at once.
    await clock.sleep((index * pollMs) / ceiling.viewers, signal)
    const reader = feed()
    let manifest = url
    while (!signal.aborted) {
      const fed = await this.#look(reader, manifest, signal)
      if (fed !== undefined && 'goTo' in fed && fed.goTo !== manifest) {
        manifest = fed.goTo
        continue
      }
      const segments = fed !== undefined && 'segments' in fed ? fed.segments : []
      for (const segment of segments) {
        const reserved = await this.#mayPull(signal)
        if (reserved === undefined) return
        await this.#pull(segment, reserved, signal)
      }
      // Whoever fell behind looks again at once: else the wait would count as what the path cannot carry.
      if (segments.length === 0) await clock.sleep(pollMs, signal)
    }
  }

  async #look(reader: ViewerFeed, url: string, signal: AbortSignal): Promise<Fed> {
    const { clock, net } = this.#options
    const answer = await net.http({ url, deadlineMs, maxBytes: mostManifestBytes, signal })
    this.#bits += answer.bytes * 8
    if (signal.aborted) return undefined
    const isThere = answer.ok && answer.status === 200
    const fed = isThere ? reader.read(answer.body, answer.url, clock.wall()) : undefined
    if (fed === undefined) this.#failures += 1
    return fed
  }

  /** Waits until one segment more stays below the ceiling; the bits that are set aside for it, `undefined` where it ended first. */
  async #mayPull(signal: AbortSignal): Promise<number | undefined> {
    const { ceiling, clock } = this.#options
    for (;;) {
      const bits = this.#weight ?? guessedBits
      const allowed = ((clock.now() - this.#beganAt) / 1_000) * ceiling.bitsPerSecond
      const missing = this.#bits + this.#reserved + bits - allowed
      const isBlind = this.#weight === undefined && this.#underWay > 0
      if (signal.aborted) return undefined
      if (missing <= 0 && !isBlind) {
        this.#reserved += bits
        this.#underWay += 1
        return bits
      }
      const waitMs = Math.min(
        pollMs,
        Math.max(leastWaitMs, (missing / ceiling.bitsPerSecond) * 1_000),
      )
      if (!(await clock.sleep(waitMs, signal))) return undefined
      if (missing > 0) this.#waitedMs += waitMs
    }
  }

  async #pull(
    { range, seconds, url }: Pulled,
    reserved: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, net } = this.#options
    const askedAt = clock.now()
    const answer = await net.http({
      url,
      deadlineMs,
      maxBytes: mostSegmentBytes,
      discardBody: true,
      signal,
      ...(range !== undefined && { headers: { range: `bytes=${range}` } }),
    })
    const bits = answer.bytes * 8
    this.#reserved -= reserved
    this.#underWay -= 1
    this.#bits += bits
    if (signal.aborted) return
    if (!answer.ok || answer.status >= 300) {
      this.#failures += 1
      return
    }
    this.#weight = Math.max(bits, (this.#weight ?? 0) * 0.9)
    this.#segments += 1
    if (clock.now() - askedAt > seconds * 1_000) this.#late += 1
  }
}
