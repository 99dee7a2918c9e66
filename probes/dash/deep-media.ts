import { initOf, type MediaSegment } from '../../src/formats/mpd/live-edge.ts'
import { type Piece, pieceOfSegment } from '../../src/plugin/deep/piece.ts'
import type { DeepOffer, DeepSegment } from '../../src/plugin/deep/segment-watch.ts'
import { faultOf } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import type { Rendition } from './rendition.ts'

const maxInitBytes = 4 * 2 ** 20
/** A segment of the smallest representation is far below; many wait in memory for their turn. */
const maxDeepBytes = 16 * 2 ** 20

/** The newest segments that a deep look may take; `wall` is the stream's clock. */
export function deepOffer(
  renditions: readonly Rendition[],
  wall: number,
  fetcher: Fetcher,
  maxBytes: number,
): DeepOffer {
  const cheapestFirst = (kind: 'video' | 'audio') =>
    renditions
      .filter(({ place, isLive }) => isLive && place?.representation.kind === kind)
      .toSorted((a, b) => bandwidthOf(a) - bandwidthOf(b))
      .flatMap((rendition) => segmentOf(rendition, wall, fetcher, maxBytes) ?? [])
  const audio = cheapestFirst('audio')
  const video = cheapestFirst('video')
  return { variants: video.length > 0 ? video : audio, audio: audio[0] }
}

function bandwidthOf({ place }: Rendition): number {
  return place?.representation.bandwidth ?? 0
}

function segmentOf(
  rendition: Rendition,
  wall: number,
  fetcher: Fetcher,
  maxBytes: number,
): DeepSegment | undefined {
  const { key, name, place } = rendition
  // Where the clock alone says what exists, what has answered is the newest.
  const segment = rendition.isByClock ? rendition.newest : rendition.candidate(wall)
  if (segment?.url === undefined || place === undefined) return undefined
  return {
    key,
    rendition: name,
    name: `${segment.url} ${segment.range ?? ''}`,
    sequence: segment.index,
    line: place.period.start,
    duration: segment.duration,
    fetch: (deadlineAt) => mediaOf(fetcher, rendition, segment, { deadlineAt, maxBytes }),
  }
}

async function mediaOf(
  fetcher: Fetcher,
  { place }: Rendition,
  { url, range }: MediaSegment,
  { deadlineAt, maxBytes }: { readonly deadlineAt: number; readonly maxBytes: number },
): Promise<Piece> {
  if (place?.representation.keyId !== undefined) {
    return { ok: false, why: 'its segments are encrypted' }
  }
  const part = async (from: string, bytes: string | undefined, most: number) => {
    const answer = await fetcher.request(from, deadlineAt, { maxBytes: most, range: bytes })
    const isWhole = faultOf(answer) === undefined && answer.ok && !answer.truncated
    return isWhole ? answer.body : undefined
  }
  const start = place && initOf(place.representation)
  const [init, body] = await Promise.all([
    start === undefined ? Buffer.alloc(0) : part(start.url, start.range, maxInitBytes),
    url === undefined ? undefined : part(url, range, Math.min(maxBytes, maxDeepBytes)),
  ])
  if (init === undefined || body === undefined) {
    return { ok: false, why: 'a segment of it did not come whole' }
  }
  return pieceOfSegment(init, body)
}
