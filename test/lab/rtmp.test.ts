import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import rtmp from '../../probes/rtmp.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { Observation } from '../../src/core/sample.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { session } from '../probes/look-once.ts'
import { ffprobeBinary } from '../real/rtmp-servers.ts'

let lab: Lab

beforeEach(async () => {
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(1),
    streams: [{ name: 'news' }, { name: 'sport' }],
    edges: [{ name: 'edge' }],
    rtmp: true,
  })
})

afterEach(() => lab.close())

function play(stream = 'news', input: Readonly<Record<string, string>> = {}) {
  return session(rtmp, { url: `${lab.urls.rtmp}/${stream}`, ...input })
}

/** Looks until one is as wanted; vitest ends it in time. */
async function until(
  look: () => Promise<Observation>,
  isWanted: (seen: Observation) => boolean,
): Promise<Observation> {
  for (;;) {
    const seen = await look()
    if (isWanted(seen)) return seen
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const passes = ({ outcome }: Observation) => outcome === 'pass'
const fails = ({ outcome }: Observation) => outcome === 'fail'

describe('the RTMP server of the lab', () => {
  it('plays every stream, without a gap', async () => {
    const look = play()

    const first = await look()
    const seen = await until(look, ({ measurements }) => 'frames_per_second' in measurements)

    expect(first).toMatchObject({ outcome: 'pass' })
    expect(first.continuity?.ladder).toEqual([{ codecs: ['avc1.42c01e', 'mp4a.40.2'] }])
    expect(seen.measurements['timestamp_gaps']).toBe(0)
    expect(Math.abs((seen.measurements['frames_per_second'] ?? 0) - 25)).toBeLessThan(8)
    expect(Math.abs(seen.measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(0.5)
    expect(await play('sport')()).toMatchObject({ outcome: 'pass' })
    expect(lab.state().requests).toMatchObject({ ingest: 2 })
  })

  it('does not know other streams, nor other applications', async () => {
    expect(await play('other')()).toMatchObject({ outcome: 'fail', diagnosis: 'not-found' })
    const elsewhere = `${lab.urls.rtmp?.replace('/live', '/vod')}/news`
    expect(await session(rtmp, { url: elsewhere })()).toMatchObject({ outcome: 'fail' })
  })

  it('freezes and goes on', async () => {
    const look = play('news', { timeout: '800ms' })
    await until(look, passes)

    await lab.inject('ingest/news', 'freeze')
    const frozen = await until(look, fails)
    await lab.healAll()
    const back = await until(look, passes)

    expect(frozen.diagnosis).toBe('ingest-lost')
    expect(back.measurements['media_age_seconds']).toBeLessThan(0.8)
  })

  it.each(['stall', 'hang'])('keeps connections open and sends nothing: %s', async (fault) => {
    await lab.inject('ingest', fault)

    expect(await play('news', { timeout: '600ms' })('once')).toMatchObject({ outcome: 'fail' })
  })

  it('breaks connections off, and refuses them', async () => {
    const look = play()
    await until(look, passes)

    await lab.inject('ingest/news', 'reset')
    const broken = await until(look, fails)
    await lab.healAll()
    await lab.inject('ingest', 'refuse')
    const refused = await play()('once')
    await lab.healAll()

    expect(broken).toMatchObject({ diagnosis: 'unreachable' })
    expect(refused.reason).toContain('connection refused')
    expect(await play()()).toMatchObject({ outcome: 'pass' })
  })

  it('says that a stream is gone where segments are', async () => {
    await lab.inject('ingest/news', 'segments-404')

    expect(await play()()).toMatchObject({ outcome: 'fail' })
    expect(await play('sport')()).toMatchObject({ outcome: 'pass' })
  })

  it('sends less than real time when it is throttled', async () => {
    await lab.inject('ingest/news', 'throttle', { value: 8_000 })
    const look = play()
    await until(look, passes)

    const slow = await until(look, ({ measurements }) => 'bitrate_bits_per_second' in measurements)

    expect(slow.measurements['bitrate_bits_per_second']).toBeLessThan(200_000)
  })

  // Without Debian's ffmpeg there is no ffprobe for a second opinion.
  it.skipIf(ffprobeBinary === undefined)('plays in FFmpeg', async () => {
    const { stdout } = await promisify(execFile)(
      ffprobeBinary ?? '',
      ['-v', 'error', '-show_streams', '-of', 'json', `${lab.urls.rtmp}/news`],
      { timeout: 15_000 },
    )

    const { streams } = JSON.parse(stdout) as { streams: Record<string, unknown>[] }
    expect(streams).toMatchObject([
      { codec_name: 'h264', width: 640, height: 360 },
      { codec_name: 'aac', sample_rate: '48000' },
    ])
  })
})
