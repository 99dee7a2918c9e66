import { present } from '../../src/plugin/present.ts'
import type { Continuity } from '../../src/core/continuity.ts'
import type { Measurements } from '../../src/core/sample.ts'
import type { Meter, Reading } from './meter.ts'
import type { Pull } from './pull.ts'

/** What the numbers of a look are made of. Times are monotonic milliseconds. */
export interface Seen {
  readonly pull: Pull
  readonly reading: Reading
  readonly now: number
  /** When the newest picture and sound arrived, over all connections. */
  readonly lastAt: { readonly video: number | undefined; readonly audio: number | undefined }
  readonly breaks: number
  /** Whether times of the connection are told in this look. */
  readonly withPhases: boolean
}

/** The numbers of a look; what could not be measured is absent. */
export function measurementsOf(seen: Seen): Measurements {
  const { pull, reading, now, lastAt, breaks, withPhases } = seen
  const { announced, firstAt } = pull.meter
  const ages = [lastAt.video, lastAt.audio].flatMap((at) => at ?? [])
  const isPlaying = pull.hasMedia && pull.end === undefined
  return present({
    ...(withPhases && phasesOf(pull)),
    media_age_seconds: ages.length === 0 ? undefined : (now - Math.max(...ages)) / 1_000,
    video_age_seconds: age(lastAt.video, now),
    audio_age_seconds: age(lastAt.audio, now),
    ...rates(reading),
    metadata_bits_per_second: announced.bitsPerSecond,
    metadata_frames_per_second: announced.frameRate,
    ...(pull.hasMedia && jumps(reading)),
    key_frame_interval_seconds: seconds(reading.keyIntervalMs),
    interleave_skew_seconds: seconds(reading.skewMs),
    stream_drift_seconds: seconds(reading.driftMs),
    stream_breaks: breaks,
    connection_age_seconds: isPlaying ? age(firstAt, now) : undefined,
    certificate_days: pull.certificateDays,
  })
}

/** What players would notice if traffic moved here. */
export function continuityOf({ announced, configs }: Meter): Continuity {
  const { width, height } = announced
  const isSized = width !== undefined && height !== undefined
  const codecs = [configs.video?.codec, configs.audio?.codec].filter((codec) => codec !== undefined)
  if (!isSized && codecs.length === 0) return {}
  return {
    ladder: [
      { ...(isSized && { size: `${width}x${height}` }), ...(codecs.length > 0 && { codecs }) },
    ],
  }
}

function phasesOf({ phases }: Pull): Record<string, number> {
  return Object.fromEntries([...phases].map(([name, value]) => [`rtmp_${name}_seconds`, value]))
}

function rates({ rates: counted }: Reading): Readonly<Record<string, number | undefined>> {
  if (counted === undefined) return {}
  const { overMs, video, audio } = counted
  const perSecond = (count: number) => (count * 1_000) / overMs
  return {
    bitrate_bits_per_second: perSecond(8 * (video.bytes + audio.bytes)),
    video_bits_per_second: perSecond(8 * video.bytes),
    audio_bits_per_second: perSecond(8 * audio.bytes),
    frames_per_second: perSecond(video.frames),
  }
}

function jumps({ video, audio }: Reading): Readonly<Record<string, number>> {
  return {
    timestamp_gap_seconds: Math.max(video.gapMs, audio.gapMs) / 1_000,
    timestamp_gaps: video.gaps + audio.gaps + video.regressions + audio.regressions,
  }
}

function age(at: number | undefined, now: number): number | undefined {
  return at === undefined ? undefined : (now - at) / 1_000
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000
}
