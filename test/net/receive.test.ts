import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { ReceiveRequest } from '../../src/plugin/net.ts'

let net: RealNet
const sockets: Socket[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const socket of sockets.splice(0)) socket.close()
})

async function listen(more: Partial<ReceiveRequest> = {}) {
  const seen: string[] = []
  const open = await net.receive({
    host: '127.0.0.1',
    port: 0,
    deadlineMs: 2_000,
    onDatagram: (datagram) => seen.push(datagram.toString()),
    onFault: () => {},
    ...more,
  })
  return { seen, open }
}

function sender(type: 'udp4' | 'udp6' = 'udp4'): Socket {
  const socket = createSocket(type)
  sockets.push(socket)
  return socket
}

async function send(socket: Socket, text: string, port: number, to: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.send(text, port, to, (error) => (error === null ? resolve() : reject(error)))
  })
}

function opened(open: Awaited<ReturnType<typeof listen>>['open']) {
  if (!open.ok) throw new Error(open.says)
  return open
}

const hasIPv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
)

describe('receive', () => {
  it('hands on every datagram, and none after it was closed', async () => {
    const { seen, open } = await listen()
    const receiving = opened(open)
    const { port } = receiving
    const socket = sender()

    await send(socket, 'one', port, '127.0.0.1')
    await expect.poll(() => seen).toEqual(['one'])
    receiving.close()
    await send(socket, 'two', port, '127.0.0.1')

    const again = await listen({ port })
    await send(socket, 'three', port, '127.0.0.1')
    await expect.poll(() => again.seen).toEqual(['three'])
    expect(seen).toEqual(['one'])
  })

  it.skipIf(!hasIPv6)('listens on IPv6', async () => {
    const { seen, open } = await listen({ host: '[::1]' })

    await send(sender('udp6'), 'six', opened(open).port, '::1')

    await expect.poll(() => seen).toEqual(['six'])
  })

  it('passes over what comes from elsewhere than the source', async () => {
    const { seen, open } = await listen({ host: '0.0.0.0', source: '127.0.0.2' })
    const { port } = opened(open)
    const right = sender()
    right.bind(0, '127.0.0.2')
    await once(right, 'listening')

    await send(sender(), 'wrong', port, '127.0.0.1')
    await send(right, 'right', port, '127.0.0.1')

    await expect.poll(() => seen).toEqual(['right'])
  })

  it('joins a group on an interface, alone and beside another listener, and for one source', async () => {
    const group = '239.255.77.7'
    const first = await listen({ host: group, interface: 'lo' })
    const { port } = opened(first.open)
    const second = await listen({ host: group, port, interface: '127.0.0.1' })
    const third = await listen({ host: group, port, interface: 'lo', source: '127.0.0.1' })
    const other = await listen({ host: '239.255.77.8', port, interface: 'lo' })
    const socket = sender()
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.setMulticastInterface('127.0.0.1')

    await send(socket, 'to all', port, group)

    for (const { seen } of [first, second, third]) await expect.poll(() => seen).toEqual(['to all'])
    expect(other.seen).toEqual([])
  })

  it.each([
    [
      { host: '192.0.2.1' },
      'this machine has no such address or interface (EADDRNOTAVAIL), for 192.0.2.1:0',
    ],
    [
      { host: '239.255.77.7', interface: 'no-such-0' },
      'this machine has no interface no-such-0 with IPv4, for 239.255.77.7:0',
    ],
  ] as const)('says that the fault is our own: %j', async (more, says) => {
    const { open } = await listen(more)

    expect(open).toMatchObject({ ok: false, fault: 'local', says })
  })

  it('says when a port is taken', async () => {
    const { open } = await listen()
    const { port } = opened(open)

    const again = await listen({ port })

    expect(again.open).toMatchObject({
      ok: false,
      fault: 'local',
      says: `another program of this machine listens there (EADDRINUSE), for 127.0.0.1:${port}`,
    })
  })

  it('ends with its signal and with the network', async () => {
    const controller = new AbortController()
    const { open } = await listen({ signal: controller.signal })
    const { port } = opened(open)
    controller.abort()
    const again = await listen({ port })
    expect(again.open.ok).toBe(true)

    await net.close()

    net = createNet({ clock: realClock() })
    expect((await listen({ port })).open.ok).toBe(true)
  })

  it('does not begin after the network was closed', async () => {
    await net.close()

    expect((await listen()).open).toMatchObject({ ok: false, fault: 'aborted' })
  })
})
