import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Net } from '../../src/plugin/net.ts'
import { eventually, startChild } from './child.ts'
import { freePort, startBackend } from './haproxy-process.ts'
import { nginxBinary } from './nginx-process.ts'
import { visits } from './visits.ts'

/** What nginx.conf begins with, before anything of ours was ever written. */
const firstFile = 'upstream live { server A; server B down; }\n'

/**
 * A real nginx with a master and two workers before two small servers, or those of `ports`, that
 * includes the upstream `live` from a file. In the context `stream` it passes TCP connections on.
 */
export async function startNginxBalancer(
  net: Net,
  setup: { readonly context?: 'http' | 'stream'; readonly ports?: readonly number[] } = {},
) {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const { context = 'http' } = setup
  const folder = mkdtempSync(join(tmpdir(), 'changeover-balancer-'))
  mkdirSync(join(folder, 'tmp'))
  const own = setup.ports === undefined ? ['a', 'b'] : []
  const backends = await Promise.all(own.map((name) => startBackend(name)))
  const ports = setup.ports ?? backends.map(({ port }) => port)
  const servers = ports.map((port) => `127.0.0.1:${port}`)
  const [front, status] = [await freePort(), await freePort()]
  const file = join(folder, 'live.conf')
  const config = join(folder, 'nginx.conf')
  const first = firstFile.replace('A', servers[0] ?? '').replace('B', servers[1] ?? '')
  writeFileSync(file, first)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `  ${each}_temp_path tmp/${each};`,
  )
  const frontends = {
    http: [
      'http {',
      '  access_log off;',
      ...temporary,
      `  include ${file};`,
      `  server { listen 127.0.0.1:${front}; location / { proxy_pass http://live; } }`,
      '}',
    ],
    stream: [
      'stream {',
      `  include ${file};`,
      `  server { listen 127.0.0.1:${front}; proxy_pass live; }`,
      '}',
    ],
  }
  writeFileSync(
    config,
    [
      ...(context === 'stream' ? ['load_module /usr/lib/nginx/modules/ngx_stream_module.so;'] : []),
      'user root; daemon off; worker_processes 2; pid nginx.pid; error_log error.log warn;',
      'events { worker_connections 256; }',
      ...frontends[context],
      '',
    ].join('\n'),
  )
  const args = ['-e', 'stderr', '-p', folder, '-c', config]
  const child = startChild(nginxBinary, args, folder)
  const url = `http://127.0.0.1:${front}`
  const balancer = {
    url,
    options: {
      file,
      upstream: 'live',
      context,
      servers: { 'cdn-a': servers[0], 'cdn-b': servers[1] },
      status: `127.0.0.1:${status}`,
      program: nginxBinary,
      config,
      prefix: folder,
    },
    first,
    config,
    text: () => readFileSync(file, 'utf8'),
    write: (text: string) => writeFileSync(file, text),
    /** A reload the way a person does it. */
    reload: () => child.signal('SIGHUP'),
    visits: (count: number) => visits(net, url, count),
    stop: async () => {
      // The master takes its workers with it.
      if (child.isRunning()) child.signal('SIGTERM')
      await eventually(
        () => 'nginx did not end',
        async () => !child.isRunning(),
      )
    },
    async close() {
      await balancer.stop()
      for (const backend of backends) await backend.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await eventually(
    () => `nginx did not start: ${child.errors()}`,
    async () => {
      if (!child.isRunning()) throw new Error(`nginx ended: ${child.errors()}`)
      return Object.keys(await balancer.visits(1)).includes('200 a') || setup.ports !== undefined
    },
  )
  return balancer
}
