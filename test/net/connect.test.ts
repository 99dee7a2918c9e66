import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { ConnectRequest } from '../../src/plugin/net.ts'
import { hasOpenssl, makeCertificate, serveHttps, serveTcp, type Running } from './servers.ts'

const openssl = hasOpenssl()
// Without the openssl command line no certificate can be made, so these tests are skipped.
const certificate = openssl ? makeCertificate('ingest.test', 20) : { key: '', cert: '' }

let net: RealNet
const running: Running[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const server of running.splice(0)) await server.close()
})

async function serve(...given: Parameters<typeof serveTcp>): Promise<number> {
  const server = await serveTcp(...given)
  running.push(server)
  return server.port
}

function connect(port: number, more: Partial<ConnectRequest> = {}) {
  return net.connect({ host: '127.0.0.1', port, deadlineMs: 2_000, ...more })
}

describe('a connection', () => {
  it('is ended as soon as it stands, where nothing more is asked', async () => {
    let closed = false
    const port = await serve((socket) => socket.resume().on('close', () => (closed = true)))

    const result = await connect(port)
    await expect.poll(() => closed).toBe(true)

    expect(result).toMatchObject({ ok: true, address: '127.0.0.1', banner: Buffer.alloc(0) })
    expect(result.timings.connect).toBeGreaterThan(0)
  })

  it('waits for the banner, also in pieces, and takes no more than was asked', async () => {
    const port = await serve((socket) => {
      socket.write('220 ')
      setTimeout(() => socket.write('ready and waiting'), 20)
    })

    const result = await connect(port, { bannerBytes: 9 })

    expect(result).toMatchObject({ ok: true, banner: Buffer.from('220 ready') })
    expect(result.timings.firstByte).toBeDefined()
  })

  it('gives the shorter banner of a peer that closes', async () => {
    const port = await serve((socket) => socket.end('no'))

    expect(await connect(port, { bannerBytes: 9 })).toMatchObject({ banner: Buffer.from('no') })
  })

  it('is ended by the deadline where the banner does not come', async () => {
    const port = await serve((socket) => socket.resume())

    const result = await connect(port, { bannerBytes: 1, deadlineMs: 100 })

    expect(result).toMatchObject({ ok: false, fault: 'timeout', phase: 'first-byte' })
    expect(result).toMatchObject({ says: `no answer from 127.0.0.1:${port} within 100 ms` })
  })

  it('that is refused says so', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()

    expect(await connect(gone.port)).toMatchObject({
      fault: 'refused',
      phase: 'connect',
      says: `connection refused by 127.0.0.1:${gone.port}`,
    })
  })

  it('is not begun after the caller has given up', async () => {
    const result = await connect(9, { signal: AbortSignal.abort() })

    expect(result).toMatchObject({ fault: 'aborted' })
  })
})

describe.skipIf(!openssl)('a connection with TLS', () => {
  async function serveTls(onName?: (name: string) => void): Promise<number> {
    const server = await serveHttps((_, response) => response.end(), certificate, onName)
    running.push(server)
    return server.port
  }

  it('asks for the given name and tells when the certificate expires', async () => {
    const names: string[] = []
    const port = await serveTls((name) => names.push(name))

    const result = await connect(port, {
      tls: { serverName: 'ingest.test', ca: certificate.cert },
    })

    expect(result).toMatchObject({ ok: true })
    await expect.poll(() => names).toEqual(['ingest.test'])
    expect(result.ok && result.certificateDays).toBeGreaterThan(19)
    expect(result.timings.tls).toBeGreaterThan(0)
  })

  it('refuses a certificate for another name', async () => {
    const port = await serveTls()

    const result = await connect(port, { tls: { serverName: 'other.test', ca: certificate.cert } })

    expect(result).toMatchObject({ fault: 'certificate', phase: 'tls' })
  })

  it('calls trusted certificates that are not PEM our own fault', async () => {
    expect(await connect(9, { tls: { ca: 'x' } })).toMatchObject({ fault: 'local' })
  })
})
