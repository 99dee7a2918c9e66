import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { DatagramRequest } from '../../src/plugin/net.ts'

let net: RealNet
const sockets: Socket[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const socket of sockets.splice(0)) socket.close()
})

async function serve(
  onMessage: (socket: Socket, message: Buffer, from: RemoteInfo) => void,
): Promise<number> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.on('message', (message, from) => onMessage(socket, message, from))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

function ask(port: number, more: Partial<DatagramRequest> = {}) {
  return net.datagram({
    host: '127.0.0.1',
    port,
    payload: Buffer.from('ping'),
    deadlineMs: 2_000,
    isAnswer: () => true,
    ...more,
  })
}

describe('a datagram', () => {
  it('is answered', async () => {
    const port = await serve((socket, message, { port: to }) =>
      socket.send(`re: ${message.toString()}`, to),
    )

    const result = await ask(port)

    expect(result).toMatchObject({ ok: true, body: Buffer.from('re: ping'), address: '127.0.0.1' })
  })

  it('passes over what answers something else', async () => {
    const port = await serve((socket, _, { port: to }) => {
      for (const text of ['x', 'y', 'pong']) socket.send(text, to)
    })

    const result = await ask(port, { isAnswer: (body) => body.toString() === 'pong' })

    expect(result).toMatchObject({ ok: true, body: Buffer.from('pong') })
  })

  it('passes over what comes from elsewhere', async () => {
    const stranger = createSocket('udp4')
    sockets.push(stranger)
    const port = await serve((_, __, { port: to }) => stranger.send('pong', to, '127.0.0.1'))

    const result = await ask(port, { deadlineMs: 150 })

    expect(result).toMatchObject({ ok: false, fault: 'timeout', phase: 'first-byte' })
  })

  it('is given up at the deadline', async () => {
    const port = await serve(() => {})

    const result = await ask(port, { deadlineMs: 100 })

    expect(result).toMatchObject({ fault: 'timeout' })
    expect(result).toMatchObject({ says: `no answer from 127.0.0.1:${port} within 100 ms` })
  })

  it('to a port where nobody listens is refused at once', async () => {
    const port = await serve(() => {})
    const [socket] = sockets.splice(0)
    socket?.close()

    const result = await ask(port)

    expect(result).toMatchObject({ fault: 'refused' })
    expect(result).toMatchObject({ says: `connection refused by 127.0.0.1:${port}` })
  })

  it('is ended with the network', async () => {
    const port = await serve(() => {})
    const asked = ask(port)

    await net.close()

    expect(await asked).toMatchObject({ fault: 'aborted' })
  })

  it('to a name that does not exist fails in the look-up', async () => {
    const result = await ask(53, { host: 'name.invalid' })

    expect(result).toMatchObject({ ok: false, phase: 'dns' })
  })
})
