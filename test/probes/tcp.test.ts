import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import tcp from '../../probes/tcp.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { hasOpenssl, makeCertificate, serveHttps, serveTcp } from '../net/servers.ts'
import { session } from './look-once.ts'

async function serve(onConnection: (socket: Socket) => void): Promise<string> {
  const server = await serveTcp(onConnection)
  onTestFinished(() => server.close())
  return `127.0.0.1:${server.port}`
}

describe('the tcp probe', () => {
  it('passes where something listens, with the connect time', async () => {
    const once = session(tcp, { url: `tcp://${await serve((socket) => socket.resume())}` })

    const seen = await once()

    expect(seen).toMatchObject({ outcome: 'pass', findings: [] })
    expect(Object.keys(seen.measurements)).toEqual(['tcp_connect_seconds'])
    expect(await once()).toMatchObject({ outcome: 'pass' })
  })

  it('passes with the expected banner, whatever comes behind it', async () => {
    const where = await serve((socket) => socket.write('220 mail ready\r\n'))

    const seen = await session(tcp, { url: `tcp://${where}`, banner: '220 ' })()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toHaveProperty('tcp_banner_seconds')
  })

  it.each([
    ['another banner', (socket: Socket) => socket.write('500 no')],
    ['half of the banner', (socket: Socket) => socket.end('22')],
    ['no banner', (socket: Socket) => socket.end()],
  ])('fails with %s, which is not repeated', async (_, greet) => {
    const where = await serve((socket) => void greet(socket))

    const seen = await session(tcp, { url: `tcp://${where}`, banner: '220 ' })()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'wrong-content',
      reason: `${where} greets with something else than the expected banner.`,
    })
    expect(seen.measurements).toHaveProperty('tcp_connect_seconds')
  })

  it('fails at the deadline where the banner never comes, and keeps the connect time', async () => {
    const where = await serve((socket) => socket.resume())

    const seen = await session(tcp, { url: `tcp://${where}`, banner: '220 ', timeout: '200ms' })()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'unreachable',
      reason: `No connection as it should be (first-byte): no answer from ${where} within 200 ms.`,
    })
    expect(seen.measurements).toHaveProperty('tcp_connect_seconds')
  })

  it('fails where nobody listens', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()

    const seen = await session(tcp, { url: `tcp://127.0.0.1:${gone.port}` })()

    expect(seen.reason).toBe(
      `No connection as it should be (connect): connection refused by 127.0.0.1:${gone.port}.`,
    )
  })

  it.each(['tcp://127.0.0.1', 'http://127.0.0.1:80', 'tls://', 'tcp://host:0'])(
    'does not take %s for an address',
    (url) => {
      expect(tcp.options.safeParse({ url }).success).toBe(false)
    },
  )

  // Without the openssl command line no certificate can be made, so these tests are skipped.
  describe.skipIf(!hasOpenssl())('over TLS', () => {
    it('asks for the server name, and tells when the certificate expires', async () => {
      const certificate = makeCertificate('ingest.test', 9)
      const names: string[] = []
      const server = await serveHttps(
        (_, answer) => answer.end(),
        certificate,
        (name) => names.push(name),
      )
      const net = createNet({ clock: realClock() })
      onTestFinished(async () => {
        await net.close()
        await server.close()
      })
      const url = `tls://127.0.0.1:${server.port}`
      const trusting = session(
        tcp,
        { url, server_name: 'ingest.test' },
        {
          connect: (request) =>
            net.connect({ ...request, tls: { ...request.tls, ca: certificate.cert } }),
        },
      )

      const seen = await trusting()
      const untrusted = await session(tcp, { url })()

      expect(seen.outcome).toBe('pass')
      expect(seen.measurements['certificate_days']).toBeGreaterThan(8)
      expect(seen.measurements['tcp_tls_seconds']).toBeGreaterThan(0)
      await expect.poll(() => names).toContain('ingest.test')
      expect(untrusted).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
      expect(untrusted.reason).toContain('is self-signed')
    })
  })
})
