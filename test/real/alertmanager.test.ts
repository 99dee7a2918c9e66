import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Notice } from '../../src/core/notice.ts'
import alertmanager from '../../src/notifiers/alertmanager.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { fullNotice } from '../contract/notifier-contract.ts'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const binary = installed('/usr/bin/prometheus-alertmanager', '/usr/local/bin/alertmanager')

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly endsAt: string
  readonly status: { readonly state: string }
}

/** What Alertmanager told its own receiver. */
interface Told {
  readonly status: string
  readonly alerts: readonly { readonly status: string; readonly labels: Record<string, string> }[]
}

describe.skipIf(binary === undefined)('a real Alertmanager (skipped where it is missing)', () => {
  const net = createNet({ clock: realClock() })
  const folder = mkdtempSync(join(tmpdir(), 'changeover-alertmanager-'))
  const told: Told[] = []
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      told.push(JSON.parse(Buffer.concat(chunks).toString()) as Told)
      response.end()
    })
  })
  let child: ReturnType<typeof startChild> | undefined
  let url = ''
  const context = { clock: realClock(), net, callTimeoutMs: 5_000 }

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const config = join(folder, 'alertmanager.yml')
    writeFileSync(
      config,
      [
        'route: { receiver: hook, group_by: [incident], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }',
        'receivers:',
        '  - name: hook',
        `    webhook_configs: [{ url: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/", send_resolved: true }]`,
        '',
      ].join('\n'),
    )
    child = startChild(
      binary ?? '',
      [
        `--config.file=${config}`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      folder,
    )
    const isReady = async () => {
      const answer = await net.http({ url: `${url}/-/ready`, deadlineMs: 1_000, maxBytes: 1_000 })
      return answer.ok && answer.status === 200
    }
    await eventually(() => `alertmanager: ${child?.errors()}`, isReady)
  })

  afterAll(async () => {
    await child?.kill()
    receiver.closeAllConnections()
    receiver.close()
    await net.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function send(change: Partial<Notice>, more: object = {}) {
    const wall = realClock().wall()
    const options = alertmanager.options.parse({ url, ...more })
    const notice = fullNotice({ since: wall - 30_000, wall, ...change })
    expect(await alertmanager.send(options, notice, context)).toEqual({ ok: true })
  }

  async function open(key: string): Promise<readonly Alert[]> {
    const answer = await fetch(
      `${url}/api/v2/alerts?filter=${encodeURIComponent(`incident="${key}"`)}`,
    )
    return (await answer.json()) as readonly Alert[]
  }

  const statuses = (key: string) =>
    told
      .flatMap(({ alerts }) => alerts)
      .filter(({ labels }) => labels['incident'] === key)
      .map(({ status, labels }) => `${labels['severity']} ${status}`)

  test('shows one alert for an incident, tells its receiver once, and ends it', async () => {
    await send({ key: 'a' })
    await send({ key: 'a', id: 'again' })
    await eventually(
      () => 'no page',
      () => Promise.resolve(statuses('a').length > 0),
    )

    const alerts = await open('a')
    await send({ key: 'a', action: 'resolve' })
    await eventually(
      () => `not resolved: ${statuses('a').join()}`,
      () => Promise.resolve(statuses('a').includes('critical resolved')),
    )

    expect(alerts).toHaveLength(1)
    expect(alerts[0]?.labels).toMatchObject({ severity: 'critical', path: 'cdn-a' })
    expect(await open('a')).toEqual([])
    expect(statuses('a')).toEqual(['critical firing', 'critical resolved'])
  })

  test('has one open alert after the severity changed, with the severity of now', async () => {
    await send({ key: 'b', severity: 'warning' })
    await send({ key: 'b', severity: 'critical', formerly: ['warning'] })

    const alerts = await open('b')

    expect(alerts.map(({ labels }) => labels['severity'])).toEqual(['critical'])
  })

  test('takes a refresh for the same alert that lasts longer', async () => {
    await send({ key: 'c' }, { refresh: '10s' })
    const [before] = await open('c')

    await send({ key: 'c', action: 'acknowledge', acknowledgedBy: 'ada' }, { refresh: '60s' })

    const [after, ...others] = await open('c')
    expect(others).toEqual([])
    expect(Date.parse(after?.endsAt ?? '')).toBeGreaterThan(Date.parse(before?.endsAt ?? ''))
    expect(after?.annotations['acknowledged_by']).toBe('ada')
  })

  test('answers a check with its version; what is no Alertmanager does not pass for one', async () => {
    const good = await alertmanager.check?.(alertmanager.options.parse({ url }), context)
    const other = createServer((_request, response) => response.end('{}'))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const bad = await alertmanager.check?.(alertmanager.options.parse({ url: elsewhere }), context)
    other.close()

    expect(good).toMatchObject({ result: 'good', says: expect.stringMatching(/Alertmanager \d/u) })
    expect(bad).toMatchObject({
      result: 'bad',
      says: expect.stringContaining('is no Alertmanager'),
    })
  })
})
