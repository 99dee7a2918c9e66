import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import rtmp from '../../probes/rtmp.ts'
import type { Observation } from '../../src/core/sample.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { session } from '../probes/look-once.ts'
import { ffmpegBinary } from './encoder.ts'
import { freePort } from './haproxy-process.ts'
import {
  ffprobeBinary,
  hasNginxRtmp,
  startNginxRtmp,
  startNodeMediaServer,
  startPublisher,
  type RtmpServer,
} from './rtmp-servers.ts'

const hasTools = ffmpegBinary !== undefined && ffprobeBinary !== undefined && hasOpenssl()
// Without the openssl command line no certificate can be made.
const certificate = hasTools ? makeCertificate('ingest.test', 20) : { key: '', cert: '' }

/** Looks once a second until one is as wanted; gives it and all before it. */
async function until(
  look: () => Promise<Observation>,
  isWanted: (seen: Observation) => boolean,
): Promise<{ readonly seen: Observation; readonly all: readonly Observation[] }> {
  const all: Observation[] = []
  for (let attempt = 0; attempt < 25; attempt += 1) {
    const seen = await look()
    all.push(seen)
    if (isWanted(seen)) return { seen, all }
    await sleep(1_000)
  }
  const last = all.at(-1)
  throw new Error(`not seen within 25 looks; the last was ${last?.outcome}: ${last?.reason}`)
}

const passes = ({ outcome }: Observation) => outcome === 'pass'
const hasRates = ({ measurements }: Observation) => 'bitrate_bits_per_second' in measurements

/** Trusts the certificate of these tests. */
function trusting() {
  const net = createNet({ clock: realClock() })
  onTestFinished(() => net.close())
  return {
    open: (request: Parameters<typeof net.open>[0]) =>
      net.open({ ...request, tls: { ...request.tls, ca: certificate.cert } }),
  }
}

interface Probed {
  readonly streams: readonly Readonly<Record<string, string | number>>[]
  readonly packets: readonly {
    readonly codec_type: string
    readonly dts_time: string
    readonly size: string
    readonly flags: string
  }[]
}

/** What ffprobe reads of the same stream in about six seconds. */
async function ffprobe(url: string): Promise<Probed> {
  const { stdout } = await promisify(execFile)(
    ffprobeBinary ?? '',
    `-v error -rw_timeout 10000000 -read_intervals %+6 -show_streams -show_packets -of json ${url}`.split(
      ' ',
    ),
    { maxBuffer: 2 ** 26, timeout: 40_000 },
  )
  return JSON.parse(stdout) as Probed
}

/** Bits and frames a second of a kind, by the time stamps of its packets. */
function ratesOf({ packets }: Probed, kind: string) {
  const own = packets.filter(({ codec_type: type }) => type === kind)
  const times = own.map(({ dts_time: time }) => Number(time))
  const seconds = Math.max(...times) - Math.min(...times)
  const bytes = own.reduce((sum, { size }) => sum + Number(size), 0)
  const keys = own
    .filter(({ flags }) => flags.startsWith('K'))
    .map(({ dts_time: at }) => Number(at))
  return {
    bitsPerSecond: (8 * bytes) / seconds,
    perSecond: (own.length - 1) / seconds,
    keySeconds: (keys[1] ?? 0) - (keys[0] ?? 0),
  }
}

// Needs Debian's nginx, libnginx-mod-rtmp, libnginx-mod-stream, ffmpeg and openssl.
describe.skipIf(!hasTools || !hasNginxRtmp)('the rtmp probe at nginx-rtmp', () => {
  let server: RtmpServer
  const base = () => `rtmp://127.0.0.1:${server.port}/live`

  beforeAll(async () => {
    server = await startNginxRtmp(certificate)
  })
  afterAll(() => server?.close())

  function publish(name: string) {
    const publisher = startPublisher(`${base()}/${name}`)
    onTestFinished(() => publisher.kill())
    return publisher
  }

  it('measures what ffprobe measures', async () => {
    publish('numbers')
    const look = session(rtmp, { url: `${base()}/numbers` })
    const { seen: first } = await until(look, passes)

    const probed = await ffprobe(`${base()}/numbers`)
    const { seen, all } = await until(look, hasRates)

    const [video, audio] = [ratesOf(probed, 'video'), ratesOf(probed, 'audio')]
    const { measurements } = seen
    // Encoders vary from second to second, and headers of FLV count with us.
    const within = (name: string, value: number, share: number) => {
      expect(
        Math.abs((measurements[name] ?? 0) / value - 1),
        `${name} ${measurements[name]} is not ${value}`,
      ).toBeLessThan(share)
    }
    within('video_bits_per_second', video.bitsPerSecond, 0.2)
    within('audio_bits_per_second', audio.bitsPerSecond, 0.15)
    within('frames_per_second', video.perSecond, 0.1)
    within('key_frame_interval_seconds', video.keySeconds, 0.1)
    // FFmpeg takes 1,024 bits for a kilobit.
    within('metadata_bits_per_second', 364_000, 0.05)
    expect(measurements).toMatchObject({
      metadata_frames_per_second: 25,
      timestamp_gaps: 0,
      stream_breaks: 0,
    })
    expect(measurements['interleave_skew_seconds']).toBeLessThan(0.5)
    expect(measurements['media_age_seconds']).toBeLessThan(1)
    expect(first.measurements['rtmp_first_media_seconds']).toBeGreaterThan(0)
    // Which of them comes first is chance.
    const codecs = probed.streams.map(({ codec_name: codec, profile }) => `${codec} ${profile}`)
    expect(codecs.toSorted()).toEqual(['aac LC', 'h264 Constrained Baseline'])
    const says = [first, ...all]
      .flatMap(({ findings }) => findings)
      .findLast(({ code }) => code === 'media')?.says
    expect(says).toMatch(
      /^Picture avc1\.42c0[0-9a-f]{2} 256×144 at 25 frames\/s; sound mp4a\.40\.2 /u,
    )
    expect(seen.continuity?.ladder).toEqual([
      { size: '256x144', codecs: [expect.stringMatching(/^avc1\.42c0/u), 'mp4a.40.2'] },
    ])
  })

  it('notices a publisher that hangs, and sees it come back', async () => {
    const publisher = publish('frozen')
    const look = session(rtmp, { url: `${base()}/frozen`, timeout: '3s' })
    await until(look, passes)

    publisher.freeze()
    const { seen: failed, all } = await until(look, ({ outcome }) => outcome === 'fail')
    const again = await look()
    publisher.thaw()
    const { seen: back } = await until(look, passes)

    expect(failed).toMatchObject({ diagnosis: 'ingest-lost' })
    expect(failed.reason).toMatch(
      /^The connection stands, but no picture or sound has come for 3\.\d s\.$/u,
    )
    expect(failed.measurements['media_age_seconds']).toBeGreaterThanOrEqual(3)
    // nginx-rtmp goes on listing the publisher, so a new viewer is told that it plays.
    expect(again).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost' })
    const ages = all.map(({ measurements }) => measurements['media_age_seconds'] ?? 0)
    expect(ages).toEqual(ages.toSorted((a, b) => a - b))
    expect(back.measurements['media_age_seconds']).toBeLessThan(1)
  })

  it('fails where the publisher leaves, with the server’s own word', async () => {
    const publisher = publish('leaving')
    const look = session(rtmp, { url: `${base()}/leaving` })
    await until(look, passes)

    publisher.stop()
    const { seen } = await until(look, ({ outcome }) => outcome === 'fail')

    expect(seen).toMatchObject({ diagnosis: 'ingest-lost', measurements: { stream_breaks: 1 } })
  })

  it('fails for a stream that does not exist, which nginx-rtmp says to play', async () => {
    const seen = await session(rtmp, { url: `${base()}/nobody`, timeout: '1500ms' })('once')

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'The server said that it plays, but sent no picture or sound within 1.5 s.',
    })
    expect(seen.measurements['rtmp_play_start_seconds']).toBeGreaterThan(0)
  })

  it('fails for an application that does not exist, which nginx-rtmp refuses without a word', async () => {
    const url = `rtmp://127.0.0.1:${server.port}/nowhere/secretkey`

    const seen = await session(rtmp, { url })('once')

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(seen.reason).toContain('without accepting the application')
    expect(JSON.stringify(seen)).not.toContain('secretkey')
  })

  it('fails where nobody listens', async () => {
    const seen = await session(rtmp, { url: `rtmp://127.0.0.1:${await freePort()}/live/x` })('once')

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(seen.reason).toContain('connection refused by 127.0.0.1')
  })

  it('plays over TLS by name and certificate', async () => {
    publish('secure')
    const url = `rtmps://127.0.0.1:${server.securePort}/live/secure`
    const look = session(rtmp, { url, server_name: 'ingest.test' }, trusting())

    const { seen } = await until(look, passes)
    const untrusted = await session(rtmp, { url, server_name: 'ingest.test' })('once')
    const other = await session(rtmp, { url, server_name: 'other.test' }, trusting())('once')

    expect(seen.measurements['certificate_days']).toBeGreaterThan(19)
    expect(untrusted).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(untrusted.reason).toContain('is self-signed')
    expect(other).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(other.reason).toContain('is for another name')
  })
})

// Needs Debian's nginx with its modules, ffmpeg and openssl.
describe.skipIf(!hasTools || !hasNginxRtmp)('the rtmp probe at an nginx that dies', () => {
  it('tells of the break, and then that nobody listens', async () => {
    const first = await startNginxRtmp(certificate)
    onTestFinished(() => first.close())
    const publisher = startPublisher(`rtmp://127.0.0.1:${first.port}/live/x`)
    onTestFinished(() => publisher.kill())
    const look = session(rtmp, { url: `rtmp://127.0.0.1:${first.port}/live/x` })
    await until(look, passes)

    await first.kill()
    const { seen: broken } = await until(look, ({ outcome }) => outcome === 'fail')
    const refused = await look()

    expect(broken).toMatchObject({ diagnosis: 'unreachable', measurements: { stream_breaks: 1 } })
    expect(refused.reason).toContain('connection refused')
  })
})

// Needs Debian's ffmpeg and openssl.
describe.skipIf(!hasTools)('the rtmp probe at node-media-server', () => {
  let server: RtmpServer

  beforeAll(async () => {
    server = await startNodeMediaServer(certificate)
  })
  afterAll(() => server?.close())

  it('plays, also over TLS, and leaves the kept pictures out of rates and drift', async () => {
    const publisher = startPublisher(`rtmp://127.0.0.1:${server.port}/live/x`)
    onTestFinished(() => publisher.kill())
    const plain = session(rtmp, { url: `rtmp://127.0.0.1:${server.port}/live/x` })
    const secure = session(
      rtmp,
      { url: `rtmps://127.0.0.1:${server.securePort}/live/x`, server_name: 'ingest.test' },
      trusting(),
    )
    await until(plain, passes)
    await sleep(2_000)
    await secure()
    await sleep(1_500)
    await Promise.all([plain(), secure()])
    await sleep(3_000)

    const all = await Promise.all([plain(), secure()])

    for (const { outcome, measurements } of all) {
      expect(outcome).toBe('pass')
      expect(Math.abs((measurements['frames_per_second'] ?? 0) - 25)).toBeLessThan(2.5)
      expect(Math.abs(measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(0.5)
      expect(measurements['key_frame_interval_seconds']).toBeCloseTo(1, 1)
    }
    expect(all[1]?.measurements['certificate_days']).toBeGreaterThan(19)
  })

  it('notices a publisher that hangs', async () => {
    const publisher = startPublisher(`rtmp://127.0.0.1:${server.port}/live/frozen`)
    onTestFinished(() => publisher.kill())
    const look = session(rtmp, {
      url: `rtmp://127.0.0.1:${server.port}/live/frozen`,
      timeout: '3s',
    })
    await until(look, passes)

    publisher.freeze()
    const { seen } = await until(look, ({ outcome }) => outcome === 'fail')

    expect(seen).toMatchObject({ diagnosis: 'ingest-lost' })
  })

  it('fails for a stream that nobody publishes', async () => {
    const url = `rtmp://127.0.0.1:${server.port}/live/nobody`

    const seen = await session(rtmp, { url, timeout: '1500ms' })('once')

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost' })
  })
})
