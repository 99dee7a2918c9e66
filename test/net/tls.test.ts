import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpAnswer, HttpRequest, HttpResult, NetFailure } from '../../src/plugin/net.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { hasOpenssl, makeCertificate, serveHttps, serveTcp, type Running } from './servers.ts'

const openssl = hasOpenssl()
// Without the openssl command line no certificate can be made, so these tests are skipped.
const certificate = openssl ? makeCertificate('edge.test', 30) : { key: '', cert: '' }

let net: RealNet
const running: Running[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const server of running.splice(0)) await server.close()
})

async function serve(onServerName?: (name: string) => void): Promise<Running> {
  const server = await serveHttps(
    (request, response) => response.end(request.headers.host),
    certificate,
    onServerName,
  )
  running.push(server)
  return server
}

function get(url: string, more: Partial<HttpRequest> = {}): Promise<HttpResult> {
  return net.http({ url, deadlineMs: 5_000, maxBytes: 1_000_000, ...more })
}

function answered(result: HttpResult): HttpAnswer {
  if (!result.ok) throw new Error(result.says)
  return result
}

function failed(result: HttpResult): NetFailure {
  if (result.ok) throw new Error(`answered ${result.status}`)
  return result
}

describe.skipIf(!openssl)('over TLS', () => {
  it('a pinned address keeps Host and server name, and the certificate is checked by name', async () => {
    const names: string[] = []
    const { port } = await serve((name) => names.push(name))
    const url = `https://edge.test:${port}/`

    const answer = answered(await get(url, { address: '127.0.0.1', ca: certificate.cert }))

    expect(names).toEqual(['edge.test'])
    expect(answer.body.toString()).toBe(`edge.test:${port}`)
    expect(answer.address).toBe('127.0.0.1')
    expect(answer.timings.tls).toBeGreaterThan(0)
    expect(answer.certificateDays).toBeGreaterThan(29)
    expect(answer.certificateDays).toBeLessThanOrEqual(30)
  })

  it('a reused connection has no handshake time but still knows its certificate', async () => {
    const { url } = await serve()

    await get(url, { ca: certificate.cert })
    const answer = answered(await get(url, { ca: certificate.cert }))

    expect(answer.timings.tls).toBeUndefined()
    expect(answer.certificateDays).toBeGreaterThan(29)
  })

  it('a connection that was made with another trust is not reused', async () => {
    const { url } = await serve()

    answered(await get(url, { ca: certificate.cert }))
    const failure = failed(await get(url))

    expect(failure).toMatchObject({ fault: 'certificate', phase: 'tls' })
    expect(failure.says).toBe(`the certificate of ${new URL(url).host} is self-signed`)
  })

  it('a certificate for another name is a fault of the certificate', async () => {
    const { port } = await serve()

    const failure = failed(
      await get(`https://other.test:${port}/`, { address: '127.0.0.1', ca: certificate.cert }),
    )

    expect(failure).toMatchObject({ fault: 'certificate', phase: 'tls' })
    expect(failure.says).toBe(
      `the certificate of other.test:${port} (127.0.0.1) is for another name`,
    )
  })

  it('trusted certificates that are not PEM are our own fault', async () => {
    const { url } = await serve()

    const failure = failed(await get(url, { ca: '-----BEGIN CERTIFICATE-----\nx\n' }))

    expect(failure.fault).toBe('local')
  })

  describe('with a certificate of our own', () => {
    const client = openssl ? makeCertificate('changeover', 30) : { key: '', cert: '' }

    /** A server that asks who is there, and says what it heard. */
    async function asking(): Promise<Running> {
      const server = await serveHttps(
        (request, response) => {
          const { subject } = (request.socket as TLSSocket).getPeerCertificate()
          response.end(subject.CN)
        },
        certificate,
        undefined,
        client.cert,
      )
      running.push(server)
      return server
    }

    it('shows it to a peer that asks, on connections that are not those of anybody else', async () => {
      const { url } = await asking()
      const ca = certificate.cert

      const known = answered(await get(url, { ca, client }))
      const stranger = failed(await get(url, { ca }))

      expect(known.body.toString()).toBe('changeover')
      expect(stranger.ok).toBe(false)
    })

    it('does not show it to whom it is redirected', async () => {
      const other = await asking()
      const first = await serveHttps(
        (_, response) => response.writeHead(302, { location: other.url }).end(),
        certificate,
      )
      running.push(first)

      const result = await get(first.url, { ca: certificate.cert, client })

      expect(result.ok).toBe(false)
    })

    it('a key of another certificate is our own fault', async () => {
      const { url } = await asking()

      const mixed = { cert: client.cert, key: certificate.key }
      const failure = failed(await get(url, { ca: certificate.cert, client: mixed }))

      expect(failure).toMatchObject({
        fault: 'local',
        says: 'the certificates to trust, or to show, are not valid PEM',
      })
    })
  })

  it('a peer that speaks plain HTTP fails in the TLS phase', async () => {
    const server = await serveTcp((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    running.push(server)

    const failure = failed(await get(server.url.replace('http:', 'https:')))

    expect(failure).toMatchObject({ fault: 'protocol', phase: 'tls' })
  })

  it('a peer that closes in the handshake has reset it', async () => {
    const server = await serveTcp((socket) => socket.once('data', () => socket.destroy()))
    running.push(server)

    const failure = failed(await get(server.url.replace('http:', 'https:')))

    expect(failure).toMatchObject({ fault: 'reset', phase: 'tls' })
  })

  it('a handshake that never ends is ended by the deadline, and the connection is closed', async () => {
    let closed = false
    const server = await serveTcp((socket) => {
      socket.resume()
      socket.on('close', () => (closed = true))
    })
    running.push(server)
    const url = server.url.replace('http:', 'https:')

    const failure = failed(await get(url, { deadlineMs: 200 }))
    await expect.poll(() => closed).toBe(true)

    expect(failure).toMatchObject({ fault: 'timeout', phase: 'tls' })
    expect(failure.says).toBe(`no TLS session with ${new URL(url).host} within 200 ms`)
    expect(failure.timings.total).toBeLessThan(260)
  })
})
