import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { NetFailure, OpenConnection, OpenRequest } from '../../src/plugin/net.ts'
import { hasOpenssl, makeCertificate, serveTcp, type Running } from './servers.ts'

let net: RealNet
const running: Running[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const server of running.splice(0)) await server.close()
})

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server = await serveTcp(onConnection)
  running.push(server)
  return server.port
}

function open(port: number, more: Partial<OpenRequest> = {}) {
  return net.open({ host: '127.0.0.1', port, deadlineMs: 2_000, ...more })
}

/** Everything that a connection brings, and how it ended. */
function listenTo(result: Awaited<ReturnType<typeof open>>) {
  if (!result.ok) throw new Error(result.says)
  const heard: { text: string; ends: (NetFailure | undefined)[]; connection: OpenConnection } = {
    text: '',
    ends: [],
    connection: result,
  }
  result.listen({
    data: (chunk) => (heard.text += chunk.toString()),
    ended: (failure) => heard.ends.push(failure),
  })
  return heard
}

describe('an open connection', () => {
  it('carries both ways, for longer than opening may take', async () => {
    const port = await serve((socket) => socket.pipe(socket))

    const heard = listenTo(await open(port, { deadlineMs: 60 }))
    await new Promise((resolve) => setTimeout(resolve, 120))
    heard.connection.write(Buffer.from('echo'))

    await expect.poll(() => heard.text).toBe('echo')
    expect(heard.ends).toEqual([])
    expect(heard.connection).toMatchObject({ ok: true, address: '127.0.0.1' })
    expect(heard.connection.timings.connect).toBeGreaterThan(0)
  })

  it('loses nothing that came before anybody listened', async () => {
    const port = await serve((socket) => socket.end('early'))

    const result = await open(port)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const heard = listenTo(result)

    await expect.poll(() => heard.ends).toEqual([undefined])
    expect(heard.text).toBe('early')
  })

  it('tells once when the peer breaks it off', async () => {
    const port = await serve((socket) => setTimeout(() => socket.resetAndDestroy(), 20))

    const heard = listenTo(await open(port))

    await expect.poll(() => heard.ends).toHaveLength(1)
    expect(heard.ends[0]).toMatchObject({ ok: false, fault: 'reset' })
    expect(heard.ends[0]?.says).toBe(`127.0.0.1:${port} closed the connection inside the answer`)
  })

  it('says nothing more once it is closed, and drops what is written then', async () => {
    let peer: Socket | undefined
    const port = await serve((socket) => (peer = socket))

    const heard = listenTo(await open(port))
    await expect.poll(() => peer).toBeDefined()
    peer?.write('late')
    heard.connection.close()
    heard.connection.write(Buffer.from('x'))
    await expect.poll(() => peer?.destroyed).toBe(true)

    expect(heard).toMatchObject({ text: '', ends: [] })
  })

  it('ends when its owner gives up, and with the network', async () => {
    const port = await serve((socket) => socket.resume())
    const controller = new AbortController()

    const first = listenTo(await open(port, { signal: controller.signal }))
    const second = listenTo(await open(port))
    controller.abort()
    await net.close()

    expect(first.ends).toMatchObject([{ fault: 'aborted' }])
    expect(second.ends).toMatchObject([{ fault: 'aborted' }])
  })

  it('ends when the peer does not take what is sent', async () => {
    const port = await serve((socket) => socket.pause())

    const heard = listenTo(await open(port, { maxUnsentBytes: 10_000 }))
    for (let sent = 0; sent < 200 && heard.ends.length === 0; sent += 1) {
      heard.connection.write(Buffer.alloc(2 ** 20))
    }

    expect(heard.ends).toMatchObject([
      { fault: 'timeout', says: `127.0.0.1:${port} does not take what is sent to it` },
    ])
  })

  it('that cannot be opened says so', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()

    expect(await open(gone.port)).toMatchObject({ ok: false, fault: 'refused', phase: 'connect' })
    expect(await open(9, { signal: AbortSignal.abort() })).toMatchObject({ fault: 'aborted' })
  })

  // Without the openssl command line no certificate can be made, so this test is skipped.
  it.skipIf(!hasOpenssl())('goes over TLS, by name and trusted certificate', async () => {
    const certificate = makeCertificate('ingest.test', 20)
    const names: (string | false | null)[] = []
    const server = createTlsServer({ ...certificate }, (socket) => {
      names.push(socket.servername)
      socket.on('error', () => {})
      socket.pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo

    const heard = listenTo(
      await open(port, { tls: { serverName: 'ingest.test', ca: certificate.cert } }),
    )
    heard.connection.write(Buffer.from('secret'))
    const other = await open(port, { tls: { serverName: 'other.test', ca: certificate.cert } })

    await expect.poll(() => heard.text).toBe('secret')
    expect(heard.connection.certificateDays).toBeGreaterThan(19)
    expect(names).toEqual(['ingest.test'])
    expect(other).toMatchObject({ ok: false, fault: 'certificate', phase: 'tls' })
    heard.connection.close()
  })
})
