import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'
import { nginxBinary } from './nginx-process.ts'

/** A real nginx-rtmp with the application `live`, which asks a hook about whoever publishes. */
export async function startHookedIngest(hook: string, method: 'get' | 'post') {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-hooked-'))
  const [port, statPort] = [await freePort(), await freePort()]
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      'load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;',
      'daemon off; master_process off; pid nginx.pid; error_log stderr error;',
      'events { worker_connections 256; }',
      'rtmp { server {',
      `  listen 127.0.0.1:${port}; notify_method ${method};`,
      '  application live {',
      `    live on; on_publish "${hook}";`,
      `    on_update "${hook}"; notify_update_timeout 1s;`,
      '  }',
      '} }',
      'http {',
      '  access_log off; client_body_temp_path body; proxy_temp_path proxy;',
      '  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;',
      `  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat all; } }`,
      '}',
      '',
    ].join('\n'),
  )
  const child = startChild(nginxBinary, ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], folder)
  async function close(): Promise<void> {
    await child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await eventually(
      () => `nginx did not start: ${child.errors()}`,
      async () => {
        if (!child.isRunning()) throw new Error(`nginx ended: ${child.errors()}`)
        return (await isOpen(port)) && (await isOpen(statPort))
      },
    )
  } catch (error) {
    await close()
    throw error
  }
  return {
    app: `rtmp://127.0.0.1:${port}/live`,
    close,
    /** Whether somebody publishes under this name, and media came. */
    async has(name: string): Promise<boolean> {
      const stat = await (await fetch(`http://127.0.0.1:${statPort}/stat`)).text()
      const streams = stat.split('<stream>').slice(1)
      const stream = streams.find((each) => each.includes(`<name>${name}</name>`)) ?? ''
      return stream.includes('<publishing/>') && stream.includes('<video>')
    },
  }
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
