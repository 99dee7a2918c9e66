import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, loadPack, probes } from './shipped-packs.ts'
import { createPathWatch } from '../../src/engine/rules/path-watch.ts'

const pack = loadPack('hls')
const hls = probes.find((probe) => probe.type === 'hls') ?? { type: 'hls', measures: [] }
const rules = compile(pack)

/** A look pulled forward comes so long before the limit, and takes so long to answer. */
const leadMs = 400
const minutes = 10

/**
 * A live stream whose segments come every `segmentMs`, each up to 20 % early or late, watched in
 * virtual time as the scheduler does. Gives every health after the first, with the rules that were
 * pending or active.
 */
function watchHealthy(segmentMs: number, everyMs: number, chance: readonly number[]) {
  const profile =
    everyMs === 1_000 ? { forMs: 3_000, stale: 5_000 } : { forMs: 15_000, stale: 15_000 }
  const timing = {
    everyMs,
    forMs: profile.forMs,
    ratio: { bad: 6, of: 12 },
    clearForMs: 30_000,
    staleAfterMs: profile.stale,
  }
  const watch = createPathWatch({
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    probe: hls,
    rules,
    timing,
    now: 0,
  })
  let draw = 0
  const random = () => chance[draw++ % chance.length] ?? 0.5
  const renditions = [0, segmentMs * 0.1, segmentMs * 0.3]
  const published = renditions.map((late) =>
    Array.from({ length: (minutes * 60_000) / segmentMs + 2 }, (_, index) =>
      Math.round(index * segmentMs + late + (random() - 0.5) * 0.4 * segmentMs),
    ),
  )
  const seen = renditions.map(() => ({ newest: -1, at: 0 }))
  const troubles = new Set<string>()
  const note = () => {
    const { health, active, pending } = watch.report
    for (const verdict of [...active, ...pending]) troubles.add(verdict.rule)
    return health
  }
  const healths = new Set<string>()
  const look = (now: number, isFirst: boolean) => {
    const ages = seen.map((state, index) => {
      const newest = (published[index] ?? []).findLastIndex((at) => at <= now)
      if (newest !== state.newest || isFirst) Object.assign(state, { newest, at: now })
      return (now - state.at) / 1_000
    })
    const measurements = {
      playlist_age_seconds: Math.min(...ages),
      rendition_age_seconds: Math.max(...ages),
      target_duration_seconds: Math.ceil(segmentMs / 1_000),
      renditions: 3,
      renditions_missing: 0,
      segments_missing_ratio: 0,
      download_ratio: 0.1 + random() * 0.4,
      bitrate_bits_per_second: 3e6 + random() * 2e6,
      advertised_bits_per_second: 5e6,
      continuity_errors: 0,
      media_gap_seconds: random() * 0.05,
      sequence_regressions: 0,
    }
    watch.apply(
      {
        path: 'p',
        vantage: 'fra',
        probe: 'hls',
        at: now,
        wall: now,
        outcome: 'pass',
        measurements,
        findings: [],
      },
      now,
    )
    const health = note()
    if (now > 60_000) healths.add(health)
  }
  let now = 0
  look(now, true)
  while (now < minutes * 60_000) {
    const due = now + everyMs * (0.9 + random() * 0.2)
    const limit = watch.nextAgeLimit()
    const next = Math.max(now + 50, Math.min(due, (limit ?? Infinity) - leadMs)) + random() * 300
    for (let wake = watch.nextWake(); wake !== undefined && wake <= next; wake = watch.nextWake()) {
      watch.tick(wake)
      const health = note()
      if (wake > 60_000) healths.add(health)
    }
    now = next
    look(now, false)
  }
  return { healths: [...healths], troubles: [...troubles] }
}

describe('a healthy HLS stream', () => {
  const cases = [1, 2, 4, 6, 8, 10].flatMap((segment) =>
    [1, 2, 3, 5].map((every) => ({ segment, every })),
  )

  it.each(cases)(
    'with segments of $segment s, looked at every $every s, is up and never suspect',
    ({ segment, every }) => {
      const chance = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
        minLength: 400,
        maxLength: 500,
      })
      fc.assert(
        fc.property(chance, (draws) => {
          const result = watchHealthy(segment * 1_000, every * 1_000, draws)

          expect(result).toEqual({ healths: ['up'], troubles: [] })
        }),
        { numRuns: 8 },
      )
    },
  )
})
