import type { Measurements, Observation } from '../../src/core/sample.ts'
import type { TsFlow } from '../../src/formats/mpegts/flow.ts'
import type { LivePull } from '../../src/plugin/live-pull.ts'

/** The observation of a pull at `now`: what its flow shows, and why it is over where it is. */
export function observationOf(
  pull: LivePull,
  flow: TsFlow,
  now: number,
  isFirst: boolean,
  more: (spreadMs: number | undefined) => Measurements,
): Observation {
  const { measurements: measured, findings, spreadMs } = flow.look(now)
  const { media, ended } = pull
  const measurements: Measurements = {
    ...measured,
    ...(media !== undefined && { stream_stall_seconds: (now - media.lastAt) / 1_000 }),
    ...(media !== undefined &&
      isFirst && { first_media_seconds: (media.firstAt - pull.startedAt) / 1_000 }),
    ...more(spreadMs),
  }
  if (ended === undefined) return { outcome: 'pass', measurements, findings }
  return { ...ended, measurements, findings }
}
