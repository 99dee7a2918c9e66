import { describe, expect, it, onTestFinished } from 'vitest'
import dash from '../../probes/dash.ts'
import type { Observation } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { session } from '../probes/look-once.ts'

describe('the dash probe at the lab', () => {
  it('finds it healthy without a word, then frozen, then without segments', async () => {
    const clock = realClock()
    const lab = await startLab({
      clock,
      random: seededRandom(1),
      streams: [{ name: 'channel-1', segmentSeconds: 1, window: 6 }],
      edges: [{ name: 'edge-a' }],
    })
    onTestFinished(() => lab.close())
    const look = session(dash, { url: `${lab.urls.edges['edge-a']}/channel-1/main.mpd` })
    const until = async (is: (seen: Observation) => boolean) => {
      for (let nth = 0; nth < 60; nth++) {
        const seen = await look()
        if (is(seen)) return seen
        await clock.sleep(250)
      }
      throw new Error('it was not seen')
    }

    const well: Observation[] = []
    for (let nth = 0; nth < 8; nth++) {
      well.push(await look())
      await clock.sleep(400)
    }
    await lab.inject('edge-a/channel-1', 'freeze')
    const frozen = await until(({ measurements: m }) => (m['playlist_age_seconds'] ?? 0) > 3)
    await lab.healAll()
    await until(({ measurements: m }) => (m['playlist_age_seconds'] ?? 9) < 1)
    await lab.inject('edge-a/channel-1', 'segments-404')
    const gone = await until(({ measurements: m }) => (m['segments_missing_ratio'] ?? 0) > 0.5)

    for (const { outcome, findings } of well)
      expect({ outcome, findings }).toEqual({ outcome: 'pass', findings: [] })
    const newest = well.at(-1)?.measurements
    expect(newest).toMatchObject({
      renditions: 3,
      renditions_missing: 0,
      segments_missing_ratio: 0,
    })
    const share =
      (newest?.['bitrate_bits_per_second'] ?? 0) / (newest?.['advertised_bits_per_second'] ?? 1)
    expect(share).toBeGreaterThan(0.6)
    expect(share).toBeLessThanOrEqual(1)
    expect(frozen.outcome).toBe('pass')
    expect(gone.findings.map(({ code }) => code)).toContain('segments-missing')
  })
})
