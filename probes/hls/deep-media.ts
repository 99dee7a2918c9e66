import { type Segment, resolveUri } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import { type Piece, pieceOfSegment } from '../../src/plugin/deep/piece.ts'
import type { DeepOffer, DeepSegment } from '../../src/plugin/deep/segment-watch.ts'
import { faultOf } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import { rangeHeader } from './range.ts'
import type { Rendition } from './rendition.ts'

const maxInitBytes = 2 ** 20
/** A segment of the smallest variant is far below; many wait in memory for their turn to be decoded. */
const maxDeepBytes = 16 * 2 ** 20

/** The newest segments that a deep look may take. */
export function deepOffer(
  renditions: readonly Rendition[],
  fetcher: Fetcher,
  maxBytes: number,
): DeepOffer {
  const offer = (rendition: Rendition) => segmentOf(rendition, fetcher, maxBytes)
  const audio = renditions.find(({ spec, present }) => spec.kind === 'audio' && present)
  return {
    variants: renditions
      .filter(({ spec, present, isLive }) => spec.kind === 'variant' && present && isLive)
      .toSorted((a, b) => (a.spec.advertised ?? 0) - (b.spec.advertised ?? 0))
      .flatMap((rendition) => offer(rendition) ?? []),
    audio: audio && offer(audio),
  }
}

function segmentOf(
  rendition: Rendition,
  fetcher: Fetcher,
  maxBytes: number,
): DeepSegment | undefined {
  const { playlist, spec } = rendition
  const segment = playlist && newestSegment(playlist)
  if (segment === undefined) return undefined
  const { sequence, uri, byteRange, discontinuitySequence, duration } = segment
  return {
    key: spec.key,
    rendition: spec.name,
    name: `${sequence} ${uri} ${byteRange?.offset ?? ''}`,
    sequence,
    line: discontinuitySequence,
    duration,
    fetch: (deadlineAt) => mediaOf(fetcher, rendition, segment, { deadlineAt, maxBytes }),
  }
}

/** Fetches a segment with its initialisation section; never throws for what a peer does. */
async function mediaOf(
  fetcher: Fetcher,
  { fetched }: Rendition,
  segment: Segment,
  { deadlineAt, maxBytes }: { readonly deadlineAt: number; readonly maxBytes: number },
): Promise<Piece> {
  if (segment.keys.length > 0) return { ok: false, why: 'its segments are encrypted' }
  const part = async ({ uri, byteRange }: Pick<Segment, 'uri' | 'byteRange'>, most: number) => {
    const url = fetched && resolveUri(uri, fetched.url)
    if (url === undefined) return undefined
    const answer = await fetcher.request(url, deadlineAt, {
      maxBytes: most,
      ...(byteRange !== undefined && { range: rangeHeader(byteRange) }),
    })
    const isWhole = faultOf(answer) === undefined && answer.ok && !answer.truncated
    return isWhole ? answer.body : undefined
  }
  const [init, body] = await Promise.all([
    segment.map === undefined ? Buffer.alloc(0) : part(segment.map, maxInitBytes),
    part(segment, Math.min(maxBytes, maxDeepBytes)),
  ])
  if (init === undefined || body === undefined) {
    return { ok: false, why: 'a segment of it did not come whole' }
  }
  return pieceOfSegment(init, body)
}
