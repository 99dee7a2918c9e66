import { type Segment, resolveUri } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import { readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import type { DecodeRequest } from '../../src/plugin/deep/decode.ts'
import { faultOf } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import { rangeHeader } from './range.ts'
import type { Rendition } from './rendition.ts'
import { SegmentScan } from './segment-scan.ts'

const maxInitBytes = 2 ** 20
/** A segment of the smallest variant is far below; many wait in memory for their turn to be decoded. */
const maxDeepBytes = 16 * 2 ** 20

/** A segment that can be decoded by itself. */
export type DeepMedia = DecodeRequest

type DeepFetch =
  | { readonly ok: true; readonly media: DeepMedia }
  | { readonly ok: false; readonly says: string }

/** The newest segment of a rendition, where it has one. */
export function lastSegmentOf({ playlist }: Rendition): Segment | undefined {
  return playlist && newestSegment(playlist)
}

/** Fetches a segment with its initialisation section; never throws for what a peer does. */
export async function mediaOf(
  fetcher: Fetcher,
  rendition: Rendition,
  segment: Segment,
  { deadlineAt, maxBytes }: { readonly deadlineAt: number; readonly maxBytes: number },
): Promise<DeepFetch> {
  const { fetched, spec } = rendition
  const refuse = (why: string): DeepFetch => ({
    ok: false,
    says: `Picture and sound of ${spec.name} are not looked at: ${why}.`,
  })
  if (segment.keys.length > 0) return refuse('its segments are encrypted')
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
  if (init === undefined || body === undefined) return refuse('a segment of it did not come whole')
  const tracks = init.length === 0 ? undefined : readFmp4(init).init
  const scan = new SegmentScan({ kind: 'media', isCiphertext: false, init: tracks })
  scan.push(body)
  const { ts, fmp4 } = scan.finish()
  const media = Buffer.concat([init, body])
  if (ts !== undefined) {
    const has = (kind: string) => ts.pids.some((pid) => pid.kind === kind && pid.pts !== undefined)
    const kinds = { hasPicture: has('video'), hasSound: has('audio') }
    return { ok: true, media: { media, container: 'mpegts', ...kinds } }
  }
  const all = (tracks ?? fmp4?.init)?.tracks
  if (fmp4 === undefined || all === undefined) {
    return refuse('its segments are neither MPEG-TS nor fMP4')
  }
  if (all.some(({ encrypted }) => encrypted)) return refuse('its segments are encrypted')
  const has = (kind: string) => all.some((track) => track.kind === kind)
  const kinds = { hasPicture: has('video'), hasSound: has('audio') }
  return { ok: true, media: { media, container: 'mp4', ...kinds } }
}
