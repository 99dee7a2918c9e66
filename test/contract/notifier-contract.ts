import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Notice } from '../../src/core/notice.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Delivery, NotifierPlugin } from '../../src/plugin/notifier.ts'
import { serveHttp, serveTcp } from '../net/servers.ts'

/** A service that a notifier speaks to, on loopback. */
export interface NotifierHarness {
  /** Options as a person writes them, for the service at `url`, or at another one. */
  options(url?: string): unknown
  /** What may never be said: keys, tokens, secret parts of the URL. */
  readonly secrets: readonly string[]
  /** The identity of the incident in each request that the service took, in order. */
  incidents(): readonly string[]
  /** Answers requests in place of the service; true where it did. */
  intercept(answer: (request: IncomingMessage, response: ServerResponse) => boolean): void
  /** The service says in its answer whether it took the notice: without that, nobody knows. */
  readonly confirms?: true
  close(): Promise<void>
}

/** A notice with everything in it. */
export function fullNotice(change: Partial<Notice> = {}): Notice {
  return {
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
    since: 1_800_000_000_000,
    wall: 1_800_000_030_000,
    link: 'https://status.example/',
    details: { state: 'STEADY', seconds: 12.5 },
    ...change,
  }
}

const long = 'é𝄞'.repeat(2_000)

/** Notices at the edges of what alerting may hand over. */
export const noticesAtTheEdges: readonly (readonly [string, Partial<Notice>])[] = [
  ['complete', {}],
  ['a warning', { severity: 'warning' }],
  ['an error', { severity: 'error' }],
  ['information', { severity: 'info' }],
  ['an acknowledgement', { action: 'acknowledge' }],
  ['a resolution', { action: 'resolve' }],
  ['with very long texts', { title: long, did: long, todo: long, details: { [long]: long } }],
  ['with a very long key', { key: `channel-1/${long}` }],
  [
    'with hundreds of details',
    { details: Object.fromEntries(range(500).map((n) => [`d${n}`, n])) },
  ],
  ['with broken characters', { title: 'a\uD800b\0c\nd', did: '\uDFFF', key: 'x\uD800' }],
  ['with an identity that fits no header', { id: 'é\r\nx: y' }],
  ['with links that are none', { link: 'status.example', runbook: 'see the wiki' }],
]

/** The whole contract of a notifier that posts over HTTP, against a server of its service. */
export function notifierContract<Schema extends z.ZodType>(
  plugin: NotifierPlugin<Schema>,
  start: () => Promise<NotifierHarness>,
): void {
  describe(`${plugin.type} keeps the contract of a notifier`, () => {
    let harness: NotifierHarness
    let net: RealNet
    const said: Delivery[] = []

    beforeEach(async () => {
      net = createNet({ clock: realClock() })
      harness = await start()
      said.length = 0
    })
    afterEach(async () => {
      await net.close()
      await harness.close()
      // Whatever happened in the test, no secret was said.
      for (const secret of harness.secrets) expect(JSON.stringify(said)).not.toContain(secret)
    })

    async function send(notice: Notice, url?: string, callTimeoutMs = 5_000): Promise<Delivery> {
      const options = plugin.options.parse(harness.options(url))
      const delivery = await plugin.send(options, notice, {
        clock: realClock(),
        net,
        callTimeoutMs,
      })
      said.push(delivery)
      return delivery
    }

    test.for(noticesAtTheEdges)('delivers a notice %s', async ([, change]) => {
      const delivery = await send(fullNotice(change))

      expect(delivery).toMatchObject({ ok: true })
      expect(harness.incidents()).toHaveLength(1)
    })

    test('names one incident the same from its beginning to its end', async () => {
      for (const key of ['channel-1/cdn/cdn-a', `channel-1/${long}`]) {
        for (const action of ['trigger', 'acknowledge', 'resolve'] as const) {
          await send(fullNotice({ key, action, id: `${action}-${key.length}` }))
        }
      }

      const [first, , , second] = harness.incidents()
      expect(harness.incidents()).toEqual([first, first, first, second, second, second])
      expect(first).not.toBe(second)
    })

    test('keeps incidents apart whose long keys begin alike', async () => {
      await send(fullNotice({ key: `${long}1` }))
      await send(fullNotice({ key: `${long}2` }))

      expect(new Set(harness.incidents()).size).toBe(2)
    })

    test.for([
      [400, false],
      [401, false],
      [403, false],
      [404, false],
      [410, false],
      [408, true],
      [425, true],
      [429, true],
      [500, true],
      [502, true],
      [503, true],
    ] as const)('after an answer %i retries: %s', async ([status, retry]) => {
      harness.intercept((_request, response) => {
        response.writeHead(status).end('no')
        return true
      })

      const delivery = await send(fullNotice())

      expect(delivery).toMatchObject({
        ok: false,
        retry,
        says: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${status}`, 'u')),
      })
    })

    test.for([
      ['7', 7_000, 7_000],
      [new Date(realClock().wall() + 3_600_000).toUTCString(), 3_500_000, 3_600_000],
    ] as const)('hands on how long the peer asks to wait: %s', async ([value, least, most]) => {
      harness.intercept((_request, response) => {
        response.writeHead(429, { 'retry-after': value }).end()
        return true
      })

      const delivery = await send(fullNotice())

      const asked = delivery.ok ? undefined : delivery.retryAfterMs
      expect(asked).toBeGreaterThanOrEqual(least)
      expect(asked).toBeLessThanOrEqual(most)
    })

    test('retries when nobody listens', async () => {
      const gone = await serveHttp(() => {})
      await gone.close()

      const delivery = await send(fullNotice(), gone.url)

      expect(delivery).toMatchObject({ ok: false, retry: true })
      expect(delivery).toHaveProperty('says', expect.stringContaining('connection refused'))
    })

    test('retries when the peer takes the request and never answers', async () => {
      harness.intercept(() => true)

      const delivery = await send(fullNotice(), undefined, 50)

      expect(delivery).toMatchObject({ ok: false, retry: true })
    })

    test('retries when the peer closes instead of answering', async () => {
      const rude = await serveTcp((socket) => socket.once('data', () => socket.destroy()))

      const delivery = await send(fullNotice(), rude.url)

      await rude.close()
      expect(delivery).toMatchObject({ ok: false, retry: true })
    })

    test('takes a 2xx for delivered, whatever the body is, unless the service says so in its body', async () => {
      harness.intercept((_request, response) => {
        response.writeHead(202).end('<html>'.repeat(100_000))
        return true
      })

      const delivery = await send(fullNotice())

      const unclear = { ok: false, retry: true }
      expect(delivery).toMatchObject(harness.confirms === true ? unclear : { ok: true })
    })

    test('follows no redirect, because the request holds secrets', async () => {
      let visits = 0
      const elsewhere = await serveHttp((_request, response) => {
        visits += 1
        response.end()
      })
      harness.intercept((_request, response) => {
        response.writeHead(307, { location: `${elsewhere.url}/?token=hunter2` }).end()
        return true
      })

      const delivery = await send(fullNotice())

      await elsewhere.close()
      expect(visits).toBe(0)
      expect(delivery).toMatchObject({
        retry: false,
        says: expect.stringContaining('a redirect, which is not followed'),
      })
    })

    test('says no secret, even where the peer repeats the whole request', async () => {
      harness.intercept((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const echo = `${request.url} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks).toString()}`
          response.writeHead(400, { 'content-type': 'application/json' })
          response.end(JSON.stringify({ status: 'invalid', message: echo, errors: [echo] }))
        })
        return true
      })

      expect(await send(fullNotice())).toMatchObject({ ok: false, retry: false })
    })

    test('refuses unknown options without repeating their values', () => {
      const written = { ...(harness.options() as object), secrett: 'hunter2' }

      const parsed = plugin.options.safeParse(written)

      expect(parsed.success).toBe(false)
      expect(parsed.error?.message).not.toContain('hunter2')
    })
  })
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
