import type { RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import http from '../../probes/http.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { hasOpenssl, makeCertificate, serveHttp, serveHttps } from '../net/servers.ts'
import { session } from './look-once.ts'

type Options = Partial<z.input<typeof http.options>>

async function serve(listener: RequestListener): Promise<string> {
  const server = await serveHttp(listener)
  onTestFinished(() => server.close())
  return server.url
}

async function look(listener: RequestListener, options: Options = {}) {
  const origin = await serve(listener)
  const url = `${origin}/health?token=hunter2`
  return { seen: await session(http, { url, ...options })(), origin }
}

const page: RequestListener = (_, answer) => {
  answer.setHeader('content-type', 'text/html; charset=utf-8')
  answer.setHeader('last-modified', new Date(Date.now() - 60_000).toUTCString())
  answer.end('<h1>on air</h1>')
}

describe('the http probe', () => {
  it('measures status, phases, size and age of a page', async () => {
    const { seen } = await look(page)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({ http_status: 200, content_bytes: 15 })
    expect(seen.measurements['content_age_seconds']).toBeGreaterThan(58)
    expect(seen.measurements['content_age_seconds']).toBeLessThan(63)
    for (const phase of ['connect', 'first_byte', 'total']) {
      expect(seen.measurements[`http_${phase}_seconds`]).toBeGreaterThan(0)
    }
    expect(seen.measurements).not.toHaveProperty('http_dns_seconds')
    expect(seen.measurements).not.toHaveProperty('certificate_days')
  })

  it('connects anew at every look, and leaves no connection open', async () => {
    const ports = new Set<number | undefined>()
    const open = new Set<object>()
    const origin = await serve((request, answer) => {
      ports.add(request.socket.remotePort)
      open.add(request.socket)
      request.socket.on('close', () => open.delete(request.socket))
      answer.end('ok')
    })
    const once = session(http, { url: origin })

    const all = [await once(), await once(), await once()]
    await expect.poll(() => open.size).toBe(0)

    expect(ports.size).toBe(3)
    for (const { measurements } of all) expect(measurements).toHaveProperty('http_connect_seconds')
  })

  it.each<readonly [string, RequestListener, Options, { diagnosis: string; reason: string }]>([
    [
      'another status than expected',
      (_, answer) => answer.writeHead(503).end(),
      {},
      { diagnosis: 'unreachable', reason: 'answered 503, not 200' },
    ],
    [
      'a page that is gone',
      (_, answer) => answer.writeHead(410).end(),
      { status: [200, 204] },
      { diagnosis: 'not-found', reason: 'answered 410, not 200 or 204' },
    ],
    [
      'a good status that is not the expected one',
      page,
      { status: [204] },
      { diagnosis: 'wrong-content', reason: 'answered 200, not 204' },
    ],
    [
      'a redirect that is not to be followed',
      (_, answer) => answer.writeHead(302, { location: '/login' }).end(),
      { redirects: 0 },
      { diagnosis: 'wrong-content', reason: 'answered 302, not 200' },
    ],
    [
      'a text that is missing',
      page,
      { contains: 'OFF AIR' },
      {
        diagnosis: 'wrong-content',
        reason: 'does not contain the expected text in 15 bytes',
      },
    ],
    [
      'a text beyond the limit',
      (_, answer) => answer.end(`${' '.repeat(5_000)}on air`),
      { contains: 'on air', max_bytes: '1KiB' },
      {
        diagnosis: 'wrong-content',
        reason: 'does not contain the expected text in the first 1024 bytes',
      },
    ],
    [
      'another type',
      page,
      { content_type: 'application/json' },
      { diagnosis: 'wrong-content', reason: 'was sent with another type, not application/json' },
    ],
    [
      'no type',
      (_, answer) => answer.end('{}'),
      { content_type: 'application/json' },
      { diagnosis: 'wrong-content', reason: 'was sent with no type, not application/json' },
    ],
    [
      'content without an age',
      (_, answer) => answer.end('{}'),
      { max_age: '30s' },
      { diagnosis: 'wrong-content', reason: 'does not say when it was modified' },
    ],
  ])('fails with %s', async (_, listener, options, { diagnosis, reason }) => {
    const { seen, origin } = await look(listener, options)

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis,
      reason: `${origin}/health?token=… ${reason}.`,
    })
    expect(seen.measurements).toHaveProperty('http_total_seconds')
  })

  it('fails with content that is too old by the clock of the server', async () => {
    const { seen } = await look(
      (_, answer) => {
        answer.setHeader('date', 'Sun, 01 Jun 2025 12:10:00 GMT')
        answer.setHeader('last-modified', 'Sun, 01 Jun 2025 12:00:00 GMT')
        answer.end('x')
      },
      { max_age: '5m' },
    )

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'playlist-stalled' })
    expect(seen.reason).toContain('was modified 10m ago, more than 5m')
    expect(seen.measurements['content_age_seconds']).toBe(600)
  })

  it('passes with everything as expected, behind a redirect', async () => {
    const { seen } = await look(
      (request, answer) => {
        if (request.url === '/there') page(request, answer)
        else answer.writeHead(302, { location: '/there' }).end()
      },
      { contains: 'on air', content_type: 'Text/HTML', max_age: '5m' },
    )

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { http_redirects: 1 } })
  })

  it('says where a request stopped, and keeps what was measured', async () => {
    const { seen } = await look(
      (_, answer) => {
        answer.writeHead(200)
        answer.write('begins')
      },
      { timeout: '200ms' },
    )

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(seen.reason).toMatch(
      /^http:\/\/\S+\?token=… cannot be fetched \(body\): the answer of \S+ was not complete/u,
    )
    expect(seen.measurements).toMatchObject({ http_status: 200 })
    expect(seen.measurements).toHaveProperty('http_connect_seconds')
  })

  it('knows nothing of the path where the fault is its own', async () => {
    const once = session(
      http,
      { url: 'https://edge.test/' },
      {
        http: async () => ({
          ok: false,
          fault: 'local',
          phase: 'connect',
          says: 'this process has no free file descriptors',
          bytes: 0,
          timings: { total: 1 },
        }),
      },
    )

    const seen = await once()

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason:
        'https://edge.test/ cannot be fetched (connect): this process has no free file descriptors.',
    })
    expect(seen).not.toHaveProperty('diagnosis')
  })

  // Without the openssl command line no certificate can be made, so this test is skipped.
  it.skipIf(!hasOpenssl())('measures handshake and certificate over TLS', async () => {
    const certificate = makeCertificate('edge.test', 9)
    const server = await serveHttps((_, answer) => answer.end('ok'), certificate)
    onTestFinished(() => server.close())
    const url = `https://edge.test:${server.port}/`
    const untrusting = session(http, { url, address: '127.0.0.1' })

    const seen = await untrusting()

    expect(seen.reason).toContain(
      `(tls): the certificate of edge.test:${server.port} (127.0.0.1) is self-signed`,
    )
    const net = createNet({ clock: realClock() })
    onTestFinished(() => net.close())
    const trusting = session(
      http,
      { url, address: '127.0.0.1' },
      {
        http: (request) => net.http({ ...request, ca: certificate.cert }),
      },
    )

    const trusted = await trusting()

    expect(trusted.outcome).toBe('pass')
    expect(trusted.measurements['certificate_days']).toBeGreaterThan(8)
    expect(trusted.measurements['certificate_days']).toBeLessThanOrEqual(9)
    expect(trusted.measurements['http_tls_seconds']).toBeGreaterThan(0)
  })
})
