import type { ByteRange } from '../../formats/m3u8/model.ts'
import { resolveUri } from '../../formats/m3u8/model.ts'
import { parsePlaylist } from '../../formats/m3u8/parse.ts'
import { liveWindow, segmentAt } from '../../formats/mpd/live-edge.ts'
import type { Mpd, Period, Representation } from '../../formats/mpd/model.ts'
import { parseMpd } from '../../formats/mpd/parse.ts'

/** One segment that a viewer asks for. */
export interface Pulled {
  readonly url: string
  /** Bytes `first-last`, where it is part of a resource. */
  readonly range?: string
  /** How long it plays: in less time than that it must come. */
  readonly seconds: number
}

/** What a viewer does with a manifest: pull what is new, or look elsewhere. `undefined`: it is no manifest. */
export type Fed = { readonly segments: readonly Pulled[] } | { readonly goTo: string } | undefined

/** What one viewer wants of manifests, one after the other. */
export interface ViewerFeed {
  /** Reads the newest manifest, which came from `url` (absolute) at `wall` milliseconds. */
  read(body: Buffer, url: string, wall: number): Fed
}

/** The feed of a viewer of a path of this type; only what is pulled in segments has one. */
export function feedOf(type: string): ViewerFeed | undefined {
  if (type === 'hls') return new HlsFeed()
  return type === 'dash' ? new DashFeed() : undefined
}

/** The variant with the most bits, from its newest segment on. */
class HlsFeed implements ViewerFeed {
  #next: number | undefined

  read(body: Buffer, url: string): Fed {
    const playlist = parsePlaylist(body)
    if (playlist.kind === 'multivariant') {
      const [best] = playlist.variants.toSorted((a, b) => (b.bandwidth ?? 0) - (a.bandwidth ?? 0))
      const goTo = best && resolveUri(best.uri, url)
      return goTo === undefined ? undefined : { goTo }
    }
    if (playlist.kind !== 'media') return undefined
    const newest = playlist.segments.at(-1)?.sequence ?? 0
    // An encoder that began anew counts from 0 again.
    const isOngoing = this.#next !== undefined && this.#next <= newest + 1
    const from = isOngoing ? (this.#next ?? newest) : newest
    const fresh = playlist.segments.filter(({ sequence }) => sequence >= from)
    this.#next = newest + 1
    return {
      segments: fresh.flatMap(({ byteRange, duration, gap, uri }): Pulled[] => {
        const at = resolveUri(uri, url)
        if (at === undefined || gap) return []
        const range = byteRange && rangeOf(byteRange)
        return [{ url: at, seconds: duration, ...(range !== undefined && { range }) }]
      }),
    }
  }
}

function rangeOf({ length, offset }: ByteRange): string {
  return `${offset}-${offset + length - 1}`
}

/** Behind the newest segment by so many: our clock may be a little ahead of the server's. */
const behindSegments = 1

/** The pictures and the sound with the most bits, from the live edge on. */
class DashFeed implements ViewerFeed {
  /** Seconds since availabilityStart up to which a representation was pulled, by key. */
  readonly #until = new Map<string, number>()

  read(body: Buffer, url: string, wall: number): Fed {
    const mpd = parseMpd(body, { url })
    if (mpd.kind !== 'mpd') return undefined
    const periods = mpd.periods.filter((period) => hasBegun(mpd, period, wall))
    const last = periods.at(-1)
    const chosen = ['video', 'audio'].flatMap((kind) => best(last, kind))
    return {
      segments: chosen.flatMap(({ key }) => [...this.#fresh(mpd, periods.slice(-2), key, wall)]),
    }
  }

  /** What came since the last look, over a change of periods too. */
  *#fresh(mpd: Mpd, periods: readonly Period[], key: string, wall: number): Iterable<Pulled> {
    const isFirst = !this.#until.has(key)
    for (const period of isFirst ? periods.slice(-1) : periods) {
      const representation = period.representations.find((each) => each.key === key)
      const window = representation && liveWindow(mpd, period, representation, wall)
      if (representation === undefined || window === undefined) continue
      const newest = window.newest - (mpd.isDynamic ? behindSegments : 0)
      let index = isFirst ? newest : window.oldest
      if (!isFirst) index = Math.max(index, newest - mostAtOnce)
      for (; index <= newest; index += 1) {
        const segment = segmentAt(mpd, period, representation, index)
        if (segment?.url === undefined) continue
        if (segment.start < (this.#until.get(key) ?? -Infinity)) continue
        // Starts are sums of fractions: half a segment tells two of them apart.
        this.#until.set(key, segment.start + segment.duration / 2)
        const { duration: seconds, range, url } = segment
        yield { url, seconds, ...(range !== undefined && { range }) }
      }
    }
  }
}

/** A viewer that fell behind jumps ahead, as players do. */
const mostAtOnce = 5

function hasBegun({ availabilityStart, isDynamic }: Mpd, { start }: Period, wall: number): boolean {
  return !isDynamic || availabilityStart === undefined || availabilityStart + start * 1_000 <= wall
}

function best(period: Period | undefined, kind: string): readonly Representation[] {
  const own = period?.representations.filter((each) => each.kind === kind) ?? []
  return own.toSorted((a, b) => (b.bandwidth ?? 0) - (a.bandwidth ?? 0)).slice(0, 1)
}
