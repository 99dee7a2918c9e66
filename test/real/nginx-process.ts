import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

/** The nginx that is installed here; `undefined` where none is. */
export const nginxBinary = installed('/usr/sbin/nginx', '/usr/local/bin/nginx')

/**
 * A real nginx in its own folder: an origin to which encoders publish below `/live/` by PUT and
 * DELETE (ngx_http_dav_module). Each answer names it in `X-Served-By`.
 */
export async function startNginx(name: string) {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const folder = mkdtempSync(join(tmpdir(), `changeover-nginx-${name}-`))
  const port = await freePort()
  mkdirSync(join(folder, 'live'))
  mkdirSync(join(folder, 'tmp'))
  const others = ['proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      // One process, so that killing it kills all of it.
      'daemon off; master_process off; pid nginx.pid; error_log stderr warn;',
      'events { worker_connections 256; }',
      'http {',
      '  access_log off; client_max_body_size 16m; client_body_temp_path tmp/body;',
      ...others.map((each) => `  ${each}_temp_path tmp/${each};`),
      '  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }',
      '  server {',
      `    listen 127.0.0.1:${port}; root .;`,
      `    add_header Cache-Control no-cache; add_header X-Served-By ${name} always;`,
      '    location /live/ { dav_methods PUT DELETE; }',
      // The same stream through an edge that lost its segments, and through one that is out of order.
      '    location ~ ^/lost/.*[.]m4s$ { return 404; }',
      '    location /lost/ { alias live/; }',
      '    location /page/ { return 200 "<!doctype html><title>Sorry</title>"; }',
      '    location /time { default_type text/plain; return 200 $time_iso8601; }',
      '  }',
      '}',
      '',
    ].join('\n'),
  )
  const child = startChild(nginxBinary, ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], folder)
  const url = `http://127.0.0.1:${port}`
  async function close(): Promise<void> {
    await child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
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
  } catch (error) {
    await close()
    throw error
  }
  return { url, port, kill: () => child.kill(), close }
}
