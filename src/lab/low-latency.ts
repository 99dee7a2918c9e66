import { renditionNames, type RenditionName } from './clip.ts'
import {
  isAvailable,
  newestSequence,
  PART_SECONDS,
  partEnd,
  partsEach,
  partsOfNext,
  type Programme,
} from './stream.ts'
import type { Wanted } from './wanted.ts'

/** Parts are listed of so many whole segments at the live edge (rfc8216bis 4.4.4.9: at least three target durations). */
const SEGMENTS_WITH_PARTS = 3
/** Older segments may be skipped in a delta update (rfc8216bis 4.4.3.8: at least six target durations). */
const SKIP_UNTIL_TARGETS = 6
/** Players of this stream stay five parts behind its live edge. */
const HOLD_BACK_PARTS = 5

/**
 * The live media playlist of a low-latency stream (rfc8216bis) at wall time `at`; with `_HLS_skip`
 * in `query`, a delta update of it.
 */
export function lowLatencyPlaylist(
  programme: Programme,
  rendition: RenditionName,
  at: number,
  query = '',
): string {
  const { segmentSeconds, window } = programme
  const newest = newestSequence(programme, at)
  const first = newest - window + 1
  const parts = partsOfNext(programme, at)
  const skips = new URLSearchParams(query).has('_HLS_skip')
  const skipped = skips ? Math.max(0, window - SKIP_UNTIL_TARGETS) : 0
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${segmentSeconds}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${HOLD_BACK_PARTS * PART_SECONDS},` +
      `CAN-SKIP-UNTIL=${SKIP_UNTIL_TARGETS * segmentSeconds}`,
    `#EXT-X-PART-INF:PART-TARGET=${PART_SECONDS}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
  ]
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  for (let sequence = first + skipped; sequence <= newest + 1; sequence += 1) {
    const begins = new Date(sequence * segmentSeconds * 1_000).toISOString()
    const isWhole = sequence <= newest
    const listed = isWhole ? partsEach(programme) : parts
    if (isWhole || parts > 0) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${begins}`)
    if (sequence > newest - SEGMENTS_WITH_PARTS) {
      for (let part = 0; part < listed; part += 1) lines.push(partTag(rendition, sequence, part))
    }
    if (isWhole) lines.push(`#EXTINF:${segmentSeconds}.000,`, `${rendition}/${sequence}.ts`)
  }
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${partUri(rendition, newest + 1, parts)}"`)
  const [lastSequence, lastPart] =
    parts > 0 ? [newest + 1, parts - 1] : [newest, partsEach(programme) - 1]
  for (const other of renditionNames.filter((name) => name !== rendition)) {
    lines.push(
      `#EXT-X-RENDITION-REPORT:URI="${other}.m3u8",LAST-MSN=${lastSequence},LAST-PART=${lastPart}`,
    )
  }
  return `${lines.join('\n')}\n`
}

/**
 * Until when a request has to wait (rfc8216bis 6.2.5.2), as wall time in milliseconds: for the
 * segment or part that `query` names, or for a part that is hinted at. Not after `at` where it need
 * not; `never` where it asks for more than two segments ahead.
 */
export function heldUntil(
  programme: Programme,
  wanted: Wanted,
  query: string,
  at: number,
): number | 'never' {
  const parameters = new URLSearchParams(query)
  const last = partsEach(programme) - 1
  if (wanted.kind === 'segment' && wanted.part !== undefined) {
    return within(programme, wanted.sequence, wanted.part, at)
  }
  const sequence = parameters.get('_HLS_msn')
  if (wanted.kind !== 'playlist' || sequence === null) return at
  const part = parameters.get('_HLS_part')
  return within(programme, Number(sequence), part === null ? last : Number(part), at)
}

function within(programme: Programme, sequence: number, part: number, at: number) {
  if (!(sequence <= newestSequence(programme, at) + 2 && part >= 0)) return 'never'
  return partEnd(programme, sequence, Math.min(part, partsEach(programme)))
}

/** Whether a segment, or a part of one, can be fetched at wall time `at`. */
export function isThere(
  programme: Programme,
  { sequence, part }: Extract<Wanted, { kind: 'segment' }>,
  at: number,
): boolean {
  if (part === undefined) return isAvailable(programme, sequence, at)
  if (!programme.lowLatency || part >= partsEach(programme)) return false
  if (isAvailable(programme, sequence, at)) return true
  return sequence > newestSequence(programme, at) && partEnd(programme, sequence, part) <= at
}

function partTag(rendition: RenditionName, sequence: number, part: number): string {
  const independent = Math.round(part * PART_SECONDS * 1_000) % 1_000 === 0
  const uri = partUri(rendition, sequence, part)
  return `#EXT-X-PART:DURATION=${PART_SECONDS},URI="${uri}"${independent ? ',INDEPENDENT=YES' : ''}`
}

function partUri(rendition: RenditionName, sequence: number, part: number): string {
  return `${rendition}/${sequence}.${part}.ts`
}
