import { present } from '../../src/plugin/present.ts'
import { redactUrl } from '../../src/core/redact.ts'
import type { Continuity, Rung } from '../../src/core/continuity.ts'
import type { Finding, Observation } from '../../src/core/sample.ts'
import type { Mpd } from '../../src/formats/mpd/model.ts'
import type { SegmentDeepWatch } from '../../src/plugin/deep/segment-watch.ts'
import type { Fault } from '../../src/plugin/http-fault.ts'
import { findingsOf } from './findings.ts'
import type { Rendition } from './rendition.ts'
import type { Look } from './session.ts'
import type { StreamClock } from './stream-clock.ts'

/** A minimumUpdatePeriod beyond this means "when told so" and says nothing of the cadence. */
const longestUpdate = 60

/** What an observation is made of. */
export interface Seen {
  readonly look: Look
  readonly url: string
  readonly mpd: Mpd | undefined
  readonly renditions: readonly Rendition[]
  /** Representations that the manifest names; at most so many as there are renditions are watched. */
  readonly named: number
  readonly missingRatio: number | undefined
  readonly stream: StreamClock
  /** What is known of picture and sound, where that is wanted. */
  readonly deep: SegmentDeepWatch | undefined
  /** Monotonic milliseconds of the observation. */
  readonly now: number
}

/** The observation of one look: what was measured is kept whatever failed. */
export function observation(seen: Seen): Observation {
  const findings = [...findingsOf(seen), ...(seen.deep?.findings ?? [])]
  const measurements = present({
    ...(seen.mpd === undefined
      ? staleMeasurements(seen)
      : liveMeasurements(seen, seen.mpd, findings)),
    ...segmentMeasurements(seen),
    ...seen.deep?.measurements(),
    ...httpMeasurements(seen),
  })
  const fault = faultOfLook(seen)
  if (fault === undefined) {
    return { outcome: 'pass', measurements, findings, continuity: continuity(seen) }
  }
  if (fault.local) return { outcome: 'unknown', reason: fault.says, measurements, findings }
  const { diagnosis, says } = fault
  return { outcome: 'fail', reason: says, diagnosis, measurements, findings }
}

/** Why the whole path fails, with a whole sentence; `undefined` where viewers get at least something. */
function faultOfLook({ look, url, mpd, renditions }: Seen): Fault | undefined {
  const fault = look.manifest?.fault
  if (fault !== undefined)
    return { ...fault, says: `The manifest ${redactUrl(url)} ${fault.says}.` }
  if (mpd === undefined) return undefined
  const empty = (says: string): Fault => ({
    local: false,
    diagnosis: 'playlist-empty',
    says: `The manifest ${redactUrl(url)} ${says}.`,
    status: undefined,
  })
  if (renditions.length === 0) {
    const isSingle = mpd.periods.some(({ representations }) => representations.length > 0)
    // On-demand files with an index of their own have nothing live about them.
    if (isSingle && !mpd.isDynamic) return undefined
    return empty('names no representation whose segments can be found')
  }
  const hasMedia = renditions.some(({ place }) => {
    return place !== undefined && place.window.newest >= place.window.oldest
  })
  return hasMedia ? undefined : empty('has no segment yet')
}

/** The manifest could not be had: what was live grows old all the same. */
function staleMeasurements({ renditions, now }: Seen) {
  const live = renditions.filter((rendition) => rendition.isLive)
  return ages(live, now)
}

function ages(live: readonly Rendition[], now: number) {
  // Subtitles may go on while picture and sound stand still: they do not keep a stream alive.
  const media = live.filter(({ place }) => place?.representation.kind !== 'text')
  const moving = media.length > 0 ? media : live
  const age = (rendition: Rendition) => Math.max(0, now - rendition.changedAt) / 1_000
  return {
    playlist_age_seconds: least(moving.map(age)),
    rendition_age_seconds: most(live.map(age)),
  }
}

function liveMeasurements(seen: Seen, mpd: Mpd, findings: readonly Finding[]) {
  const { renditions, now, stream } = seen
  const live = renditions.filter((rendition) => rendition.isLive)
  const isListed = live.some((rendition) => !rendition.isByClock)
  const update = mpd.minimumUpdatePeriod ?? 0
  const durations = live.flatMap(({ newest }) => newest?.duration ?? [])
  const edges = live.flatMap(({ newest }) => newest?.completeAt ?? [])
  return {
    ...ages(live, now),
    target_duration_seconds: most([
      ...durations,
      ...(isListed && durations.length > 0 && update <= longestUpdate ? [update] : []),
    ]),
    edge_age_seconds: most(edges.map((edge) => (stream.wall() - edge) / 1_000)),
    live_latency_seconds: mpd.isDynamic
      ? (mpd.latency?.target ?? mpd.suggestedPresentationDelay)
      : undefined,
    availability_delay_seconds: most(
      live.flatMap(({ availabilityDelay }) => availabilityDelay ?? []),
    ),
    stream_drift_seconds: live.find(({ drift }) => drift !== undefined)?.drift,
    renditions: renditions.length || undefined,
    renditions_missing:
      renditions.length === 0
        ? undefined
        : renditions.filter(({ fault }) => fault !== undefined && !fault.local).length,
    segments_listed: least(
      renditions.flatMap(({ place }) =>
        place === undefined ? [] : Math.max(0, place.window.newest - place.window.oldest + 1),
      ),
    ),
    sequence_regressions: renditions.filter(({ regressed }) => regressed).length,
    spec_violations: findings.filter(
      ({ diagnosis, severity }) => diagnosis === 'spec-violation' && severity !== 'info',
    ).length,
  }
}

function segmentMeasurements({ look, missingRatio, renditions }: Seen) {
  const { segments } = look
  return {
    segments_missing_ratio: missingRatio,
    ...ladderBitrate(renditions),
    download_ratio: most(segments.flatMap(({ downloadRatio }) => downloadRatio ?? [])),
    media_gap_seconds: most(segments.flatMap(({ gap }) => gap ?? [])),
    capture_latency_seconds: most(segments.flatMap(({ captureLatency }) => captureLatency ?? [])),
  }
}

/**
 * Sums over all representations of picture and sound, and only when each was measured: one number
 * of one would jump with the rotation, and a median over time would compare one with another.
 */
function ladderBitrate(renditions: readonly Rendition[]) {
  const media = renditions.filter(
    ({ place, isLive }) => isLive && place?.representation.kind !== 'text',
  )
  const bitrates = media.flatMap(({ bitrate }) => bitrate ?? [])
  if (media.length === 0 || bitrates.length < media.length) return {}
  const advertised = media.flatMap(({ place }) => place?.representation.bandwidth ?? [])
  return {
    bitrate_bits_per_second: sum(bitrates),
    advertised_bits_per_second: advertised.length === media.length ? sum(advertised) : undefined,
  }
}

function httpMeasurements({ look, stream }: Seen) {
  const { manifest, segments } = look
  const offset = stream.offsetMs
  const clock = { clock_offset_seconds: offset === undefined ? undefined : offset / 1_000 }
  if (manifest === undefined || manifest.fault?.local) return clock
  const { timings, fault } = manifest
  const isWhole = fault === undefined || fault.status !== undefined
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1_000)
  return {
    ...clock,
    received_bytes: manifest.bytes + sum(segments.map(({ bytes }) => bytes)),
    http_connect_seconds: seconds(timings.connect),
    http_first_byte_seconds: seconds(timings.firstByte),
    http_total_seconds: isWhole ? seconds(timings.total) : undefined,
    certificate_days: manifest.certificateDays,
  }
}

function continuity({ renditions, stream }: Seen): Continuity {
  const ladder = renditions.flatMap(({ place }): Rung[] => {
    if (place === undefined || place.representation.kind === 'text') return []
    const { bandwidth, width, height, codecs } = place.representation
    return [
      {
        ...(width !== undefined && height !== undefined && { size: `${width}x${height}` }),
        ...(bandwidth !== undefined && { bitsPerSecond: bandwidth }),
        ...(codecs !== undefined && { codecs: codecs.split(',').map((codec) => codec.trim()) }),
      },
    ]
  })
  const edgeAt = most(
    renditions.flatMap(({ newest, isLive }) => (isLive && newest?.completeAt) || []),
  )
  const keys = new Set(renditions.flatMap(({ place }) => place?.representation.keyId ?? []))
  return {
    ...(ladder.length > 0 && { ladder }),
    ...(edgeAt !== undefined && { edgeAt, edgeAgeMs: stream.wall() - edgeAt }),
    ...(ladder.length > 0 && { keys: [...keys] }),
  }
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
