import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'
import { nginxBinary } from './nginx-process.ts'

/**
 * A real nginx as an edge in front of an origin, open to pages of any origin; on 127.0.0.1 and a free
 * port unless another address is given.
 */
export async function startNginxProxy(
  origin: string,
  at?: { readonly address: string; readonly port: number },
) {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-nginx-proxy-'))
  const address = at?.address ?? '127.0.0.1'
  const port = at?.port ?? (await freePort())
  mkdirSync(join(folder, 'tmp'))
  const others = ['client_body', 'fastcgi', 'uwsgi', 'scgi', 'proxy']
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      'daemon off; master_process off; pid nginx.pid; error_log stderr crit;',
      'events { worker_connections 256; }',
      'http {',
      '  access_log off;',
      ...others.map((each) => `  ${each}_temp_path tmp/${each};`),
      '  server {',
      `    listen ${address}:${port};`,
      // An origin that is open itself must not be so twice: browsers take neither then.
      '    proxy_hide_header Access-Control-Allow-Origin;',
      `    location / { proxy_pass ${origin}; add_header Access-Control-Allow-Origin * always; }`,
      '  }',
      '}',
      '',
    ].join('\n'),
  )
  const child = startChild(nginxBinary, ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], folder)
  const url = `http://${address}:${port}`
  await eventually(
    () => `nginx did not start: ${child.errors()}`,
    async () => {
      if (!child.isRunning()) throw new Error(`nginx ended: ${child.errors()}`)
      return await fetch(url).then(
        () => true,
        () => false,
      )
    },
  )
  return {
    url,
    host: `${address}:${port}`,
    port,
    kill: () => child.kill(),
    close: async () => {
      await child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
