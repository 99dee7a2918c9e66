import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpAnswer, HttpRequest, HttpResult, NetFailure } from '../../src/plugin/net.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { serveHttp, type Running } from './servers.ts'
import type { RequestListener } from 'node:http'

let net: RealNet
const running: Running[] = []

beforeEach(() => {
  net = createNet({ clock: realClock() })
})

afterEach(async () => {
  await net.close()
  for (const server of running.splice(0)) await server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = await serveHttp(listener)
  running.push(server)
  return server.url
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

describe('an answer', () => {
  it('carries status, headers, body and the time of each phase', async () => {
    const url = await serve((_, response) => {
      response.setHeader('X-Two', ['a', 'b'])
      response.writeHead(404)
      response.end('gone')
    })

    const answer = answered(await get(`${url}/live.m3u8`))

    expect(answer).toMatchObject({ status: 404, bytes: 4, truncated: false, redirects: 0 })
    expect(answer.headers['x-two']).toBe('a, b')
    expect(answer.body.toString()).toBe('gone')
    expect(answer.address).toBe('127.0.0.1')
    expect(answer.timings.dns).toBeUndefined()
    expect(answer.timings.connect).toBeGreaterThan(0)
    expect(answer.timings.firstByte).toBeGreaterThan(0)
    expect(answer.timings.total).toBeGreaterThanOrEqual(answer.timings.firstByte ?? 0)
  })

  it('has trailers apart from its headers, which nobody mistakes for them', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { trailer: 'ETag', etag: '"head"' })
      response.write('body')
      response.addTrailers({ ETag: '"tail"' })
      response.end()
    })
    const without = await serve((_, response) => response.end('body'))

    const answer = answered(await get(url))

    expect(answer.headers['etag']).toBe('"head"')
    expect(answer.trailers).toEqual({ etag: '"tail"' })
    expect(answered(await get(without))).not.toHaveProperty('trailers')
  })

  it('is told of before its body comes, and ends where nobody wants the rest', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/moved') return response.writeHead(302, { location: '/live' }).end()
      response.writeHead(200, { 'content-type': 'video/mp2t' })
      // It never ends by itself.
      return response.write('first')
    })
    const heads: unknown[] = []

    const chunks: string[] = []
    const whole = await get(`${url}/moved`, {
      onAnswer: ({ status, headers }) => void heads.push([status, headers['content-type']]),
      onChunk: (chunk) => chunks.push(chunk.toString()) === 0,
    })
    const refused = await get(`${url}/live`, { onAnswer: () => false })

    expect(heads).toEqual([[200, 'video/mp2t']])
    expect(answered(whole)).toMatchObject({ truncated: true })
    expect(chunks).toEqual(['first'])
    expect(answered(refused)).toMatchObject({ status: 200, bytes: 0, truncated: true })
  })

  it('says how long the name look-up took', async () => {
    const url = await serve((_, response) => response.end('ok'))

    const answer = answered(await get(url.replace('127.0.0.1', 'localhost'), { family: 4 }))

    expect(answer.timings.dns).toBeGreaterThan(0)
    expect(answer.address).toBe('127.0.0.1')
  })

  it('has no connect time on a reused connection, and has it again with fresh', async () => {
    const sockets = new Set<number>()
    const url = await serve((request, response) => {
      sockets.add(request.socket.remotePort ?? 0)
      response.end('ok')
    })

    const first = answered(await get(url))
    const second = answered(await get(url))
    const third = answered(await get(url, { fresh: true }))

    expect(first.timings.connect).toBeDefined()
    expect(second.timings.connect).toBeUndefined()
    expect(third.timings.connect).toBeDefined()
    expect(sockets.size).toBe(2)
  })

  it('times the first byte and the last byte apart', async () => {
    const url = await serve((_, response) => {
      response.write('head')
      setTimeout(() => response.end('tail'), 120)
    })

    const { timings } = answered(await get(url))

    expect(timings.firstByte).toBeLessThan(100)
    expect(timings.total).toBeGreaterThanOrEqual(115)
  })

  it('sends method, headers and body, and user and password of the URL as a header', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push(request.method, request.headers.authorization, request.headers['x-a'], body)
        response.end()
      })
    })

    const answer = answered(
      await get(url.replace('://', '://u%40x:p@'), {
        method: 'POST',
        headers: { 'X-A': '1' },
        body: 'hello',
      }),
    )

    const basic = `Basic ${Buffer.from('u@x:p').toString('base64')}`
    expect(seen).toEqual(['POST', basic, '1', 'hello'])
    expect(answer.url).toBe(`${url}/`)
  })
})

describe('a body', () => {
  const text = 'segment '.repeat(5_000)

  it.each([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['utf-8', Buffer.from(text)],
  ])('with content-encoding %s arrives plain', async (encoding, coded) => {
    const url = await serve((_, response) => {
      response.setHeader('content-encoding', encoding)
      response.end(coded)
    })

    const answer = answered(await get(url))

    expect(answer.body.toString() === text).toBe(true)
    expect(answer.bytes).toBe(text.length)
  })

  it('keeps its connection after it was decompressed', async () => {
    const url = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(text))
    })

    await get(url)
    const second = answered(await get(url))

    expect(second.timings.connect).toBeUndefined()
  })

  it('of a partial answer is handed on as it came', async () => {
    const coded = gzipSync(text).subarray(10, 200)
    const url = await serve((_, response) => {
      response.writeHead(206, { 'content-encoding': 'gzip' })
      response.end(coded)
    })

    const answer = answered(await get(url, { headers: { range: 'bytes=10-199' } }))

    expect(answer.body).toEqual(coded)
  })

  it('of exactly the cap is whole, and one byte more is cut', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(1_000)))

    const whole = answered(await get(url, { maxBytes: 1_000 }))
    const cut = answered(await get(url, { maxBytes: 999 }))

    expect([whole.bytes, whole.truncated]).toEqual([1_000, false])
    expect([cut.bytes, cut.body.length, cut.truncated]).toEqual([999, 999, true])
  })

  it('goes to onChunk as it arrives and can be kept out of the result', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(200_000)))
    let bytes = 0

    const answer = answered(
      await get(url, {
        discardBody: true,
        onChunk: (chunk) => {
          bytes += chunk.length
          return undefined
        },
      }),
    )

    expect(bytes).toBe(200_000)
    expect(answer.bytes).toBe(200_000)
    expect(answer.body.length).toBe(0)
  })

  it('ends when onChunk has seen enough', async () => {
    const url = await serve((_, response) => {
      response.write('x'.repeat(1_000))
    })

    const answer = answered(await get(url, { onChunk: () => false }))

    expect(answer.truncated).toBe(true)
    expect(answer.timings.total).toBeLessThan(1_000)
  })

  it('passes on what onChunk throws', async () => {
    const url = await serve((_, response) => response.end('x'))

    const result = get(url, {
      onChunk: () => {
        throw new Error('a bug of the caller')
      },
    })

    await expect(result).rejects.toThrow('a bug of the caller')
  })

  it('is empty for HEAD, 204 and 304, also where they name an encoding', async () => {
    const url = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { 'content-encoding': 'gzip' })
      response.end()
    })

    const results = [
      await get(`${url}/200`, { method: 'HEAD' }),
      await get(`${url}/204`),
      await get(`${url}/304`),
    ]

    expect(results.map((result) => answered(result).bytes)).toEqual([0, 0, 0])
  })
})

describe('redirects', () => {
  it('are followed, counted, and lead to the URL that answered', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/end') return response.end('here')
      const next = request.url === '/a' ? 'b' : '/end'
      response.writeHead(302, { location: next })
      return response.end('moved')
    })

    const answer = answered(await get(`${url}/a`))

    expect(answer).toMatchObject({ status: 200, redirects: 2, url: `${url}/end` })
    expect(answer.body.toString()).toBe('here')
  })

  it('are returned as they are with a limit of 0', async () => {
    const url = await serve((_, response) => {
      response.writeHead(301, { location: '/x' })
      response.end('moved')
    })

    const answer = answered(await get(url, { maxRedirects: 0 }))

    expect(answer).toMatchObject({ status: 301, redirects: 0 })
    expect(answer.body.toString()).toBe('moved')
  })

  it('without end stop at the limit', async () => {
    let requests = 0
    const url = await serve((_, response) => {
      requests += 1
      response.writeHead(302, { location: `/${requests}` })
      response.end()
    })

    const failure = failed(await get(`${url}/?token=secret`, { maxRedirects: 3 }))

    expect(failure).toMatchObject({ fault: 'too-many-redirects', phase: 'redirect' })
    expect(failure.says).toBe(`127.0.0.1:${new URL(url).port} redirected more than 3 times`)
    expect(requests).toBe(4)
  })

  it('to another origin lose every header that could be a credential', async () => {
    let seen: NodeJS.Dict<string | string[]> = {}
    const other = await serve((request, response) => {
      seen = request.headers
      response.end()
    })
    const url = await serve((_, response) => {
      response.writeHead(302, { location: other })
      response.end()
    })

    await get(url.replace('://', '://user:pass@'), {
      headers: { 'X-Api-Key': 'k', cookie: 'c=1', Accept: 'text/plain', 'User-Agent': 'me' },
    })

    expect(seen).toMatchObject({ accept: 'text/plain', 'user-agent': 'me' })
    expect(seen).not.toHaveProperty('x-api-key')
    expect(seen).not.toHaveProperty('cookie')
    expect(seen).not.toHaveProperty('authorization')
  })

  it('to the same origin keep them', async () => {
    let seen: string | undefined
    const url = await serve((request, response) => {
      if (request.url === '/end') {
        seen = request.headers.authorization
        return response.end()
      }
      response.writeHead(307, { location: '/end' })
      return response.end()
    })

    await get(url, { headers: { authorization: 'Bearer t' } })

    expect(seen).toBe('Bearer t')
  })

  it.each([
    [303, 'PUT', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [307, 'POST', 'POST', 'data'],
    [308, 'PUT', 'PUT', 'data'],
  ])('with %i turn %s into %s', async (status, method, becomes, body) => {
    let seen: unknown
    const url = await serve((request, response) => {
      if (request.url !== '/end') {
        request.resume()
        response.writeHead(status, { location: '/end' })
        return response.end()
      }
      let got = ''
      request.on('data', (chunk: Buffer) => (got += chunk.toString()))
      return request.on('end', () => {
        seen = [request.method, got]
        response.end()
      })
    })

    answered(await get(url, { method, body: 'data' }))

    expect(seen).toEqual([becomes, body])
  })

  it.each([
    ['file:///etc/passwd', 'redirected to something that is no web address'],
    [
      'http://127.0.0.1:1/',
      'redirected to another origin, which would get the body of the request',
    ],
  ])('to %s with a body are refused', async (location, says) => {
    const url = await serve((request, response) => {
      request.resume()
      response.writeHead(308, { location })
      response.end()
    })

    const failure = failed(await get(url, { method: 'POST', body: 'routing_key=secret' }))

    expect(failure).toMatchObject({ fault: 'protocol', phase: 'redirect' })
    expect(failure.says).toContain(says)
  })

  it('leave the pinned address when they leave its name', async () => {
    const other = await serve((_, response) => response.end('other'))
    const url = await serve((_, response) => {
      response.writeHead(302, { location: other })
      response.end()
    })
    const pinned = url.replace('127.0.0.1', 'edge.test')

    const answer = answered(await get(pinned, { address: '127.0.0.1' }))

    expect(answer.body.toString()).toBe('other')
  })
})

describe('a request', () => {
  it('connects to a pinned address and keeps the Host of its URL', async () => {
    let host: string | undefined
    const url = await serve((request, response) => {
      host = request.headers.host
      response.end()
    })
    const { port } = new URL(url)

    const answer = answered(await get(`http://edge.test:${port}/`, { address: '127.0.0.1' }))

    expect(host).toBe(`edge.test:${port}`)
    expect(answer.timings.dns).toBeUndefined()
  })

  it.each<[string, Partial<HttpRequest>, string]>([
    ['a header value with a line break', { headers: { 'x-a': 'b\r\nx-evil: 1' } }, 'header x-a'],
    ['a header name with a line break', { headers: { 'x\r\ny': '1' } }, 'name of a header'],
    ['a method with a space', { method: 'GET /evil' }, 'method'],
    ['an address that is a name', { address: 'example.org' }, 'address'],
    ['another scheme', { url: 'ftp://user:pass@127.0.0.1/' }, 'ftp:'],
    ['no URL', { url: 'not a url?token=secret' }, 'URL'],
  ])('with %s is refused before anything is sent', async (_, more, word) => {
    let requests = 0
    const url = await serve((request, response) => {
      requests += 1
      response.end()
    })

    const failure = failed(await get(url, more))

    expect(failure).toMatchObject({ fault: 'protocol', phase: 'request' })
    expect(failure.says).toContain(word)
    expect(failure.says).not.toMatch(/evil|pass|secret/)
    expect(requests).toBe(0)
  })

  it('is asked again on a new connection when the peer closed the idle one', async () => {
    const url = await serve((request, response) => {
      response.end('ok')
      response.on('close', () => request.socket.destroy())
    })

    const results = []
    for (let index = 0; index < 20; index += 1) results.push(await get(url))

    expect(results.every((result) => result.ok)).toBe(true)
  })

  it('that changes something always gets a connection of its own', async () => {
    const url = await serve((_, response) => response.end('ok'))

    await get(url)
    const post = answered(await get(url, { method: 'POST', body: 'x' }))

    expect(post.timings.connect).toBeDefined()
  })

  it('is one of 200 at once, and few connections stay idle afterwards', async () => {
    const open = new Set<unknown>()
    const url = await serve((request, response) => {
      open.add(request.socket)
      request.socket.once('close', () => open.delete(request.socket))
      response.end('x'.repeat(2_000))
    })

    const results = await Promise.all(Array.from({ length: 200 }, () => get(url)))
    await expect.poll(() => open.size).toBeLessThanOrEqual(32)

    expect(results.filter((result) => result.ok && result.bytes === 2_000).length).toBe(200)
  })
})
