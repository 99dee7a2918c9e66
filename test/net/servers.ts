import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import type { Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Server as TlsServer } from 'node:https'
import { createServer as createTlsServer } from 'node:tls'

/** A program of the system, not of a package. */
const OPENSSL = 'openssl'

/** A server on a free loopback port that ends with all its connections. */
export interface Running {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

export async function serveHttp(listener: RequestListener): Promise<Running> {
  return await run(createHttpServer(listener), 'http')
}

export async function serveHttps(
  listener: RequestListener,
  certificate: Certificate,
  onServerName?: (name: string) => void,
  /** Whoever asks must show a certificate that this one signed. */
  clients?: string,
): Promise<Running> {
  const { key, cert } = certificate
  const asked = clients === undefined ? {} : { requestCert: true, ca: clients }
  const server = createHttpsServer({ key, cert, ...asked }, listener)
  server.on('secureConnection', (socket) => {
    if (typeof socket.servername === 'string') onServerName?.(socket.servername)
  })
  return await run(server, 'https')
}

/** The same under TLS from the first byte. */
export async function serveTls(
  onConnection: (socket: Socket) => void,
  { key, cert }: Certificate,
): Promise<Running> {
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  return await run(server, 'https')
}

/** A peer that does with a raw connection what it likes. */
export async function serveTcp(onConnection: (socket: Socket) => void): Promise<Running> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  return await run(server, 'http')
}

async function run(server: Server | TlsServer | TcpServer, scheme: string): Promise<Running> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A self-signed certificate for `name` and 127.0.0.1, made by the openssl command line. */
export function makeCertificate(name: string, days: number): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-cert-'))
  const at = (file: string) => join(folder, file)
  try {
    writeFileSync(at('c.cnf'), '[req]\ndistinguished_name=d\n[d]\n')
    execFileSync(
      OPENSSL,
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-config',
        at('c.cnf'),
        '-subj',
        `/CN=${name}`,
        '-days',
        String(days),
        '-addext',
        `subjectAltName=DNS:${name},IP:127.0.0.1`,
        '-keyout',
        at('key.pem'),
        '-out',
        at('cert.pem'),
      ],
      { stdio: 'pipe' },
    )
    return {
      key: readFileSync(at('key.pem'), 'utf8'),
      cert: readFileSync(at('cert.pem'), 'utf8'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether the openssl command line is installed; without it TLS tests are skipped. */
export function hasOpenssl(): boolean {
  try {
    execFileSync(OPENSSL, ['version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
