import type { Clock } from '../../src/core/clock.ts'
import type { MediaPlaylist, MultivariantPlaylist } from '../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../src/formats/m3u8/parse.ts'
import { type Fault, faultOf, serverTime, wrongContent } from '../../src/plugin/http-fault.ts'
import { HttpTarget, type HttpTargetOptions } from '../../src/plugin/http-options.ts'
import type { HttpRequest, HttpResult, HttpTimings, Net } from '../../src/plugin/net.ts'
import { cachedCopy, type CachedCopy } from './cached-copy.ts'

/** Playlists beyond this are cut off and refused … */
const maxPlaylistBytes = 8 * 2 ** 20
/** … and all that a session holds share this, so that a long ladder fills neither memory nor the line. */
const maxHeldBytes = 32 * 2 ** 20

/** A playlist as it was fetched; kept, so that an unchanged one need not be read again. */
export interface Fetched {
  readonly body: Buffer
  /** The final URL, redirects followed: relative URIs are relative to it. */
  readonly url: string
  readonly playlist: MediaPlaylist | MultivariantPlaylist
}

export interface PlaylistResult {
  /** Monotonic and wall milliseconds at which the answer was complete. */
  readonly at: number
  readonly wall: number
  readonly timings: HttpTimings
  readonly fault: Fault | undefined
  readonly fetched: Fetched | undefined
  /** The body equals the one before. */
  readonly same: boolean
  /** Wall milliseconds of the server's Date header, where no cache stood between. */
  readonly serverTime: number | undefined
  /** Of the answer, or of a redirect that led nowhere. */
  readonly status: number | undefined
  readonly bytes: number
  readonly certificateDays: number | undefined
  readonly httpVersion: number | undefined
  /** What a cache said of the copy that it answered with. */
  readonly copy: CachedCopy | undefined
}

/** Where a playlist belongs. */
export interface PlaylistPlace {
  /** Variables of the multivariant playlist. */
  readonly imports?: ReadonlyMap<string, string> | undefined
  /** How many playlists the session holds. */
  readonly among?: number
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

  /**
   * Fetches and reads a playlist, one of `among` that are held; `previous` saves reading it again
   * when nothing changed.
   */
  async playlist(
    url: string,
    deadlineAt: number,
    previous: Fetched | undefined,
    { imports, among = 1 }: PlaylistPlace = {},
  ): Promise<PlaylistResult> {
    const maxBytes = Math.min(maxPlaylistBytes, maxHeldBytes / among)
    const answer = await this.request(url, deadlineAt, { maxBytes })
    const base = {
      at: this.#clock.now(),
      wall: this.#clock.wall(),
      timings: answer.timings,
      same: false,
      serverTime: answer.ok ? serverTime(answer.headers) : undefined,
      status: answer.status,
      bytes: answer.bytes,
      certificateDays: answer.ok ? answer.certificateDays : undefined,
      httpVersion: answer.ok ? answer.httpVersion : undefined,
      copy: answer.ok ? cachedCopy(answer.headers) : undefined,
    }
    const fault = faultOf(answer)
    if (fault !== undefined || !answer.ok) return { ...base, fault, fetched: undefined }
    if (answer.truncated) {
      return {
        ...base,
        fault: wrongContent(`is larger than ${maxBytes / 2 ** 20} MiB`),
        fetched: undefined,
      }
    }
    if (previous !== undefined && previous.body.equals(answer.body)) {
      const fetched = previous.url === answer.url ? previous : { ...previous, url: answer.url }
      return { ...base, same: true, fault: undefined, fetched }
    }
    const playlist = parsePlaylist(answer.body, { url: answer.url, ...(imports && { imports }) })
    if (playlist.kind === 'not-a-playlist') {
      const says =
        playlist.looksLike === 'empty'
          ? 'is empty'
          : `is no playlist but looks like ${playlist.looksLike}`
      return { ...base, fault: wrongContent(says), fetched: undefined }
    }
    if (playlist.truncated) {
      const says = `has more than ${playlist.lines - 1} lines`
      return { ...base, fault: wrongContent(says), fetched: undefined }
    }
    const fetched = { body: answer.body, url: answer.url, playlist }
    return { ...base, fault: undefined, fetched }
  }

  /** One GET that ends at `deadlineAt` (monotonic milliseconds). */
  request(
    url: string,
    deadlineAt: number,
    more: Pick<HttpRequest, 'maxBytes' | 'onChunk' | 'discardBody'> & { readonly range?: string },
  ): Promise<HttpResult> {
    const { range, ...rest } = more
    const aimed = this.#target.aim(url, this.#clock.wall())
    return this.#net.http({
      ...aimed,
      ...(range !== undefined && { headers: { ...aimed.headers, range } }),
      deadlineMs: Math.max(1, deadlineAt - this.#clock.now()),
      signal: this.#signal,
      ...(this.fresh && { fresh: true }),
      ...rest,
    })
  }
}
