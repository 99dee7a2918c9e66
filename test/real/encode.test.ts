import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { superviseEncoder } from '../../src/app/encoder/supervise.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { ffmpegBinary } from './encoder.ts'

const note = ffmpegBinary === undefined ? ' (skipped, not installed: ffmpeg)' : ''

/** Takes what is posted to it, and says which paths serve. */
async function ingestAndChangeover() {
  const bytes = { main: 0, backup: 0 }
  let active: 'main' | 'backup' = 'main'
  const connections: { readonly path: string; end(): void }[] = []
  const server = createServer((request, response) => {
    const [, kind, path] = (request.url ?? '').split('/')
    if (kind === 'serve') {
      response.writeHead(path === active ? 200 : 503).end()
    } else if (path === 'main' || path === 'backup') {
      connections.push({ path, end: () => void request.socket.destroy() })
      request.on('data', (chunk: Buffer) => (bytes[path] += chunk.length))
      request.on('error', () => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const activate = (path: typeof active) => void (active = path)
  return { url, bytes, connections, activate }
}

describe.skipIf(ffmpegBinary === undefined)(`FFmpeg under supervision${note}`, () => {
  it('follows the active path, and comes back when its connection is broken', async () => {
    const { url, bytes, connections, activate } = await ingestAndChangeover()
    const clock = realClock()
    const net = createNet({ clock })
    const processes = realProcesses({ clock })
    const stop = new AbortController()
    const said: string[] = []
    const words =
      '-hide_banner -loglevel error -nostdin -re -f lavfi -i testsrc2=size=160x90:rate=25 -c:v mpeg2video -f mpegts -method POST {target}'
    const done = superviseEncoder(
      {
        serve: `${url}/serve`,
        everyMs: 200,
        startWithinMs: 10_000,
        targets: [
          { path: 'main', url: `${url}/in/main` },
          { path: 'backup', url: `${url}/in/backup` },
        ],
        program: ffmpegBinary ?? '',
        args: words.split(' '),
        environment: [],
        restart: { firstMs: 200, mostMs: 1_000 },
      },
      { clock, net, processes, says: (text) => void said.push(text) },
      stop.signal,
    )
    onTestFinished(async () => {
      stop.abort()
      await done
      await processes.close()
      await net.close()
    })

    await expect.poll(() => bytes.main).toBeGreaterThan(10_000)
    activate('backup')
    await expect.poll(() => bytes.backup).toBeGreaterThan(10_000)
    connections.at(-1)?.end()
    await expect.poll(() => connections.length).toBe(3)

    expect(connections.map(({ path }) => path)).toEqual(['main', 'backup', 'backup'])
    expect(said.slice(0, 2)).toEqual(['streams to main', 'leaves main for backup'])
    expect(said[2]).toMatch(/ended with status \d+.*; again in 200ms$/u)
  })
})
