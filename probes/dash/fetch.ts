import type { Clock } from '../../src/core/clock.ts'
import type { Mpd } from '../../src/formats/mpd/model.ts'
import { parseMpd } from '../../src/formats/mpd/parse.ts'
import { type Fault, faultOf, serverTime, wrongContent } from '../../src/plugin/http-fault.ts'
import { HttpTarget, type HttpTargetOptions } from '../../src/plugin/http-options.ts'
import type { HttpRequest, HttpResult, HttpTimings, Net } from '../../src/plugin/net.ts'

/** Manifests beyond this are cut off and refused. */
const maxManifestBytes = 8 * 2 ** 20

/** A manifest as it was fetched; kept, so that an unchanged one need not be read again. */
export interface Fetched {
  readonly body: Buffer
  readonly url: string
  readonly mpd: Mpd
}

export interface ManifestResult {
  /** Monotonic and wall milliseconds at which the answer was complete. */
  readonly at: number
  readonly wall: number
  readonly bytes: number
  readonly timings: HttpTimings
  readonly certificateDays: number | undefined
  readonly fault: Fault | undefined
  readonly fetched: Fetched | undefined
  /** The body equals the one before. */
  readonly same: boolean
  /** Wall milliseconds of the server's Date header, where no cache stood between. */
  readonly serverTime: number | undefined
}

/** What a request for a segment or a clock may say. */
interface RequestOptions extends Pick<
  HttpRequest,
  'method' | 'maxBytes' | 'onChunk' | 'discardBody'
> {
  /** Bytes `first-last`. */
  readonly range?: string | undefined
}

/** Makes the requests of one session; nothing here throws for what a peer does. */
export class Fetcher {
  readonly #net: Net
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #target: HttpTarget
  /** Every request opens a connection of its own: what an idle one leads to may be what a name meant before. */
  fresh = false

  constructor(net: Net, clock: Clock, signal: AbortSignal, options: HttpTargetOptions) {
    this.#net = net
    this.#clock = clock
    this.#signal = signal
    this.#target = new HttpTarget(options)
  }

  /** Fetches and reads the manifest; `previous` saves reading it again when nothing changed. */
  async manifest(
    url: string,
    deadlineAt: number,
    previous: Fetched | undefined,
  ): Promise<ManifestResult> {
    const answer = await this.request(url, deadlineAt, { maxBytes: maxManifestBytes })
    const base = {
      at: this.#clock.now(),
      wall: this.#clock.wall(),
      bytes: answer.bytes,
      timings: answer.timings,
      same: false,
      certificateDays: answer.ok ? answer.certificateDays : undefined,
      serverTime: answer.ok ? serverTime(answer.headers) : undefined,
    }
    const fault = faultOf(answer)
    if (fault !== undefined || !answer.ok) return { ...base, fault, fetched: undefined }
    if (answer.truncated) {
      const says = `is larger than ${maxManifestBytes / 2 ** 20} MiB`
      return { ...base, fault: wrongContent(says), fetched: undefined }
    }
    if (previous?.url === answer.url && previous.body.equals(answer.body)) {
      return { ...base, same: true, fault: undefined, fetched: previous }
    }
    const mpd = parseMpd(answer.body, { url: answer.url })
    if (mpd.kind !== 'mpd') return { ...base, fault: wrongContent(mpd.says), fetched: undefined }
    const fetched = { body: answer.body, url: answer.url, mpd }
    return { ...base, fault: undefined, fetched }
  }

  /** One request that ends at `deadlineAt` (monotonic milliseconds). */
  request(url: string, deadlineAt: number, more: RequestOptions): Promise<HttpResult> {
    const { range, ...rest } = more
    const aimed = this.#target.aim(url, this.#clock.wall())
    return this.#net.http({
      ...aimed,
      ...(range !== undefined && { headers: { ...aimed.headers, range: `bytes=${range}` } }),
      deadlineMs: Math.max(1, deadlineAt - this.#clock.now()),
      signal: this.#signal,
      ...(this.fresh && { fresh: true }),
      ...rest,
    })
  }
}
