import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { HttpAnswer, HttpRequest, HttpResult } from '../../src/plugin/net.ts'
import { hasOpenssl, makeCertificate, serveHttps } from './servers.ts'

const openssl = hasOpenssl()
// Without the openssl command line no certificate can be made, so these tests are skipped.
const certificate = openssl ? makeCertificate('edge.test', 30) : { key: '', cert: '' }

let net: RealNet
const ending: (() => Promise<unknown>)[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const end of ending.splice(0)) await end()
})

/** A server that speaks HTTP/2, and HTTP/1.1 to who cannot; counts its connections. */
async function serve(
  listener: Parameters<typeof createSecureServer>[1],
): Promise<{ url: string; port: number; opened: () => number }> {
  const server: Http2SecureServer = createSecureServer(
    { key: certificate.key, cert: certificate.cert, allowHTTP1: true },
    listener,
  )
  let opened = 0
  server.on('secureConnection', (socket) => {
    opened += 1
    socket.on('error', () => {})
    ending.unshift(async () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ending.push(async () => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}/`, port, opened: () => opened }
}

const get = (url: string, more: Partial<HttpRequest> = {}): Promise<HttpResult> =>
  net.http({
    url,
    deadlineMs: 5_000,
    maxBytes: 1_000_000,
    ca: certificate.cert,
    http2: true,
    ...more,
  })

function answered(result: HttpResult): HttpAnswer {
  if (!result.ok) throw new Error(result.says)
  return result
}

describe.skipIf(!openssl)('HTTP/2', () => {
  it('is spoken where it is asked for and offered, with all phases measured', async () => {
    const server = await serve((request, response) => {
      response.setHeader('x-authority', request.authority)
      response.end(`version ${request.httpVersion}`)
    })

    const answer = answered(
      await get(`https://edge.test:${server.port}/a?b=1`, { address: '127.0.0.1' }),
    )

    expect(answer.httpVersion).toBe(2)
    expect(answer.body.toString()).toBe('version 2.0')
    expect(answer.headers['x-authority']).toBe(`edge.test:${server.port}`)
    expect(answer.timings.tls).toBeGreaterThan(0)
    expect(answer.timings.firstByte).toBeGreaterThanOrEqual(0)
    expect(answer.certificateDays).toBeGreaterThan(29)
  })

  it('keeps its connection for the next request', async () => {
    const server = await serve((_, response) => response.end('x'))

    answered(await get(server.url))
    const second = answered(await get(server.url))

    expect(second.timings.tls).toBeUndefined()
    expect(server.opened()).toBe(1)
  })

  it('opens a connection for one answer alone where that is asked for', async () => {
    const server = await serve((_, response) => response.end('x'))

    answered(await get(server.url, { fresh: true }))
    answered(await get(server.url, { fresh: true }))

    expect(server.opened()).toBe(2)
  })

  it('is not spoken unless asked for', async () => {
    const server = await serve((request, response) => response.end(request.httpVersion))

    const answer = answered(await get(server.url, { http2: false }))

    expect(answer.httpVersion).toBe(1.1)
    expect(answer.body.toString()).toBe('1.1')
  })

  it('gives way to HTTP/1.1 where the server has nothing else', async () => {
    const server = await serveHttps((_, response) => response.end('old'), certificate)
    ending.push(() => server.close())

    const answer = answered(await get(server.url))

    expect(answer.httpVersion).toBe(1.1)
    expect(answer.body.toString()).toBe('old')
  })

  it('ends at its deadline, at its cap and with the answer of a server that breaks off', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/hang') return
      if (request.url === '/large') return void response.end(Buffer.alloc(500_000))
      response.stream?.close(2)
    })

    const late = await get(`${server.url}hang`, { deadlineMs: 150 })
    const large = answered(await get(`${server.url}large`, { maxBytes: 1_000 }))
    const broken = await get(`${server.url}reset`)

    expect(late).toMatchObject({ ok: false, fault: 'timeout', phase: 'first-byte' })
    expect(large).toMatchObject({ truncated: true, bytes: 1_000 })
    expect(broken).toMatchObject({ ok: false })
  })
})
