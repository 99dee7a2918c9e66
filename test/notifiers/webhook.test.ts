import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createNet } from '../../src/net/create-net.ts'
import webhook from '../../src/notifiers/webhook.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { fullNotice, notifierContract } from '../contract/notifier-contract.ts'
import { serveHttp } from '../net/servers.ts'

const secret = 'whsec-0123456789abcdef'
const token = 'Bearer tok-0123456789'

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean

async function startReceiver() {
  const received: Received[] = []
  let intercept: Answer = () => false
  const server = await serveHttp((request, response) => {
    if (intercept(request, response)) return
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.end('ok')
    })
  })
  return {
    received,
    url: `${server.url}/hook/s3cr3t-path?key=s3cr3t-key`,
    intercept: (answer: Answer) => {
      intercept = answer
    },
    close: () => server.close(),
  }
}

notifierContract(webhook, async () => {
  const receiver = await startReceiver()
  return {
    options: (url = receiver.url) => ({ url, secret, headers: { Authorization: token } }),
    secrets: [secret, 'tok-0123456789', 's3cr3t'],
    incidents: () => receiver.received.map(({ body }) => (JSON.parse(body) as { key: string }).key),
    intercept: receiver.intercept,
    close: receiver.close,
  }
})

describe('a notice for a webhook', () => {
  async function deliver(options: object, change: Parameters<typeof fullNotice>[0] = {}) {
    const receiver = await startReceiver()
    const net = createNet({ clock: realClock() })
    const clock = { ...realClock(), wall: () => 1_800_000_040_900 }
    const parsed = webhook.options.parse({ url: receiver.url, ...options })
    await webhook.send(parsed, fullNotice(change), { clock, net, callTimeoutMs: 5_000 })
    await net.close()
    await receiver.close()
    const [request] = receiver.received
    if (request === undefined) throw new Error('nothing was received')
    return request
  }

  test('is JSON with times that people and programs can read', async () => {
    const { body, headers } = await deliver({})

    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toEqual({
      version: 1,
      id: '01932f3e-0000-7000-8000-000000000001',
      key: 'channel-1/cdn/cdn-a',
      action: 'trigger',
      severity: 'critical',
      group: 'channel-1/cdn',
      path: 'cdn-a',
      diagnosis: 'playlist-stalled',
      title: 'channel-1/cdn: cdn-a is down: no new segment for 12.5s',
      did: 'moved to cdn-b',
      todo: 'Check the encoder.',
      runbook: 'https://wiki.example/stalled',
      link: 'https://status.example/',
      details: { state: 'STEADY', seconds: 12.5 },
      since: '2027-01-15T08:00:00.000Z',
      at: '2027-01-15T08:00:30.000Z',
    })
  })

  test('is signed as documented, over the bytes that were sent', async () => {
    const { body, headers } = await deliver({ secret }, { title: 'über 𝄞' })

    const expected = createHmac('sha256', secret).update(`1800000040.${body}`).digest('hex')
    expect(headers['changeover-signature']).toBe(`t=1800000040,v1=${expected}`)
  })

  test('is not signed without a secret', async () => {
    const { headers } = await deliver({})

    expect(headers['changeover-signature']).toBeUndefined()
  })

  test('has the identity of the notice, the same on every attempt, and configured headers', async () => {
    const { headers } = await deliver({ headers: { Authorization: token, 'X-Team': 'live' } })

    expect(headers['idempotency-key']).toBe('01932f3e-0000-7000-8000-000000000001')
    expect(headers['authorization']).toBe(token)
    expect(headers['x-team']).toBe('live')
  })
})

describe('the options of webhook', () => {
  const url = 'https://hook.example/'

  test.for([
    ['no URL', {}],
    ['a short secret', { url, secret: 'hunter2' }],
    ['a header that is its own', { url, headers: { 'Idempotency-Key': 'hunter2' } }],
    ['a header name with a space', { url, headers: { 'x y': 'hunter2' } }],
    ['a header value that ends the header', { url, headers: { x: 'hunter2\r\ny: z' } }],
  ])('do not take %s, and the message does not repeat it', ([, written]) => {
    const parsed = webhook.options.safeParse(written)

    expect(parsed.success).toBe(false)
    expect(parsed.error?.message).not.toContain('hunter2')
  })
})
