import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import mpegts from '../../probes/mpegts.ts'
import { counterOf } from '../../src/formats/mpegts/flow-measures.ts'
import { watchReal } from './live-session.ts'
import { ffmpegBinary, startSender } from './ts-sender.ts'

if (ffmpegBinary === undefined) process.stderr.write('skipped: ffmpeg is not installed\n')

const senders: ReturnType<typeof startSender>[] = []

afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.kill()
})

function send(output: readonly string[], options?: Parameters<typeof startSender>[1]) {
  const sender = startSender(output, options)
  senders.push(sender)
  return sender
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Everything but what a busy machine may bring about: clocks by arrival. */
const faultless = Object.fromEntries(
  Object.entries(counterOf)
    .filter(([id]) => !['2.3a', '1.3a', '1.5a', '2.5'].includes(id))
    .map(([, name]) => [name, 0]),
)

const wayIn: readonly [
  string,
  (port: number) => { url: string; output: string[]; more?: object },
][] = [
  [
    'UDP',
    (port) => ({
      url: `udp://127.0.0.1:${port}`,
      output: ['-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`],
    }),
  ],
  [
    'a multicast group, as RTP',
    (port) => ({
      url: `rtp://239.255.43.21:${port}`,
      output: [
        '-f',
        'rtp_mpegts',
        `rtp://239.255.43.21:${port}?localaddr=127.0.0.1&ttl=0&pkt_size=1328`,
      ],
      more: { interface: 'lo' },
    }),
  ],
]

describe.skipIf(ffmpegBinary === undefined)('the mpegts probe before a real FFmpeg', () => {
  it.each(wayIn)(
    'watches %s without a fault, notices a freeze at once, and its end',
    async (_, way) => {
      const { url, output, more } = way(await freeUdpPort())
      const watched = watchReal(mpegts, { url, stall: '1s', timeout: '20s', ...more })
      const sender = send(output)

      const { observation } = await watched.until(
        ({ measurements }) => (measurements['bitrate_bits_per_second'] ?? 0) > 300_000,
      )
      const settled = await watched.until(
        ({ outcome, measurements }) =>
          outcome === 'pass' && measurements['media_clock_drift_seconds'] !== undefined,
      )
      const frozenAt = watched.now()
      sender.signal('SIGSTOP')
      const stalled = await watched.until(({ outcome }) => outcome === 'fail')
      sender.signal('SIGCONT')
      const back = await watched.until(({ outcome }) => outcome === 'pass')

      expect(observation.measurements).toMatchObject({ video_pids: 1, audio_pids: 1 })
      expect(settled.observation.measurements).toMatchObject(faultless)
      expect(
        Math.abs(settled.observation.measurements['media_clock_drift_seconds'] ?? 9),
      ).toBeLessThan(1)
      expect(stalled.observation).toMatchObject({ diagnosis: 'stream-stalled' })
      // Up to 1 s of stall, and what FFmpeg had sent when it was stopped.
      expect(stalled.at - frozenAt).toBeGreaterThan(500)
      expect(stalled.at - frozenAt).toBeLessThan(2_500)
      expect(back.observation.measurements).toMatchObject({ stream_connections: 2 })
      if (url.startsWith('rtp:')) {
        expect(settled.observation.measurements['rtp_packets']).toBeGreaterThan(10)
        expect(settled.observation.measurements).toMatchObject({ rtp_packets_lost: 0 })
      }
    },
  )

  it('watches HTTP without a fault, and says at once when the encoder is gone', async () => {
    const port = await freeTcpPort()
    const sender = send(['-f', 'mpegts', '-listen', '1', `http://127.0.0.1:${port}/live.ts`])
    const watched = watchReal(mpegts, { url: `http://127.0.0.1:${port}/live.ts`, stall: '2s' })

    const settled = await watched.until(
      ({ measurements }) => measurements['media_clock_drift_seconds'] !== undefined,
    )
    const killedAt = watched.now()
    await sender.kill()
    const gone = await watched.until(({ outcome }) => outcome === 'fail')
    const refused = await watched.until(({ diagnosis }) => diagnosis === 'unreachable')

    expect(settled.observation.measurements).toMatchObject({ ...faultless, http_status: 200 })
    expect(gone.at - killedAt).toBeLessThan(1_500)
    expect(['ingest-lost', 'unreachable']).toContain(gone.observation.diagnosis)
    expect(refused.observation.reason).toContain('connection refused')
  })
})
