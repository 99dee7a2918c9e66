import { present } from '../../src/plugin/present.ts'
import type { Finding, Observation } from '../../src/core/sample.ts'
import { redactUrl } from '../../src/core/redact.ts'
import { inAdBreak } from '../../src/formats/m3u8/ad-break.ts'
import type { MediaPlaylist, MultivariantPlaylist } from '../../src/formats/m3u8/model.ts'
import { edgeTime, holdBack, windowSeconds } from '../../src/formats/m3u8/timeline.ts'
import type { PlayerState } from '../../src/formats/playback/virtual-player.ts'
import type { SegmentDeepWatch } from '../../src/plugin/deep/segment-watch.ts'
import type { Fault } from '../../src/plugin/http-fault.ts'
import { continuityOf } from './continuity.ts'
import { findingsOf } from './findings.ts'
import type { Rendition } from './rendition.ts'
import type { SegmentLook } from './segment.ts'
import type { Look } from './session.ts'
import type { SteeringWatch } from './steering-watch.ts'

/** What an observation is made of. */
export interface Seen {
  readonly look: Look
  readonly url: string
  readonly multivariant: MultivariantPlaylist | undefined
  readonly renditions: readonly Rendition[]
  /** Media playlists that the multivariant playlist names; at most so many as there are renditions are watched. */
  readonly named: number
  /** Media playlists that it named lately and does not name now. */
  readonly lost: number
  readonly missingRatio: number | undefined
  readonly player: PlayerState | undefined
  /** Whether a slate is on air, where that was described. */
  readonly slate: boolean | undefined
  /** What is known of picture and sound, where that is wanted. */
  readonly deep: SegmentDeepWatch | undefined
  readonly steering: SteeringWatch
  /** Monotonic and wall milliseconds of the observation. */
  readonly now: number
  readonly wall: number
}

/** The observation of one look: what was measured is kept whatever failed. */
export function observation(seen: Seen): Observation {
  const findings = [...findingsOf(seen), ...(seen.deep?.findings ?? [])]
  const measurements = present({
    ...playlistMeasurements(seen, findings),
    ...segmentMeasurements(seen),
    ...lowLatencyMeasurements(seen),
    ...playerMeasurements(seen),
    ...seen.deep?.measurements(),
    ...httpMeasurements(seen.look),
  })
  const fault = faultOfLook(seen)
  if (fault === undefined) {
    return { outcome: 'pass', measurements, findings, continuity: continuityOf(seen) }
  }
  if (fault.local) return { outcome: 'unknown', reason: fault.says, measurements, findings }
  const { diagnosis, says } = fault
  return { outcome: 'fail', reason: says, diagnosis, measurements, findings }
}

/** Why the whole path fails, with a whole sentence; `undefined` where viewers get at least something. */
function faultOfLook({ look, url, multivariant, renditions }: Seen): Fault | undefined {
  const top = look.top?.fault
  if (top !== undefined) return { ...top, says: `The playlist ${redactUrl(url)} ${top.says}.` }
  if (multivariant !== undefined && renditions.length === 0) {
    const says = `The multivariant playlist ${redactUrl(url)} names no playlist that can be fetched.`
    return { local: false, diagnosis: 'playlist-empty', says, status: undefined }
  }
  const present = renditions.filter((rendition) => rendition.present)
  if (present.length === 0) return allMissing(renditions)
  const empty = present.every(
    ({ playlist }) => playlist?.segments.length === 0 && playlist.trailingParts.length === 0,
  )
  if (!empty) return undefined
  const says =
    multivariant === undefined
      ? `The playlist ${redactUrl(url)} lists no segment.`
      : 'No media playlist lists a segment.'
  return { local: false, diagnosis: 'playlist-empty', says, status: undefined }
}

/** No media playlist came: one fault speaks for all, a lasting one before a passing one. */
function allMissing(renditions: readonly Rendition[]): Fault {
  const failed = renditions.filter(({ fault }) => fault !== undefined)
  const order = (rendition: Rendition) =>
    rendition.fault?.local ? 0 : rendition.fault?.diagnosis === 'not-found' ? 1 : 2
  const worst = failed.sort((a, b) => order(a) - order(b))[0]
  if (worst?.fault === undefined) {
    const says = 'The look was ended before any media playlist was asked for.'
    return { local: true, diagnosis: 'cannot-see', says, status: undefined }
  }
  const { fault, spec } = worst
  const says =
    renditions.length === 1
      ? `The media playlist ${spec.name} ${fault.says}.`
      : `None of ${renditions.length} media playlists can be had; ${spec.name} ${fault.says}.`
  return { ...fault, says }
}

function playlistMeasurements(seen: Seen, findings: readonly Finding[]) {
  const { renditions, now, wall } = seen
  const present = renditions.filter((rendition) => rendition.present)
  const live = present.filter((rendition) => rendition.isLive)
  // Subtitles may go on while picture and sound stand still: they do not keep a stream alive.
  const media = live.filter(({ spec }) => spec.kind !== 'subtitles')
  const moving = media.length > 0 ? media : live
  const age = (rendition: Rendition) => Math.max(0, now - rendition.changedAt) / 1_000
  const latencies = live.flatMap(({ playlist }) => latency(playlist, wall))
  // What was waited for came when it was there; what was asked for may have been there for a while.
  const waited = seen.look.held.flatMap(({ availabilityDelay }) => availabilityDelay ?? [])
  const delays =
    waited.length > 0 ? waited : present.flatMap(({ availabilityDelay }) => availabilityDelay ?? [])
  const drift = moving.find(({ drift }) => drift.seconds !== undefined)?.drift
  return {
    playlist_age_seconds: least(moving.map(age)),
    rendition_age_seconds: most(live.map(age)),
    target_duration_seconds: most(
      present.flatMap(({ playlist }) => playlist?.targetDuration ?? []),
    ),
    cache_age_seconds: most(present.flatMap(({ copy }) => copy?.ageSeconds ?? [])),
    edge_age_seconds: most(latencies.map(({ age }) => age)),
    live_latency_seconds: most(latencies.flatMap(({ target }) => target ?? [])),
    availability_delay_seconds: most(delays),
    stream_drift_seconds: drift?.seconds,
    stream_drift_deviation_seconds: drift?.deviation,
    renditions: renditions.length || undefined,
    renditions_missing:
      renditions.length === 0
        ? undefined
        : renditions.filter(({ fault }) => fault !== undefined && !fault.local).length,
    renditions_lost: seen.multivariant === undefined ? undefined : seen.lost,
    listed_seconds: least(
      media.flatMap(({ playlist }) => (playlist ? windowSeconds(playlist) : [])),
    ),
    ad_break: adBreak(live, wall),
    slate: seen.slate === undefined ? undefined : Number(seen.slate),
    steering_missing:
      seen.steering.isMissing === undefined ? undefined : Number(seen.steering.isMissing),
    segments_listed: least(present.map(({ playlist }) => playlist?.segments.length ?? 0)),
    sequence_regressions:
      present.length === 0
        ? undefined
        : present.reduce((sum, { regressions }) => sum + regressions, 0),
    spec_violations:
      present.length === 0
        ? undefined
        : findings.filter(
            ({ diagnosis, severity }) => diagnosis === 'spec-violation' && severity !== 'info',
          ).length,
  }
}

/** Edge age, and the latency that a conforming player would have, in seconds. */
function latency(playlist: MediaPlaylist | undefined, wall: number) {
  const edge = playlist && edgeTime(playlist)
  if (playlist === undefined || edge === undefined) return []
  const age = (wall - edge) / 1_000
  const back = holdBack(playlist)
  return [{ age, target: back === undefined ? undefined : age + back }]
}

function adBreak(live: readonly Rendition[], wall: number): number | undefined {
  const breaks = live.flatMap(({ playlist }) => {
    const isIn = playlist && inAdBreak(playlist, edgeTime(playlist) ?? wall)
    return isIn === undefined ? [] : [isIn]
  })
  return breaks.length === 0 ? undefined : Number(breaks.includes(true))
}

function lowLatencyMeasurements({ renditions, look, now }: Seen) {
  const live = renditions.filter(
    ({ present, isLive, playlist }) => present && isLive && playlist?.partTarget !== undefined,
  )
  return {
    part_target_seconds: most(live.flatMap(({ playlist }) => playlist?.partTarget ?? [])),
    part_age_seconds: most(live.map(({ changedAt }) => Math.max(0, now - changedAt) / 1_000)),
    part_wait_seconds: most(look.held.flatMap(({ partWait }) => partWait ?? [])),
  }
}

function playerMeasurements({ player }: Seen) {
  if (player === undefined) return {}
  return {
    player_buffer_seconds: player.buffer,
    player_starved: Number(player.starved),
    player_stalls: player.stalls,
    player_stalled_seconds: player.stalled,
    player_startup_seconds: player.startup,
  }
}

function segmentMeasurements(seen: Seen) {
  const segments = seen.look.segments.filter(({ rendition }) => rendition.spec.kind !== 'subtitles')
  const scanned = segments.flatMap(({ report }) => report ?? [])
  return {
    segments_missing_ratio: seen.missingRatio,
    ...ladderBitrate(seen.renditions),
    throughput_bits_per_second: least(segments.flatMap(({ throughput }) => throughput ?? [])),
    subtitles_missing: subtitlesMissing(seen.renditions),
    download_ratio: most(segments.flatMap(({ downloadRatio }) => downloadRatio ?? [])),
    continuity_errors:
      scanned.length === 0
        ? undefined
        : scanned.reduce((sum, { continuityErrors }) => sum + continuityErrors, 0),
    capture_latency_seconds: most(segments.flatMap(({ captureLatency }) => captureLatency ?? [])),
    media_gap_seconds: most(segments.flatMap(({ gap }) => gap ?? [])),
    keys_missing: keysMissing(segments),
  }
}

/** Subtitle renditions whose last segment could not be had, or was none. */
function subtitlesMissing(renditions: readonly Rendition[]): number | undefined {
  const subtitles = renditions.filter(({ spec }) => spec.kind === 'subtitles')
  if (subtitles.length === 0) return undefined
  return subtitles.filter(({ segments }) => segments.isMissing).length
}

function keysMissing(segments: readonly SegmentLook[]): number | undefined {
  const encrypted = segments.filter(({ segment }) => segment.keys.length > 0)
  if (encrypted.length === 0) return undefined
  return encrypted.filter(({ keyFault }) => keyFault !== undefined).length
}

/**
 * Sums over all variants, and only when each was measured: one variant's number would jump with
 * the rotation, and a median over time would then compare one variant with another.
 */
function ladderBitrate(renditions: readonly Rendition[]) {
  const variants = renditions.filter(({ spec, isLive }) => spec.kind === 'variant' && isLive)
  const bitrates = variants.flatMap(({ segments }) => segments.bitrate ?? [])
  if (variants.length === 0 || bitrates.length < variants.length) return {}
  const advertised = variants.flatMap(({ spec }) => spec.advertised ?? [])
  return {
    bitrate_bits_per_second: sum(bitrates),
    advertised_bits_per_second: advertised.length === variants.length ? sum(advertised) : undefined,
  }
}

function httpMeasurements({ requests, top, segments }: Look) {
  const timings = requests.filter(({ fault }) => !fault?.local).map((request) => request.timings)
  const whole = requests.filter(({ fault }) => fault?.status !== undefined || fault === undefined)
  const offset = [top, ...requests].find((request) => request?.serverTime !== undefined)
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1_000)
  return {
    http_status: most(requests.flatMap(({ status }) => status ?? [])),
    http_version: least(requests.flatMap(({ httpVersion }) => httpVersion ?? [])),
    http_dns_seconds: seconds(most(timings.flatMap(({ dns }) => dns ?? []))),
    http_tls_seconds: seconds(most(timings.flatMap(({ tls }) => tls ?? []))),
    received_bytes: sum([...requests, ...segments].map(({ bytes }) => bytes)),
    certificate_days: least(requests.flatMap(({ certificateDays }) => certificateDays ?? [])),
    http_connect_seconds: seconds(most(timings.flatMap(({ connect }) => connect ?? []))),
    http_first_byte_seconds: seconds(most(timings.flatMap(({ firstByte }) => firstByte ?? []))),
    http_total_seconds: seconds(most(whole.map((request) => request.timings.total))),
    clock_offset_seconds:
      offset?.serverTime === undefined ? undefined : (offset.serverTime - offset.wall) / 1_000,
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
