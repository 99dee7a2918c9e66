import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import dash from '../../probes/dash.ts'
import type { Observation } from '../../src/core/sample.ts'
import { readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import { pause } from '../e2e/installation.ts'
import { session } from '../probes/look-once.ts'
import { installed } from './child.ts'
import { type DashMode, startDashEncoder } from './dash-encoder.ts'
import { ffmpegBinary } from './encoder.ts'
import { nginxBinary, startNginx } from './nginx-process.ts'

/** What is read of the packets that ffprobe shows. */
const shown = z.object({
  packets: z.array(z.object({ dts: z.number(), duration: z.number().optional() })),
})

const ffprobeBinary = installed('/usr/bin/ffprobe', '/usr/local/bin/ffprobe')
const missing = [
  ...(ffmpegBinary === undefined ? ['ffmpeg'] : []),
  ...(ffprobeBinary === undefined ? ['ffprobe'] : []),
  ...(nginxBinary === undefined ? ['nginx'] : []),
]
const note = missing.length > 0 ? ` (skipped, not installed: ${missing.join(', ')})` : ''
const modes: readonly DashMode[] = ['timeline', 'number', 'low-latency']

async function onAir(mode: DashMode) {
  const nginx = await startNginx('dash')
  onTestFinished(() => nginx.close())
  const encoder = startDashEncoder(nginx.url, mode)
  onTestFinished(() => encoder.kill())
  await encoder.published(4)
  return { url: nginx.url, encoder }
}

/** Looks each second until one is as wanted; gives it and how many seconds that took. */
async function lookUntil(
  look: () => Promise<Observation>,
  isWanted: (seen: Observation) => boolean,
  withinSeconds: number,
): Promise<{ readonly seen: Observation; readonly seconds: number }> {
  const from = performance.now()
  for (;;) {
    const seen = await look()
    const seconds = (performance.now() - from) / 1_000
    if (isWanted(seen)) return { seen, seconds }
    if (seconds > withinSeconds)
      throw new Error(`not within ${withinSeconds} s: ${JSON.stringify(seen)}`)
    await pause(1_000)
  }
}

describe.skipIf(missing.length > 0)(`the DASH muxer of FFmpeg behind nginx${note}`, () => {
  test.each(modes)('by %s is healthy, at the bitrate that it is told to make', async (mode) => {
    const { url } = await onAir(mode)
    const look = session(dash, { url: `${url}/live/main.mpd` })

    const seen: Observation[] = []
    for (let at = 0; at < 10; at++) {
      seen.push(await look())
      await pause(1_000)
    }

    const last = seen.at(-1)
    if (last === undefined) throw new Error('no look')
    const { measurements } = last
    expect(seen.map(({ outcome, reason }) => reason ?? outcome)).toEqual(seen.map(() => 'pass'))
    expect(seen.flatMap(({ findings }) => findings)).toEqual([])
    expect(measurements).toMatchObject({
      renditions: 2,
      renditions_missing: 0,
      segments_missing_ratio: 0,
      target_duration_seconds: expect.closeTo(1, 1),
      advertised_bits_per_second: 364_000,
    })
    expect(measurements['bitrate_bits_per_second']).toBeGreaterThan(300_000)
    expect(measurements['bitrate_bits_per_second']).toBeLessThan(460_000)
    expect(measurements['media_gap_seconds'] ?? 0).toBeLessThan(0.1)
    expect(Math.abs(measurements['stream_drift_seconds'] ?? 9)).toBeLessThan(2)
    expect(measurements['edge_age_seconds']).toBeLessThan(4)
    if (mode === 'low-latency') {
      expect(measurements['live_latency_seconds']).toBe(2)
      const captured = seen.flatMap((each) => each.measurements['capture_latency_seconds'] ?? [])
      // FFmpeg reads its own input at real time, but for the frames that it is ahead by.
      expect(Math.min(...captured)).toBeGreaterThan(-0.25)
      expect(Math.max(...captured)).toBeLessThan(6)
    }
  })

  test.each(modes)(
    'by %s that hangs grows old within seconds, and nothing else is wrong',
    async (mode) => {
      const { url, encoder } = await onAir(mode)
      const look = session(dash, { url: `${url}/live/main.mpd` })
      await lookUntil(look, ({ outcome }) => outcome === 'pass', 10)
      for (let at = 0; at < 3; at++) {
        await look()
        await pause(1_000)
      }

      encoder.freeze()
      const stale = await lookUntil(
        look,
        ({ measurements }) => (measurements['playlist_age_seconds'] ?? 0) > 4,
        12,
      )

      // The limit of 4 s, the segment under way, the second between looks and a busy machine.
      expect(stale.seconds).toBeLessThan(8)
      expect(stale.seen.outcome).toBe('pass')
      expect(stale.seen.measurements['segments_missing_ratio']).toBe(0)
    },
  )

  test.each(['timeline', 'number'] as const)(
    'by %s through an edge that lost its segments misses them',
    async (mode) => {
      const { url } = await onAir(mode)
      const look = session(dash, { url: `${url}/lost/main.mpd` })

      const { seen } = await lookUntil(
        look,
        ({ measurements }) => measurements['segments_missing_ratio'] === 1,
        5,
      )

      expect(seen.findings[0]).toMatchObject({ code: 'segments-missing', severity: 'error' })
      expect(seen.findings[0]?.says).toContain('answered 404')
    },
  )

  test('with an error page in place of the manifest fails at once', async () => {
    const { url } = await onAir('timeline')

    expect(await session(dash, { url: `${url}/page/main.mpd` })()).toMatchObject({
      outcome: 'fail',
      diagnosis: 'wrong-content',
      reason: `The manifest ${url}/page/main.mpd is no manifest but looks like html.`,
    })
  })

  test('writes segments in which ffprobe finds what the scanner finds', async () => {
    const { url } = await onAir('timeline')
    const folder = mkdtempSync(join(tmpdir(), 'changeover-dash-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const get = async (name: string) =>
      Buffer.from(await (await fetch(`${url}/live/${name}`)).arrayBuffer())

    for (const stream of [0, 1]) {
      const init = await get(`init-stream${stream}.m4s`)
      const media = await get(`chunk-stream${stream}-00003.m4s`)
      const file = join(folder, `${stream}.mp4`)
      writeFileSync(file, Buffer.concat([init, media]))
      const told = execFileSync(
        ffprobeBinary ?? '',
        [
          '-v',
          'error',
          '-ignore_editlist',
          '1',
          '-show_entries',
          'packet=dts,duration',
          '-of',
          'json',
          file,
        ],
        { encoding: 'utf8', timeout: 20_000 },
      )
      const { packets } = shown.parse(JSON.parse(told))
      const [track] = readFmp4(media, readFmp4(init).init).tracks

      expect(track?.samples).toBe(packets.length)
      expect(track?.start).toBe(packets[0]?.dts)
      // Frames are equally long here, and ffprobe does not say of each how long it is.
      const frame = packets.find(({ duration }) => duration !== undefined)?.duration ?? 0
      const frames = (packets.at(-1)?.dts ?? 0) - (packets[0]?.dts ?? 0)
      expect(track?.duration).toBe(frames + frame)
    }
  })
})
