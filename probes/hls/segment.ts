import type { Clock } from '../../src/core/clock.ts'
import { type ByteRange, resolveUri, type Segment } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import type { TsReport } from '../../src/formats/mpegts/report.ts'
import { TsScanner } from '../../src/formats/mpegts/scanner.ts'
import { type Fault, faultOf, wrongContent } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import type { Rendition } from './rendition.ts'

const maxInitBytes = 2 ** 20
const maxKeyBytes = 4_096
/** A download cut off sooner than this says nothing about its speed. */
const leastCutMs = 1_000
/** Bytes of a packet of a transport stream. */
const tsPacket = 188

/** What came of fetching one segment. */
export interface SegmentLook {
  readonly rendition: Rendition
  readonly segment: Segment
  /** Why it counts as missing; `undefined` where it came, at least in part. */
  readonly fault: Fault | undefined
  /** Why its key cannot be had. */
  readonly keyFault: Fault | undefined
  /** Time to the last byte by duration; a lower bound or an estimate where the look's deadline cut it off. */
  readonly downloadRatio: number | undefined
  /** Only of a transport stream. */
  readonly report: TsReport | undefined
  /** Seconds of media missing before it; see `SegmentTrack.gap`. */
  readonly gap: number | undefined
}

type Container = 'ts' | 'other' | 'text' | 'noise'

/**
 * Fetches the newest segment of a rendition, with the initialisation section and key that it needs
 * if they are new, and scans it as it arrives. `undefined` where there is none or the fault is ours.
 */
export async function lookAtNewest(
  fetcher: Fetcher,
  clock: Clock,
  rendition: Rendition,
  deadlineAt: number,
  maxBytes: number,
): Promise<SegmentLook | undefined> {
  const { playlist, fetched } = rendition
  const segment = playlist === undefined ? undefined : newestSegment(playlist)
  if (playlist === undefined || fetched === undefined || segment === undefined) return undefined
  const base = { rendition, segment, downloadRatio: undefined, report: undefined, gap: undefined }
  const url = resolveUri(segment.uri, fetched.url)
  if (url === undefined) {
    const fault = wrongContent('has a URI that is neither http nor https')
    return { ...base, fault, keyFault: undefined }
  }
  const scan = new SegmentScan(segment.keys.length > 0)
  const startedAt = clock.now()
  const [answer, initFault, keyFault] = await Promise.all([
    fetcher.request(url, deadlineAt, {
      maxBytes,
      discardBody: true,
      onChunk: (chunk) => scan.push(chunk),
      ...(segment.byteRange !== undefined && { range: rangeHeader(segment.byteRange) }),
    }),
    companion(
      fetcher,
      rendition,
      fetched.url,
      segment.map?.uri,
      deadlineAt,
      maxInitBytes,
      segment.map?.byteRange,
    ),
    companion(fetcher, rendition, fetched.url, plainKey(segment), deadlineAt, maxKeyBytes),
  ])
  const elapsedMs = clock.now() - startedAt
  const cut = !answer.ok && answer.fault === 'timeout' && answer.bytes > 0
  const fault = cut ? undefined : (faultOf(answer) ?? scan.fault() ?? initFault)
  if (fault?.local) return undefined
  if (fault !== undefined) return { ...base, fault, keyFault }
  if (cut || !answer.ok) {
    return {
      ...base,
      fault: undefined,
      keyFault,
      downloadRatio: cutRatio(rendition, segment, elapsedMs, answer.bytes),
    }
  }
  rendition.segments.fetchedWell(segment)
  if (!answer.truncated && segment.duration > 0) {
    rendition.segments.bitrate = (answer.bytes * 8) / segment.duration
  }
  const report = scan.finish()
  return {
    ...base,
    fault: undefined,
    keyFault,
    downloadRatio: answer.truncated ? undefined : ratio(answer.timings.total, segment.duration),
    report,
    gap: report === undefined ? undefined : rendition.segments.gap(playlist, segment, report),
  }
}

/** Tells the container by the first bytes and scans a transport stream. */
class SegmentScan {
  readonly #encrypted: boolean
  #container: Container | undefined
  readonly #scanner = new TsScanner()

  constructor(encrypted: boolean) {
    this.#encrypted = encrypted
  }

  push(chunk: Buffer): undefined {
    if (chunk.length === 0) return
    this.#container ??= containerOf(chunk)
    if (this.#container === 'ts') this.#scanner.push(chunk)
  }

  /** A segment that holds a page of HTML, noise or nothing at all is as good as missing. */
  fault(): Fault | undefined {
    if (this.#container === undefined) return wrongContent('is empty')
    if (this.#encrypted) return undefined
    if (this.#container === 'text') return wrongContent('holds text instead of media')
    if (this.#container === 'noise') {
      return wrongContent('holds neither MPEG-TS, fMP4, packed audio nor WebVTT')
    }
    return undefined
  }

  finish(): TsReport | undefined {
    if (this.#container !== 'ts') return undefined
    this.#scanner.end()
    const report = this.#scanner.report()
    // Ciphertext may begin with any byte: a real transport stream locks.
    return report.packets * tsPacket * 2 > report.bytes ? report : undefined
  }
}

function containerOf(head: Buffer): Container {
  if (head[0] === 0x47 && (head.length <= tsPacket || head[tsPacket] === 0x47)) return 'ts'
  const text = head.toString('latin1', 0, 64).trimStart().toLowerCase()
  if (/^<(?:!doctype|html|\?xml|error)/u.test(text)) return 'text'
  return isMedia(head) ? 'other' : 'noise'
}

/** Whether a segment may begin so (RFC 8216, section 3); a head too short to tell may. */
function isMedia(head: Buffer): boolean {
  if (head.length < 3 * tsPacket) return true
  const start = head.toString('latin1', 0, 12)
  // The type of a box is four printable characters (ISO/IEC 14496-12, section 4.2).
  if (/^.{4}[\x20-\x7e]{4}/su.test(start)) return true
  if (/^(?:ID3|WEBVTT|\xef\xbb\xbfWEBVTT)/u.test(start)) return true
  // The sync words of AC-3, and of MP3 and ADTS.
  const sync = head.readUInt16BE(0)
  if (sync === 0x0b77 || sync >= 0xffe0) return true
  // A transport stream that begins inside a packet.
  for (let at = 0; at < tsPacket; at++) {
    const isLocked = [0, 1, 2].every((nth) => head[at + nth * tsPacket] === 0x47)
    if (isLocked) return true
  }
  return false
}

/** Fetches what a segment needs besides, once while it keeps its URI. */
async function companion(
  fetcher: Fetcher,
  rendition: Rendition,
  base: string,
  uri: string | undefined,
  deadlineAt: number,
  maxBytes: number,
  range?: ByteRange,
): Promise<Fault | undefined> {
  const url = uri === undefined ? undefined : resolveUri(uri, base)
  const { companions } = rendition.segments
  if (url === undefined || companions.has(url)) return undefined
  const answer = await fetcher.request(url, deadlineAt, {
    maxBytes,
    discardBody: true,
    ...(range !== undefined && { range: rangeHeader(range) }),
  })
  const fault = faultOf(answer)
  if (fault === undefined) {
    if (companions.size >= 16) companions.clear()
    companions.add(url)
  }
  return fault?.local ? undefined : fault
}

/** The URI of a key that a plain request returns; those of DRM systems need a licence. */
function plainKey(segment: Segment): string | undefined {
  return segment.keys.find(
    ({ method, keyFormat }) => method === 'AES-128' && keyFormat === 'identity',
  )?.uri
}

function rangeHeader({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${offset + length - 1}`
}

function ratio(ms: number, seconds: number): number | undefined {
  return seconds > 0 ? ms / 1_000 / seconds : undefined
}

/**
 * A download that the deadline cut off: elapsed time by the seconds of media received, from the
 * bitrate of this rendition's segments (measured before, or else advertised), and never less than
 * what has passed already.
 */
function cutRatio(
  rendition: Rendition,
  segment: Segment,
  elapsedMs: number,
  bytes: number,
): number | undefined {
  if (elapsedMs < leastCutMs) return undefined
  const bitrate = rendition.segments.bitrate ?? rendition.spec.advertised
  const least = ratio(elapsedMs, segment.duration)
  const estimate = bitrate === undefined ? undefined : ratio(elapsedMs, (bytes * 8) / bitrate)
  return Math.max(least ?? 0, estimate ?? 0) || undefined
}
