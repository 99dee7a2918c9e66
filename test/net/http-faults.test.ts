import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Socket } from 'node:net'
import type { HttpRequest, HttpResult, NetFailure } from '../../src/plugin/net.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { serveHttp, serveTcp, type Running } from './servers.ts'

let net: RealNet
const running: Running[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const server of running.splice(0)) await server.close()
})

async function tcp(onConnection: (socket: Socket) => void): Promise<Running> {
  const server = await serveTcp(onConnection)
  running.push(server)
  return server
}

/** A peer that waits for the request and then answers with these bytes. */
function saying(
  text: string | Buffer,
  then: (socket: Socket) => void = () => {},
): Promise<Running> {
  return tcp((socket) => {
    socket.once('data', () => socket.write(text, () => then(socket)))
  })
}

function get(url: string, more: Partial<HttpRequest> = {}): Promise<HttpResult> {
  return net.http({ url, deadlineMs: 5_000, maxBytes: 1_000_000, ...more })
}

function failed(result: HttpResult): NetFailure {
  if (result.ok) throw new Error(`answered ${result.status}`)
  return result
}

/** How many listeners were added to `signal` from now on and not removed. */
function countListeners(signal: AbortSignal): () => number {
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners += 1
    add(...given)
  }
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...given)
  }
  return () => listeners
}

describe('a peer that fails', () => {
  it('is refused where nobody listens', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()

    const failure = failed(await get(`${gone.url}/key-123?token=secret`))

    expect(failure).toMatchObject({ ok: false, fault: 'refused', phase: 'connect', bytes: 0 })
    expect(failure.says).toBe(`connection refused by 127.0.0.1:${gone.port}`)
  })

  it('is not to blame where this machine has no way to it', async () => {
    const failure = failed(await get('http://255.255.255.255/'))

    expect(failure).toMatchObject({ fault: 'local', phase: 'connect' })
  })

  it('is not found where its name does not exist', async () => {
    const failure = failed(await get('http://nowhere.invalid/'))

    expect(['not-found', 'unreachable']).toContain(failure.fault)
    expect(failure.phase).toBe('dns')
  })

  it('resets in the middle of the body, and what came before is counted', async () => {
    const server = await saying(
      'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhello',
      (socket) => {
        setTimeout(() => socket.resetAndDestroy(), 30)
      },
    )

    const failure = failed(await get(server.url))

    expect(failure).toMatchObject({ fault: 'reset', phase: 'body', bytes: 5, status: 200 })
    expect(failure.says).toBe(`127.0.0.1:${server.port} closed the connection inside the answer`)
  })

  it.each([
    ['with content-length', 'content-length: 1000\r\n\r\nhello'],
    ['with chunks', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('closes before the body is complete, %s', async (_, rest) => {
    const server = await saying(`HTTP/1.1 200 OK\r\n${rest}`, (socket) => socket.end())

    const failure = failed(await get(server.url))

    expect(failure).toMatchObject({ fault: 'reset', phase: 'body', bytes: 5 })
  })

  it('closes without an answer', async () => {
    const server = await tcp((socket) => socket.once('data', () => socket.end()))

    const failure = failed(await get(server.url))

    expect(failure).toMatchObject({ fault: 'reset', phase: 'first-byte' })
    expect(failure.says).toContain('closed the connection without an answer')
  })

  it.each([
    ['SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/1.1 2x0 OK\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello12'],
    [`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`],
  ])('does not speak HTTP: %j', async (text) => {
    const server = await saying(text)

    expect(failed(await get(server.url))).toMatchObject({ fault: 'protocol' })
  })

  it('damages the compressed body', async () => {
    const broken = gzipSync('x'.repeat(10_000))
    broken.fill(0xff, 12, 30)
    const server = await saying(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${broken.length}\r\n\r\n`,
        ),
        broken,
      ]),
    )

    const failure = failed(await get(server.url))

    expect(failure).toMatchObject({ fault: 'protocol', phase: 'body', status: 200 })
    expect(failure.says).toContain('cannot be decompressed')
  })
})

describe('a deadline', () => {
  it.each([100, 400, 1_300])('of %i ms is kept when nothing is answered', async (deadlineMs) => {
    const server = await tcp(() => {})

    const failure = failed(await get(server.url, { deadlineMs }))

    expect(failure).toMatchObject({ fault: 'timeout', phase: 'first-byte' })
    expect(failure.says).toBe(`no answer from 127.0.0.1:${server.port} within ${deadlineMs} ms`)
    expect(failure.timings.total).toBeGreaterThanOrEqual(deadlineMs)
    expect(failure.timings.total).toBeLessThan(deadlineMs + 60)
    expect(failure.timings.connect).toBeDefined()
  })

  it('ends headers that arrive byte by byte', async () => {
    const server = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const drip = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(drip))
    })

    const failure = failed(await get(server.url, { deadlineMs: 200 }))

    expect(failure).toMatchObject({ fault: 'timeout', phase: 'first-byte' })
    expect(failure.timings.firstByte).toBeLessThan(100)
  })

  it('ends a body that drips, and keeps what was measured', async () => {
    const server = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(drip))
    })

    const failure = failed(await get(server.url, { deadlineMs: 250 }))

    expect(failure).toMatchObject({ fault: 'timeout', phase: 'body', status: 200 })
    expect(failure.bytes).toBeGreaterThan(2)
    expect(failure.says).toMatch(/was not complete after \d+ bytes within 250 ms$/)
  })

  it('covers the whole call with its redirects', async () => {
    const server = await serveHttp((_, response) => {
      setTimeout(() => {
        response.writeHead(302, { location: '/' })
        response.end()
      }, 60)
    })
    running.push(server)

    const failure = failed(await get(server.url, { deadlineMs: 200, maxRedirects: 50 }))

    expect(failure.fault).toBe('timeout')
    expect(failure.timings.total).toBeLessThan(260)
  })

  it('of one hung peer does not delay another', async () => {
    const hung = await tcp(() => {})
    const good = await saying('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')

    const waiting = Array.from({ length: 50 }, () => get(hung.url, { deadlineMs: 600 }))
    const answer = await get(good.url)
    await Promise.all(waiting)

    expect(answer.ok).toBe(true)
    expect(answer.timings.total).toBeLessThan(300)
  })
})

describe('a body without end', () => {
  it('is cut at the cap and its connection is closed', async () => {
    let closed = false
    const server = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const flood = setInterval(() => socket.write('x'.repeat(50_000)), 1)
      socket.on('close', () => {
        closed = true
        clearInterval(flood)
      })
    })

    const result = await get(server.url, { maxBytes: 300_000 })
    await expect.poll(() => closed).toBe(true)

    expect(result).toMatchObject({ ok: true, bytes: 300_000, truncated: true })
  })

  it('from a gzip bomb is cut at the cap after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
    const server = await serveHttp((_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(bomb)
    })
    running.push(server)
    const before = process.memoryUsage().arrayBuffers

    const result = await get(server.url, { maxBytes: 1_000_000 })

    expect(bomb.length).toBeLessThan(250_000)
    expect(result).toMatchObject({ ok: true, bytes: 1_000_000, truncated: true })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  })

  it('in a redirect that is followed does not hold it up', async () => {
    const server = await tcp((socket) => {
      socket.once('data', (head) => {
        if (head.toString().startsWith('GET /end ')) {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
          return
        }
        socket.write('HTTP/1.1 302 Found\r\nlocation: /end\r\n\r\n')
        const flood = setInterval(() => socket.write('x'.repeat(50_000)), 1)
        socket.on('close', () => clearInterval(flood))
      })
    })

    expect(await get(server.url)).toMatchObject({ ok: true, status: 200, redirects: 1, bytes: 2 })
  })
})

describe('an abort signal', () => {
  it('ends a call at once', async () => {
    const server = await tcp(() => {})
    const controller = new AbortController()

    const pending = get(server.url, { signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    const failure = failed(await pending)

    expect(failure).toMatchObject({ fault: 'aborted', phase: 'first-byte' })
    expect(failure.timings.total).toBeLessThan(200)
  })

  it('that was given before the call lets nothing be sent', async () => {
    let connections = 0
    const server = await tcp(() => (connections += 1))

    const failure = failed(await get(server.url, { signal: AbortSignal.abort() }))

    expect(failure.fault).toBe('aborted')
    expect(connections).toBe(0)
  })

  it('is not listened to any more after the call', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    const controller = new AbortController()
    const { signal } = controller
    const listeners = countListeners(signal)

    await get(server.url, { signal })

    expect(listeners()).toBe(0)
  })

  it('is what closing the network gives to every call in flight and after', async () => {
    const server = await tcp(() => {})

    const pending = get(server.url)
    setTimeout(() => void net.close(), 50)

    expect(failed(await pending).fault).toBe('aborted')
    expect(failed(await get(server.url)).fault).toBe('aborted')
  })
})
