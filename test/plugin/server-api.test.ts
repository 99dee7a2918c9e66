import type { RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import srs from '../../probes/srs.ts'
import { serveHttp } from '../net/servers.ts'
import { session } from '../probes/look-once.ts'

async function look(listener: RequestListener, more: object = {}) {
  const running = await serveHttp(listener)
  onTestFinished(() => running.close())
  const url = `http://reader:hunter2@127.0.0.1:${running.port}/`
  const seen = await session(srs, { url, app: 'live', stream: 'key', ...more })()
  expect(JSON.stringify(seen)).not.toContain('hunter2')
  return seen
}

describe('a server that is asked about itself', () => {
  it.each<readonly [string, RequestListener, string]>([
    [
      'refuses our credentials',
      (_, response) => response.writeHead(401).end(),
      'refuses our credentials (401): nothing is known of the stream.',
    ],
    [
      'fails within',
      (_, response) => response.writeHead(500).end('oops'),
      'answers with status 500: nothing is known of the stream.',
    ],
    [
      'sends a page for people',
      (_, response) => response.end('<html>'),
      'answers something that is no JSON: nothing is known of the stream.',
    ],
    [
      'sends other JSON',
      (_, response) => response.end('{"code":"fine"}'),
      'answers JSON of another shape than its API (code): nothing is known of the stream.',
    ],
    [
      'points elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'answers with status 302: nothing is known of the stream.',
    ],
  ])('says nothing of the stream where it %s', async (_, listener, reason) => {
    const seen = await look(listener)

    expect(seen.outcome).toBe('unknown')
    expect(seen.reason).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/? /u)
    expect(seen.reason).toContain(reason)
  })

  it('is given the credentials of its URL', async () => {
    let authorization: string | undefined

    await look((request, response) => {
      authorization = request.headers.authorization
      response.end('{}')
    })

    expect(authorization).toBe(`Basic ${Buffer.from('reader:hunter2').toString('base64')}`)
  })

  it.each([
    ['fail', 'fail'],
    ['unknown', 'unknown'],
  ])('that does not answer is %s where configuration says so', async (when, outcome) => {
    const seen = await look((request) => request.socket.destroy(), { when_unreachable: when })

    expect(seen.outcome).toBe(outcome)
    expect(seen.reason).toContain('does not answer')
  })

  it('is bounded in time over all questions of a look', async () => {
    const startedAt = performance.now()

    const seen = await look(
      (_, response) => {
        response.write('{')
      },
      { timeout: '200ms' },
    )

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  it('is told what bitrate to expect, also where the look fails', async () => {
    const seen = await look((request) => request.socket.destroy(), { expected_bitrate: '6Mbps' })

    expect(seen.measurements).toMatchObject({ expected_bits_per_second: 6_000_000 })
  })
})
