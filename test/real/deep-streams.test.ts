import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import dash from '../../probes/dash.ts'
import mpegts from '../../probes/mpegts.ts'
import rtmp from '../../probes/rtmp.ts'
import srt from '../../probes/srt.ts'
import type { Picture } from '../../src/core/picture.ts'
import type { Measurements } from '../../src/core/sample.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { installed, startChild } from './child.ts'
import { ffmpegBinary } from './encoder.ts'
import { watchReal } from './live-session.ts'
import { nginxBinary, startNginx } from './nginx-process.ts'
import { hasNginxRtmp, startNginxRtmp } from './rtmp-servers.ts'

const deep = { every: '5s' } as const

/** Protocols that can be tried here: what starts a server, what FFmpeg sends to, and the session. */
const ways = {
  mpegts: {
    canRun: true,
    async open() {
      const url = `udp://127.0.0.1:${await freeUdpPort()}`
      encode(['-f', 'mpegts', `${url}?pkt_size=1316`])
      return watchReal(mpegts, { url, deep }, context())
    },
  },
  srt: {
    canRun:
      installed('/usr/bin/srt-live-transmit', '/usr/local/bin/srt-live-transmit') !== undefined,
    async open() {
      const url = `srt://127.0.0.1:${await freeUdpPort()}`
      encode(['-f', 'mpegts', `${url}?mode=listener&latency=120000&pkt_size=1316`])
      return watchReal(srt, { url, timeout: '6s', deep }, context())
    },
  },
  rtmp: {
    canRun: hasNginxRtmp && hasOpenssl(),
    async open() {
      const server = await startNginxRtmp(makeCertificate('ingest.test', 20))
      onTestFinished(() => server.close())
      const url = `rtmp://127.0.0.1:${server.port}/live/deep`
      encode(['-f', 'flv', url])
      return watchReal(rtmp, { url, deep }, context())
    },
  },
  dash: {
    canRun: nginxBinary !== undefined,
    async open() {
      const server = await startNginx('deep')
      onTestFinished(() => server.close())
      const url = `${server.url}/live/main.mpd`
      encode(
        `-f dash -seg_duration 1 -use_template 1 -window_size 12 -method PUT -timeout 2 -ignore_io_errors 1 ${url}`.split(
          ' ',
        ),
      )
      return watchReal(dash, { url, deep }, context())
    },
  },
}
const pictures: Picture[] = []

function context() {
  const processes = realProcesses({ clock: realClock() })
  onTestFinished(() => processes.close())
  return { processes, showPicture: (picture: Picture) => void pictures.push(picture) }
}

/** Nine seconds of a black picture and then one that does not move, with a tone; a key frame a second. */
function encode(output: readonly string[]): void {
  const size = 's=128x72:r=10'
  const graph = `color=c=black:${size}:d=9[a];smptebars=${size}[b];[a][b]concat=n=2:v=1[out0]`
  const child = startChild(
    ffmpegBinary ?? '',
    [
      ...'-hide_banner -loglevel error -nostdin -re -f lavfi -i'.split(' '),
      graph,
      ...'-re -f lavfi -i sine=frequency=440:sample_rate=48000 -map 0:v -map 1:a'.split(' '),
      ...'-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g 10'.split(
        ' ',
      ),
      ...'-keyint_min 10 -sc_threshold 0 -c:a aac -b:a 64k'.split(' '),
      ...output,
    ],
    tmpdir(),
  )
  onTestFinished(() => child.kill())
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

const tried = Object.entries(ways).filter(([, way]) => way.canRun)
const missing = Object.entries(ways).flatMap(([name, way]) => (way.canRun ? [] : [name]))
if (missing.length > 0) {
  process.stderr.write(
    `skipped: no server for deep looks over ${missing.join(', ')} is installed\n`,
  )
}

describe.skipIf(ffmpegBinary === undefined)(
  'deep looks at real encoders (skipped where FFmpeg is not installed)',
  () => {
    it(`see a black picture and then one that stands still, over ${tried.map(([name]) => name).join(', ')}`, async () => {
      // All at the same time: the encoders take their time, not ours.
      const seen = await Promise.all(
        tried.map(async ([name, way]) => {
          const session = await way.open()
          const until = async (isWanted: (measured: Measurements) => boolean) => {
            const { observation } = await session.until(
              ({ measurements }) => isWanted(measurements),
              0,
            )
            return observation.measurements
          }
          const black = await until((measured) => (measured['picture_black_seconds'] ?? 0) > 0)
          const still = await until((measured) => (measured['picture_frozen_seconds'] ?? 0) > 0)
          return { name, black, still }
        }),
      )

      for (const { name, black, still } of seen) {
        expect({ name, ...black }).toMatchObject({
          name,
          picture_dark_ratio: 1,
          picture_frozen_seconds: 0,
          sound_silent_seconds: 0,
        })
        expect(black['sound_rms_ratio']).toBeGreaterThan(0.05)
        expect({ name, ...still }).toMatchObject({ name, picture_black_seconds: 0 })
      }
      const looks = new Set(pictures.map((picture) => picture.looks))
      expect(looks).toEqual(new Set(['black', 'good', 'frozen']))
    })
  },
)
