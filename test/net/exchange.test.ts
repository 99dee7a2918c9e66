import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExchangeRequest, ExchangeResult } from '../../src/plugin/net.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { serveTcp, type Running } from './servers.ts'

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

function say(port: number, more: Partial<ExchangeRequest> = {}): Promise<ExchangeResult> {
  const to = { host: '127.0.0.1', port }
  return net.exchange({ to, payload: 'show\n', deadlineMs: 2_000, maxBytes: 1_000, ...more })
}

describe('an exchange', () => {
  it('writes the payload and reads until the peer closes', async () => {
    const port = await serve((socket) => {
      socket.once('data', (said) => {
        socket.write(`you said ${said.toString()}`)
        setTimeout(() => socket.end('bye'), 20)
      })
    })

    const result = await say(port)

    if (!result.ok) throw new Error(result.says)
    expect(result.body.toString()).toBe('you said show\nbye')
    expect(result.truncated).toBe(false)
    expect(result.ms).toBeGreaterThanOrEqual(15)
  })

  it('ends with a whole answer where the caller can tell, though the peer stays', async () => {
    const port = await serve((socket) => {
      socket.write('one ')
      setTimeout(() => socket.write('two.'), 20)
    })

    const result = await say(port, { isComplete: (body) => body.toString().endsWith('.') })

    expect(result).toMatchObject({ ok: true, body: Buffer.from('one two.'), truncated: false })
  })

  it('works over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'changeover-exchange-'))
    const socket = join(folder, 's.sock')
    const server = createServer((peer) => peer.once('data', () => peer.end('ok\n')))
    server.listen(socket)
    await once(server, 'listening')

    const result = await say(0, { to: { socket } })
    server.close()
    await once(server, 'close')
    const gone = await say(0, { to: { socket } })
    rmSync(folder, { recursive: true })

    expect(result).toMatchObject({ ok: true, body: Buffer.from('ok\n') })
    expect(gone).toMatchObject({ ok: false, fault: 'not-found', phase: 'connect' })
    expect(gone).toHaveProperty('says', `there is no socket at ${socket}`)
  })

  it('cuts at the cap', async () => {
    const port = await serve((socket) => socket.write('x'.repeat(5_000)))

    const result = await say(port)

    expect(result).toMatchObject({ ok: true, truncated: true })
    expect(result.ok && result.body.length).toBe(1_000)
  })

  it('that nobody accepts was never written', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()

    const result = await say(gone.port)

    expect(result).toMatchObject({ ok: false, fault: 'refused', phase: 'connect' })
  })

  it('that is not answered ends at its deadline, in a phase that tells it was written', async () => {
    const port = await serve((socket) => socket.resume())

    const result = await say(port, { deadlineMs: 150 })

    expect(result).toMatchObject({ ok: false, fault: 'timeout', phase: 'first-byte' })
    expect(!result.ok && result.timings.total).toBeLessThan(210)
  })

  it('that is answered in part ends as an incomplete body', async () => {
    const port = await serve((socket) => socket.write('some'))

    const result = await say(port, { deadlineMs: 150 })

    expect(result).toMatchObject({ ok: false, fault: 'timeout', phase: 'body', bytes: 4 })
  })

  it('ends at once when its signal aborts', async () => {
    const port = await serve(() => {})
    const controller = new AbortController()

    const pending = say(port, { signal: controller.signal })
    setTimeout(() => controller.abort(), 30)
    const result = await pending
    const before = await say(port, { signal: controller.signal })

    expect(result).toMatchObject({ ok: false, fault: 'aborted' })
    expect(before).toMatchObject({ ok: false, fault: 'aborted', phase: 'connect' })
  })

  it('that the peer resets says so', async () => {
    const port = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))

    expect(await say(port)).toMatchObject({ ok: false, fault: 'reset', phase: 'first-byte' })
  })
})
