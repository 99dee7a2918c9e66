import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../net/servers.ts'
import { eventually, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'
import { nginxBinary } from './nginx-process.ts'

/**
 * A real nginx as an edge with TLS and HTTP/2. Files in `folder`/live are served at `/live/`, and at
 * `/signed/` to those who sign as ngx_http_secure_link_module asks, with `secret`.
 */
export async function startEdge(certificate: Certificate, secret: string) {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-edge-'))
  const port = await freePort()
  for (const each of ['live', 'tmp']) mkdirSync(join(folder, each))
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'key.pem'), certificate.key)
  const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `  ${each}_temp_path tmp/${each};`,
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      'daemon off; master_process off; pid nginx.pid; error_log stderr warn;',
      'events { worker_connections 256; }',
      'http {',
      '  access_log off; client_body_temp_path tmp/body;',
      ...temporary,
      '  types { application/vnd.apple.mpegurl m3u8; video/mp4 mp4 m4s; video/mp2t ts; }',
      '  server {',
      `    listen 127.0.0.1:${port} ssl http2; root .;`,
      '    ssl_certificate cert.pem; ssl_certificate_key key.pem;',
      '    add_header X-Protocol $server_protocol always; add_header X-Name $ssl_server_name always;',
      '    location /live/ { add_header Cache-Control no-cache; }',
      '    location /signed/ {',
      '      alias live/;',
      '      secure_link $arg_md5,$arg_expires;',
      `      secure_link_md5 "$secure_link_expires$uri ${secret}";`,
      '      if ($secure_link = "") { return 403; }',
      '      if ($secure_link = "0") { return 410; }',
      '    }',
      '  }',
      '}',
      '',
    ].join('\n'),
  )
  const child = startChild(nginxBinary, ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], folder)
  async function close(): Promise<void> {
    await child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  await eventually(
    () => `nginx did not start: ${child.errors()}`,
    async () => {
      if (!child.isRunning()) throw new Error(`nginx ended: ${child.errors()}`)
      return await isOpen(port)
    },
  )
  return { port, live: join(folder, 'live'), errors: child.errors, close }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
