import { describe, expect, it, onTestFinished } from 'vitest'
import hls from '../../probes/hls.ts'
import type { Measurements } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { session } from '../probes/look-once.ts'
import { ffmpegBinary } from './encoder.ts'

describe.skipIf(ffmpegBinary === undefined)(
  'deep looks at the lab (skipped where FFmpeg is not installed)',
  () => {
    it('see a moving picture with sound, then that it is black and silent, then that it moves again', async () => {
      const clock = realClock()
      const lab = await startLab({
        clock,
        random: seededRandom(1),
        streams: [{ name: 'channel-1', segmentSeconds: 2, window: 6 }],
        edges: [{ name: 'edge-a' }],
      })
      const processes = realProcesses({ clock })
      onTestFinished(async () => {
        await processes.close()
        await lab.close()
      })
      const url = `${lab.urls.edges['edge-a']}/channel-1/main.m3u8`
      const look = session(hls, { url, deep: { every: '5s' } }, {}, { processes })
      const until = async (is: (measured: Measurements) => boolean) => {
        for (let nth = 0; nth < 60; nth++) {
          const { measurements } = await look()
          if (is(measurements)) return measurements
          await clock.sleep(1_000)
        }
        return {}
      }

      const well = await until((measured) => measured['picture_frozen_seconds'] !== undefined)
      await lab.inject('edge-a/channel-1', 'black')
      await lab.inject('edge-a/channel-1', 'silence')
      const wrong = await until(
        (measured) =>
          (measured['picture_black_seconds'] ?? 0) >= 5 &&
          (measured['sound_silent_seconds'] ?? 0) >= 5,
      )
      await lab.healAll()
      const again = await until((measured) => measured['picture_black_seconds'] === 0)

      expect(well).toMatchObject({ picture_black_seconds: 0, picture_frozen_seconds: 0 })
      expect(well).toMatchObject({ sound_silent_seconds: 0 })
      expect(wrong).toMatchObject({ picture_dark_ratio: 1, picture_frozen_seconds: 0 })
      expect(again).toMatchObject({ picture_frozen_seconds: 0 })
    })
  },
)
