import { describe, expect, test } from 'vitest'
import alertmanager from '../../src/notifiers/alertmanager.ts'
import { fullNotice, notifierContract } from '../contract/notifier-contract.ts'
import { startAlertmanagerFake } from '../fakes/alertmanager-server.ts'
import { notifierContext } from './context.ts'

const token = 'Bearer t0ken-of-alertmanager'

notifierContract(alertmanager, async () => {
  const server = await startAlertmanagerFake()
  return {
    options: (url = server.url) => ({ url: `${url}/`, authorization: token }),
    secrets: [token, 't0ken-of-alertmanager'],
    incidents: () => server.posted().map(([alert]) => String(alert?.labels['incident'])),
    intercept: server.intercept,
    async close() {
      await server.close()
      if (server.violations.length > 0) throw new Error(server.violations.join())
    },
  }
})

describe('an alert for Alertmanager', () => {
  const context = notifierContext()

  async function post(change: Parameters<typeof fullNotice>[0], more: object = {}) {
    const server = await startAlertmanagerFake()
    const options = alertmanager.options.parse({ url: server.url, ...more })
    await alertmanager.send(options, fullNotice(change), context())
    await server.close()
    expect(server.violations).toEqual([])
    return server.posted()[0] ?? []
  }

  test('has labels to route by and says everything that a person needs', async () => {
    const [alert] = await post(
      { viewers: 'Players stall.', since: 1_600_000_000_000 },
      { labels: { team: 'video' } },
    )

    expect(alert).toMatchObject({
      labels: {
        alertname: 'ChangeoverPathDown',
        incident: 'channel-1/cdn/cdn-a',
        severity: 'critical',
        stream: 'channel-1',
        group: 'cdn',
        path: 'cdn-a',
        team: 'video',
      },
      annotations: {
        summary: 'channel-1/cdn: cdn-a is down: no new segment for 12.5s',
        viewers: 'Players stall.',
        description: 'moved to cdn-b',
        action: 'Check the encoder.',
        runbook_url: 'https://wiki.example/stalled',
        diagnosis: 'playlist-stalled',
        detail_state: 'STEADY',
      },
      startsAt: '2020-09-13T12:26:40.000Z',
      generatorURL: 'https://status.example/',
    })
  })

  test('lasts four refreshes, and ends those of the severities that it had at once', async () => {
    const alerts = await post(
      { severity: 'warning', formerly: ['critical', 'info'] },
      { refresh: '30s' },
    )

    const [warning, ...others] = alerts
    const now = Date.parse(others[0]?.endsAt ?? '')
    expect(warning?.labels['severity']).toBe('warning')
    expect(Date.parse(warning?.endsAt ?? '') - now).toBe(120_000)
    expect(others.map(({ labels }) => labels['severity'])).toEqual(['critical', 'info'])
    expect(new Set(others.map(({ endsAt }) => endsAt)).size).toBe(1)
  })

  test('is refreshed as often as the options say', () => {
    const options = alertmanager.options.parse({ url: 'http://a.example', refresh: '45s' })

    expect(alertmanager.refreshEveryMs?.(options)).toBe(45_000)
  })

  test.for([
    ['channel-1/cdn#all-down', 'ChangeoverAllDown'],
    ['channel-1/cdn#frozen', 'ChangeoverFrozen'],
    ['channel-1/cdn', 'ChangeoverTrouble'],
  ] as const)('of %s is named %s', async ([key, name]) => {
    const { path: _, ...rest } = fullNotice({ key })
    const server = await startAlertmanagerFake()

    await alertmanager.send(alertmanager.options.parse({ url: server.url }), rest, context())

    await server.close()
    expect(server.posted()[0]?.[0]?.labels).toMatchObject({ alertname: name })
  })

  test('does not take labels of its own from the configuration', () => {
    const written = { url: 'http://a.example', labels: { severity: 'page' } }

    expect(alertmanager.options.safeParse(written).success).toBe(false)
  })
})
