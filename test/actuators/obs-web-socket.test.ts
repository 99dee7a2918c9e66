import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { openWebSocket, type WebSocketEnd } from '../../src/actuators/obs/web-socket.ts'

async function server(onConnection: (socket: WebSocket) => void) {
  const listening = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => {
    for (const socket of listening.clients) socket.terminate()
    listening.close()
  })
  listening.on('connection', onConnection)
  await once(listening, 'listening')
  return `ws://127.0.0.1:${(listening.address() as AddressInfo).port}/chat?token=hidden`
}

async function open(url: string, signal = new AbortController().signal) {
  const net = createNet({ clock: realClock() })
  onTestFinished(() => net.close())
  const request = { url, deadlineMs: 2_000, maxMessageBytes: 100_000, signal }
  return await openWebSocket(net, realIds(), request)
}

async function listen(url: string) {
  const opened = await open(url)
  if (!opened.ok) throw new Error(opened.says)
  const messages: string[] = []
  const ends: WebSocketEnd[] = []
  opened.listen({ message: (text) => messages.push(text), ended: (end) => ends.push(end) })
  return { opened, messages, ends }
}

describe('a WebSocket to a server of the ws library', () => {
  it('carries text both ways, long and short, and answers pings', async () => {
    const pongs: string[] = []
    const url = await server((socket) => {
      socket.on('pong', (data: Buffer) => pongs.push(data.toString()))
      socket.on('message', (data: Buffer) => socket.send(`you said ${data.toString()}`))
      socket.ping('there?')
      socket.send('first, before anybody listens')
    })
    const { opened, messages } = await listen(url)

    opened.send('grüezi')
    opened.send('x'.repeat(70_000))

    await expect.poll(() => messages.length).toBe(3)
    expect(messages.slice(0, 2)).toEqual(['first, before anybody listens', 'you said grüezi'])
    expect(messages[2]).toHaveLength(70_009)
    expect(pongs).toEqual(['there?'])
  })

  it('puts fragments together', async () => {
    const url = await server((socket) => {
      socket.send('one ', { fin: false })
      socket.send('message', { fin: true })
    })

    const { messages } = await listen(url)

    await expect.poll(() => messages).toEqual(['one message'])
  })

  it('tells the code and the reason with which the server closes, and no token', async () => {
    const url = await server((socket) => socket.close(4009, 'Authentication failed.'))

    const { ends } = await listen(url)

    await expect.poll(() => ends.length).toBe(1)
    expect(ends[0]).toMatchObject({ code: 4009 })
    expect(ends[0]?.says).toMatch(/closed the connection with 4009 \(Authentication failed\.\)$/)
    expect(ends[0]?.says).not.toContain('hidden')
  })

  it('ends a message that is longer than was allowed', async () => {
    const url = await server((socket) => socket.send('x'.repeat(100_001)))

    const { ends, messages } = await listen(url)

    await expect.poll(() => ends.length).toBe(1)
    expect(ends[0]?.says).toMatch(/sent a frame of 100001 bytes$/)
    expect(messages).toEqual([])
  })

  it('closes with 1000, and hears nothing after that', async () => {
    const closes: number[] = []
    const url = await server((socket) => {
      socket.on('close', (code) => closes.push(code))
    })
    const { opened, ends } = await listen(url)

    opened.close()

    await expect.poll(() => closes).toEqual([1000])
    expect(ends).toEqual([])
  })
})

describe('a WebSocket that cannot be opened', () => {
  async function plainServer(answer: string | undefined) {
    const listening = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        if (answer !== undefined) socket.end(answer)
      })
      onTestFinished(() => void socket.destroy())
    })
    onTestFinished(() => void listening.close())
    listening.listen(0, '127.0.0.1')
    await once(listening, 'listening')
    return `ws://127.0.0.1:${(listening.address() as AddressInfo).port}/`
  }

  it('says what was answered instead', async () => {
    const url = await plainServer('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')

    expect(await open(url)).toMatchObject({
      ok: false,
      says: expect.stringMatching(/answers with status 403 instead of opening a WebSocket$/),
    })
  })

  it('is not waited for beyond its signal', async () => {
    const url = await plainServer(undefined)

    expect(await open(url, AbortSignal.timeout(100))).toMatchObject({ ok: false })
  })

  it('is none for another scheme', async () => {
    expect(await open('http://127.0.0.1/')).toEqual({
      ok: false,
      says: 'http://127.0.0.1/ is no ws or wss URL',
    })
  })
})
