import { describe, expect, it } from 'vitest'
import type { Received } from '../../src/app/alerting/reactions.ts'
import { createPublicApi } from '../../src/api/create-api.ts'
import { errorOf, harness } from './api-harness.ts'
import { FakeWatchdog } from './fake-watchdog.ts'
import { ManualClock } from './manual-clock.ts'

const path = '/hooks/notify/on-call'

function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
) {
  return { method: 'POST', headers, body }
}

describe('what the service of a notifier tells', () => {
  it('is handed over byte for byte with its headers, and answered with nothing', async () => {
    const { api, port } = harness()
    const body = new Uint8Array([0xff, 0xfe, 0, 0x7b, 0x0a])

    const response = await api.request(path, post(body, { 'X-PagerDuty-Signature': 'v1=ab' }))

    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(port.received[0]?.body).toEqual(Buffer.from(body))
    expect(port.received[0]?.headers).toMatchObject({ 'x-pagerduty-signature': 'v1=ab' })
  })

  it('needs no token, no page of ours and no name of ours: it is signed', async () => {
    const { api } = harness({ openForReading: false })

    const response = await api.request(
      `http://any.example${path}`,
      post('payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' }),
    )

    expect(response.status).toBe(200)
  })

  it('comes in by the public listener too', async () => {
    const clock = new ManualClock()
    const port = new FakeWatchdog(clock.wall())
    const api = createPublicApi({ port, clock })

    const statuses = [
      (await api.request(path, post('{}'))).status,
      (await api.request('/hooks/notify/nobody', post('{}'))).status,
      (await api.request(path)).status,
    ]

    expect(statuses).toEqual([200, 404, 404])
  })

  it.each<[Received, number, string, RegExp]>([
    [{ ok: false, cause: 'unsigned' }, 401, 'signature-wrong', /^Refused\.$/u],
    [{ ok: false, cause: 'malformed', says: 'No event.' }, 400, 'body-invalid', /^No event\.$/u],
    [{ ok: false, cause: 'unavailable' }, 503, 'unavailable', /read back/u],
  ])('and is refused (%o) is answered %d', async (received, status, code, says) => {
    const { api, port } = harness()
    port.nextReceived = received

    const response = await api.request(path, post('{}'))

    expect(response.status).toBe(status)
    expect(await errorOf(response)).toMatchObject({ code, says: expect.stringMatching(says) })
  })

  it('is read no further than 256 KiB', async () => {
    const { api, port } = harness()

    const statuses = [
      (await api.request(path, post('x'.repeat(256 * 1024)))).status,
      (await api.request(path, post('x'.repeat(256 * 1024 + 1)))).status,
    ]

    expect(statuses).toEqual([200, 413])
    expect(port.received).toHaveLength(1)
  })

  it('is limited, far above what one busy night brings', async () => {
    const { api, port } = harness()

    const statuses = []
    for (let index = 0; index < 220; index += 1) {
      statuses.push((await api.request(path, post('{}'))).status)
    }

    expect(statuses.filter((status) => status === 200)).toHaveLength(200)
    expect(statuses.at(-1)).toBe(429)
    expect(port.received).toHaveLength(200)
  })
})
