import type { Clock } from '../../src/core/clock.ts'
import { createHash } from 'node:crypto'
import type { Fmp4Report, Init } from '../../src/formats/fmp4/model.ts'
import { type MediaPlaylist, resolveUri, type Segment } from '../../src/formats/m3u8/model.ts'
import { newestSegment } from '../../src/formats/m3u8/timeline.ts'
import type { TsReport } from '../../src/formats/mpegts/report.ts'
import type { HttpAnswer } from '../../src/plugin/net.ts'
import { type Fault, faultOf, wrongContent } from '../../src/plugin/http-fault.ts'
import { type CompanionOptions, companion } from './companion.ts'
import type { Fetcher } from './fetch.ts'
import { rangeHeader } from './range.ts'
import { SegmentScan } from './segment-scan.ts'
import type { Rendition } from './rendition.ts'

const maxInitBytes = 2 ** 20
const maxKeyBytes = 4_096
/** An AES-128 key (RFC 8216 5: the key is 16 octets in binary). */
const keyBytes = 16
/** Servers that do not know ranges answer with the whole segment: that is cut off here. */
const maxHeadBytes = 4_096
/** A transfer faster than this says nothing about throughput. */
const leastTransferMs = 2
/** A download cut off sooner than this says nothing about its speed. */
const leastCutMs = 1_000

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
  /** Milliseconds to the last byte; absent where it was cut off. */
  readonly totalMs: number | undefined
  /** Bits per second from the first byte to the last. */
  readonly throughput: number | undefined
  readonly bytes: number
  /** SHA-256 of all of it, in hexadecimal digits, where it was asked for. */
  readonly hash: string | undefined
  /** Only of a transport stream. */
  readonly report: TsReport | undefined
  /** Only of fragmented MP4 that is not encrypted as a whole. */
  readonly fmp4: Fmp4Report | undefined
  /** Seconds since the last sample of it was captured, by the producer's clock, where that is told. */
  readonly captureLatency: number | undefined
  /** Seconds of media missing before it; see `SegmentTrack.gap`. */
  readonly gap: number | undefined
}

/**
 * Asks for the first byte of a listed segment between the oldest, which may just be leaving, and
 * the newest; `chance` in [0, 1) picks it. `undefined` where there is none or the fault is ours.
 */
export async function lookAtOlder(
  fetcher: Fetcher,
  rendition: Rendition,
  chance: number,
  deadlineAt: number,
): Promise<SegmentLook | undefined> {
  const { playlist, fetched } = rendition
  const listed = playlist?.segments.slice(1, -1).filter(({ gap }) => !gap) ?? []
  const segment = listed[Math.floor(chance * listed.length)]
  const url = segment && fetched && resolveUri(segment.uri, fetched.url)
  if (segment === undefined || url === undefined) return undefined
  const offset = segment.byteRange?.offset ?? 0
  const range = rangeHeader({ offset, length: 1 })
  const answer = await fetcher.request(url, deadlineAt, {
    maxBytes: maxHeadBytes,
    discardBody: true,
    range,
  })
  const fault = faultOf(answer)
  if (fault?.local) return undefined
  return { ...nothingSeen, rendition, segment, fault, keyFault: undefined }
}

const nothingSeen = {
  downloadRatio: undefined,
  totalMs: undefined,
  throughput: undefined,
  bytes: 0,
  hash: undefined,
  report: undefined,
  fmp4: undefined,
  captureLatency: undefined,
  gap: undefined,
} as const

/** How a segment is looked at. */
export interface SegmentOptions {
  readonly deadlineAt: number
  readonly maxBytes: number
  /** Whether its digest is wanted, to recognise a slate. */
  readonly hash?: boolean
}

/**
 * Fetches the newest segment of a rendition, with the initialisation section and key that it needs
 * if they are new, and scans it as it arrives. `undefined` where there is none or the fault is ours.
 */
export async function lookAtNewest(
  fetcher: Fetcher,
  clock: Clock,
  rendition: Rendition,
  { deadlineAt, maxBytes, hash = false }: SegmentOptions,
): Promise<SegmentLook | undefined> {
  const { playlist, fetched } = rendition
  const segment = playlist === undefined ? undefined : newestSegment(playlist)
  if (playlist === undefined || fetched === undefined || segment === undefined) return undefined
  const base = { ...nothingSeen, rendition, segment }
  const url = resolveUri(segment.uri, fetched.url)
  if (url === undefined) {
    const fault = wrongContent('has a URI that is neither http nor https')
    return { ...base, fault, keyFault: undefined }
  }
  const needs = { fetcher, clock, rendition, base: fetched.url }
  const { map } = segment
  const initOptions: CompanionOptions = {
    deadlineAt,
    maxBytes: maxInitBytes,
    range: map?.byteRange,
    isInit: true,
  }
  // Fragments are read with the defaults of their initialisation section: a new one comes first.
  const isNewInit = map !== undefined && !rendition.segments.knowsInit(map)
  const firstFault = isNewInit ? await companion(needs, map.uri, initOptions) : undefined
  const init = map === undefined ? undefined : rendition.segments.initOf(map)
  const kind = rendition.spec.kind === 'subtitles' ? 'subtitles' : 'media'
  const scan = new SegmentScan({ kind, isCiphertext: isCiphertext(segment), init })
  const digest = hash ? createHash('sha256') : undefined
  const startedAt = clock.now()
  const [answer, secondFault, keyFault] = await Promise.all([
    fetcher.request(url, deadlineAt, {
      maxBytes,
      discardBody: true,
      onChunk: (chunk) => {
        digest?.update(chunk)
        return scan.push(chunk)
      },
      ...(segment.byteRange !== undefined && { range: rangeHeader(segment.byteRange) }),
    }),
    isNewInit ? undefined : companion(needs, map?.uri, initOptions),
    companion(needs, plainKey(segment), {
      deadlineAt,
      maxBytes: maxKeyBytes,
      exactBytes: keyBytes,
    }),
  ])
  const initFault = firstFault ?? secondFault
  const elapsedMs = clock.now() - startedAt
  const cut = !answer.ok && answer.fault === 'timeout' && answer.bytes > 0
  const fault = cut ? undefined : (faultOf(answer) ?? scan.fault() ?? initFault)
  if (fault?.local) return undefined
  rendition.segments.isMissing = fault !== undefined
  if (fault !== undefined) return { ...base, bytes: answer.bytes, fault, keyFault }
  if (cut || !answer.ok) {
    return {
      ...base,
      fault: undefined,
      keyFault,
      bytes: answer.bytes,
      downloadRatio: cutRatio(rendition, segment, elapsedMs, answer.bytes),
    }
  }
  rendition.segments.fetchedWell(segment)
  if (!answer.truncated && segment.duration > 0) {
    rendition.segments.bitrate = (answer.bytes * 8) / segment.duration
  }
  const { ts: report, fmp4 } = scan.finish()
  const downloadRatio = answer.truncated ? undefined : ratio(answer.timings.total, segment.duration)
  rendition.segments.downloadRatio = downloadRatio ?? rendition.segments.downloadRatio
  return {
    ...base,
    fault: undefined,
    keyFault,
    downloadRatio,
    totalMs: answer.truncated ? undefined : answer.timings.total,
    throughput: throughput(answer),
    bytes: answer.bytes,
    hash: answer.truncated ? undefined : digest?.digest('hex'),
    report,
    fmp4,
    captureLatency: fmp4 && captureLatency(fmp4, init, clock.wall()),
    gap: gapOf(rendition, playlist, segment, report, fmp4),
  }
}

function gapOf(
  { segments }: Rendition,
  playlist: MediaPlaylist,
  segment: Segment,
  report: TsReport | undefined,
  fmp4: Fmp4Report | undefined,
): number | undefined {
  if (report !== undefined) return segments.gap(playlist, segment, report)
  return fmp4 && segments.fmp4Gap(playlist, segment, fmp4)
}

/** AES-128 encrypts whole segments (RFC 8216 4.3.2.4): nothing of their structure shows. */
function isCiphertext({ keys }: Segment): boolean {
  return keys.some(({ method }) => method === 'AES-128')
}

/** Moments of a producer reference time at which the picture was captured or entered the encoder. */
const capture: ReadonlySet<number> = new Set([0, 24])

function captureLatency(
  { referenceTime, tracks }: Fmp4Report,
  init: Init | undefined,
  wall: number,
): number | undefined {
  if (referenceTime === undefined || !capture.has(referenceTime.moment)) return undefined
  const media = tracks.find(({ id }) => id === referenceTime.trackId)
  const track = init?.tracks.find(({ id }) => id === referenceTime.trackId)
  if (media?.end === undefined || track === undefined) return undefined
  const after = (media.end - referenceTime.mediaTime) / track.timescale
  return (wall - referenceTime.wall) / 1_000 - after
}

/** The URI of a key that a plain request returns; those of DRM systems need a licence. */
function plainKey(segment: Segment): string | undefined {
  return segment.keys.find(
    ({ method, keyFormat }) =>
      (method === 'AES-128' || method === 'SAMPLE-AES') && keyFormat === 'identity',
  )?.uri
}

function throughput({ bytes, timings, truncated }: HttpAnswer): number | undefined {
  const { connect = 0, dns = 0, tls = 0, firstByte, total } = timings
  if (firstByte === undefined || truncated) return undefined
  const ms = total - firstByte - connect - dns - tls
  return ms < leastTransferMs ? undefined : (bytes * 8_000) / ms
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
