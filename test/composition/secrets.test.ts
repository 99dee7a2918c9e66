import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { startWatchdog, storeFile } from '../../src/composition/start-watchdog.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { folderWith } from './folder.ts'

/** Stands wherever a credential, a stream key or a signed query may stand. */
const secret = 'hunter2hunter2hunter2'

/** A path of every probe, with the secret in each place that it has for one. */
const paths: Readonly<Record<string, (port: number) => string>> = {
  dash: (port) => web(port, 'x.mpd'),
  dns: (port) => `url: "dns://x.test?type=A", servers: ["127.0.0.1:${port}"]`,
  'haproxy-stats': (port) => `url: "${url('http', port, 'stats;csv')}", backend: live`,
  hls: (port) => web(port, 'x.m3u8'),
  http: (port) => web(port, 'x'),
  kubernetes: (port) =>
    `url: "${url('http', port, '')}", pods: app=x, token_file: TOKEN, ca_file: "", headers: { x-key: ${secret} }`,
  mediamtx: (port) => `url: "${url('http', port, '')}", path: live/${secret}`,
  mpegts: (port) => `url: "${url('http', port, 'x.ts')}"`,
  'nginx-rtmp': (port) => `url: "${url('http', port, '')}", application: live, stream: ${secret}`,
  restreamer: (port) =>
    `url: "${url('http', port, '')}", process: x, username: reader, password: ${secret}`,
  rtmp: (port) => `url: "${url('rtmp', port, `live/${secret}`)}"`,
  srs: (port) => `url: "${url('http', port, '')}", app: live, stream: ${secret}`,
  srt: (port) => `url: "srt://127.0.0.1:${port}", passphrase: ${secret}, stream_id: ${secret}`,
  tcp: (port) => `url: "tcp://127.0.0.1:${port}"`,
}

function url(scheme: string, port: number, path: string): string {
  return `${scheme}://reader:${secret}@127.0.0.1:${port}/${path}${path === '' ? '' : `?token=${secret}`}`
}

function web(port: number, path: string): string {
  return `url: "${url('http', port, path)}", headers: { authorization: "Bearer ${secret}" }`
}

/** A peer that says back whatever it is told, as hostile servers and error pages do. */
async function echo(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      socket.write(
        `HTTP/1.1 200 OK\r\nx-echo: ${secret}\r\ncontent-length: ${chunk.length}\r\n\r\n`,
      )
      socket.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function configuration(port: number, folder: string): string {
  const groups = Object.entries(paths).map(
    ([type, options]) =>
      `      ${type}: { paths: { a: { type: ${type}, ${options(port).replace('TOKEN', join(folder, 'token'))} } } }`,
  )
  return `listen: { operator: "127.0.0.1:0" }
timing: { every: 1s, for: 1s, clear_for: 1s, stale_after: 3s }
recording: { directory: ./recording }
notify: [{ type: webhook, url: "${url('http', port, 'hook')}", secret: ${secret} }]
streams:
  channel-1:
    groups:
${groups.join('\n')}
`
}

/** Everything that a watchdog says of itself in a few seconds: API, metrics, log, journal, files. */
async function saidBy(port: number): Promise<string> {
  const folder = folderWith({ token: secret })
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, configuration(port, folder))
  const clock = realClock()
  const net = createNet({ clock })
  onTestFinished(() => net.close())
  const processes = realProcesses({ clock })
  onTestFinished(() => processes.close())
  const logged: unknown[] = []
  const log = (entry: object, says: string) => void logged.push([entry, says])
  const running = await startWatchdog(
    {
      version: '1.2.3',
      clock,
      random: realRandom(),
      ids: realIds(),
      net,
      processes,
      plugins,
      environment: () => undefined,
      load: (text, fileName) => loadConfiguration(text, fileName, plugins),
      openStore: async (settings) =>
        await openSqliteStore({ file: storeFile(settings, file), clock }),
      loopLag: { read: () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 }), close() {} },
    },
    {
      read: () => readFileSync(file, 'utf8'),
      fileName: file,
      log: { info: log, warn: log, error: log },
    },
  )
  const get = async (route: string) => await (await fetch(`${running.url}${route}`)).text()
  await expect
    .poll(async () => {
      const { groups } = JSON.parse(await get('/api/v1/state')) as {
        groups: { paths: { seenAt?: number }[] }[]
      }
      return groups.every((group) => group.paths.every((path) => path.seenAt !== undefined))
    })
    .toBe(true)
  const answers = await Promise.all(['/api/v1/state', '/api/v1/journal', '/metrics'].map(get))
  await running.stop()
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !['changeover.yaml', 'token'].includes(entry.name),
  )
  const contents = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return [...answers, JSON.stringify(logged), ...contents].join('\n')
}

describe('credentials, stream keys, passphrases and signed queries', () => {
  it('are tried with every probe', () => {
    expect(Object.keys(paths).toSorted()).toEqual(plugins.probes.map(({ type }) => type).toSorted())
  })

  it.each([
    ['refuses', async () => await Promise.resolve(1)],
    ['says them back', echo],
  ])('stand in nothing that a watchdog says or keeps where the peer %s', async (_, peer) => {
    const said = await saidBy(await peer())

    expect(said).toContain('channel-1/rtmp')
    const at = said.indexOf(secret)
    expect(at < 0 ? '' : said.slice(Math.max(0, at - 300), at + 60)).toBe('')
  })
})
