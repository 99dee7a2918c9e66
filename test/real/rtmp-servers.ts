import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../net/servers.ts'
import { eventually, installed, startChild } from './child.ts'
import { ffmpegBinary } from './encoder.ts'
import { freePort } from './haproxy-process.ts'
import { nginxBinary } from './nginx-process.ts'

/** Where Debian keeps modules of nginx. */
const modules = '/usr/lib/nginx/modules'

/** The ffprobe that is installed here; `undefined` where none is. */
export const ffprobeBinary = installed('/usr/bin/ffprobe', '/usr/local/bin/ffprobe')

/** Whether nginx is here with its modules for RTMP and for TLS in front of it. */
export const hasNginxRtmp =
  nginxBinary !== undefined &&
  existsSync(`${modules}/ngx_rtmp_module.so`) &&
  existsSync(`${modules}/ngx_stream_module.so`)

/** A real RTMP server. */
export interface RtmpServer {
  readonly port: number
  /** RTMP over TLS. */
  readonly securePort: number
  /** Where its statistics are, where it has some. */
  readonly statUrl?: string
  kill(): Promise<void>
  close(): Promise<void>
}

/** A real nginx with the application `live`, and TLS in front of the same. */
export async function startNginxRtmp(certificate: Certificate): Promise<RtmpServer> {
  if (nginxBinary === undefined) throw new Error('nginx is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-nginx-rtmp-'))
  const [port, securePort, statPort] = [await freePort(), await freePort(), await freePort()]
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'key.pem'), certificate.key)
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      `load_module ${modules}/ngx_rtmp_module.so;`,
      `load_module ${modules}/ngx_stream_module.so;`,
      'daemon off; master_process off; pid nginx.pid; error_log stderr error;',
      'events { worker_connections 256; }',
      `rtmp { server { listen 127.0.0.1:${port}; application live { live on; } } }`,
      'http {',
      '  access_log off; client_body_temp_path body; proxy_temp_path proxy;',
      '  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;',
      `  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat all; } }`,
      '}',
      'stream { server {',
      `  listen 127.0.0.1:${securePort} ssl; proxy_pass 127.0.0.1:${port};`,
      '  ssl_certificate cert.pem; ssl_certificate_key key.pem;',
      '} }',
      '',
    ].join('\n'),
  )
  const child = startChild(nginxBinary, ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], folder)
  const statUrl = `http://127.0.0.1:${statPort}`
  return await running('nginx', child, folder, { port, securePort, statUrl })
}

/** A real node-media-server, which keeps a group of pictures for who joins. */
export async function startNodeMediaServer(certificate: Certificate): Promise<RtmpServer> {
  const require = createRequire(import.meta.url)
  const program = require.resolve('node-media-server/bin/app.js')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-nms-'))
  const [port, securePort] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'key.pem'), certificate.key)
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      bind: '127.0.0.1',
      rtmp: { port },
      rtmps: { port: securePort, key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') },
      store: { path: join(folder, 'data') },
      record: { path: join(folder, 'record') },
    }),
  )
  const child = startChild(
    process.execPath,
    [program, '--no-admin', '-c', join(folder, 'config.json')],
    folder,
  )
  return await running('node-media-server', child, folder, { port, securePort })
}

async function running(
  name: string,
  child: ReturnType<typeof startChild>,
  folder: string,
  ports: Pick<RtmpServer, 'port' | 'securePort' | 'statUrl'>,
): Promise<RtmpServer> {
  async function close(): Promise<void> {
    await child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await eventually(
      () => `${name} did not start: ${child.errors()}`,
      async () => {
        if (!child.isRunning()) throw new Error(`${name} ended: ${child.errors()}`)
        return (await isOpen(ports.port)) && (await isOpen(ports.securePort))
      },
    )
  } catch (error) {
    await close()
    throw error
  }
  return { ...ports, kill: () => child.kill(), close }
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

/** FFmpeg publishes a moving test picture (H.264, 25 a second, a key frame every second) with a tone. */
export function startPublisher(url: string) {
  if (ffmpegBinary === undefined) throw new Error('ffmpeg is not installed')
  const child = startChild(
    ffmpegBinary,
    `-hide_banner -loglevel error -nostdin
      -re -f lavfi -i testsrc2=size=256x144:rate=25
      -re -f lavfi -i sine=frequency=440:sample_rate=48000
      -map 0:v -map 1:a -pix_fmt yuv420p
      -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -b:v 300k
      -g 25 -keyint_min 25 -sc_threshold 0
      -c:a aac -b:a 64k -f flv ${url}`
      .trim()
      .split(/\s+/u),
    tmpdir(),
  )
  return {
    errors: child.errors,
    isRunning: child.isRunning,
    /** The process stops as if its machine hung: the connection stays open and nothing more comes. */
    freeze: () => child.signal('SIGSTOP'),
    thaw: () => child.signal('SIGCONT'),
    /** Ends politely: FFmpeg unpublishes. */
    stop: () => child.signal('SIGINT'),
    kill: () => child.kill(),
  }
}
