import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import pagerduty from '../../src/notifiers/pagerduty.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { fullNotice, noticesAtTheEdges, notifierContract } from '../contract/notifier-contract.ts'
import { startPagerduty, type PagerdutyServer } from '../fakes/pagerduty-server.ts'

const routing_key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'

notifierContract(pagerduty, async () => {
  const server = await startPagerduty()
  return {
    options: (url = server.url) => ({ routing_key, url }),
    secrets: [routing_key],
    incidents: () => server.events.map(({ dedup_key }) => dedup_key),
    intercept: (answer) => {
      server.intercept = answer
    },
    close: () => server.close(),
  }
})

describe('an event for PagerDuty', () => {
  let server: PagerdutyServer
  let net: RealNet

  beforeEach(async () => {
    server = await startPagerduty()
    net = createNet({ clock: realClock() })
  })
  afterEach(async () => {
    await net.close()
    await server.close()
  })

  function send(change: Parameters<typeof fullNotice>[0] = {}) {
    const options = pagerduty.options.parse({ routing_key, url: server.url })
    const context = { clock: realClock(), net, callTimeoutMs: 5_000 }
    return pagerduty.send(options, fullNotice(change), context)
  }

  test('carries everything that a person needs at night', async () => {
    await send()

    expect(server.events).toEqual([
      {
        routing_key,
        event_action: 'trigger',
        dedup_key: 'changeover:channel-1/cdn/cdn-a',
        payload: {
          summary: 'channel-1/cdn: cdn-a is down: no new segment for 12.5s — moved to cdn-b',
          source: 'channel-1/cdn',
          severity: 'critical',
          timestamp: '2027-01-15T08:00:30.000Z',
          component: 'cdn-a',
          group: 'channel-1',
          class: 'playlist-stalled',
          custom_details: {
            state: 'STEADY',
            seconds: 12.5,
            what: 'channel-1/cdn: cdn-a is down: no new segment for 12.5s',
            did: 'moved to cdn-b',
            todo: 'Check the encoder.',
            since: '2027-01-15T08:00:00.000Z',
            runbook: 'https://wiki.example/stalled',
          },
        },
        client: 'Changeover',
        client_url: 'https://status.example/',
        links: [
          { href: 'https://status.example/', text: 'Status page' },
          { href: 'https://wiki.example/stalled', text: 'Runbook' },
        ],
      },
    ])
  })

  test('cuts a long summary at 1,024 characters and never through one', async () => {
    await send({ title: `${'x'.repeat(1_022)}𝄞`, did: 'y' })

    expect(server.events[0]?.payload?.summary).toBe(`${'x'.repeat(1_022)}…`)
  })

  test('moves one alert through its life, also when notices arrive twice', async () => {
    const states: (string | undefined)[] = []
    for (const action of [
      'trigger',
      'trigger',
      'acknowledge',
      'trigger',
      'resolve',
      'resolve',
    ] as const) {
      await send({ action })
      states.push(server.alerts.get('changeover:channel-1/cdn/cdn-a'))
    }

    expect(states).toEqual([
      'triggered',
      'triggered',
      'acknowledged',
      'acknowledged',
      'resolved',
      'resolved',
    ])
    expect(server.alerts.size).toBe(1)
  })

  test('that the service refuses tells which field it did not like', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          status: 'invalid event',
          message: 'Event object is invalid',
          errors: ["Length of 'routing_key' is incorrect (should be 32 characters)"],
        }),
      )
      return true
    }

    expect(await send()).toMatchObject({
      retry: false,
      says: expect.stringContaining(
        "answered 400: Event object is invalid; Length of 'routing_key' is incorrect (should be 32 characters)",
      ),
    })
  })
})

describe('a change event for PagerDuty', () => {
  let server: PagerdutyServer
  let net: RealNet

  beforeEach(async () => {
    server = await startPagerduty()
    net = createNet({ clock: realClock() })
  })
  afterEach(async () => {
    await net.close()
    await server.close()
  })

  function send(change: Parameters<typeof fullNotice>[0] = {}) {
    const options = pagerduty.options.parse({ routing_key, url: `${server.url}?relay=eu` })
    server.intercept = (request) => {
      // A relay takes what is asked in the query off again.
      request.url = request.url?.replace('?relay=eu', '')
      return false
    }
    const context = { clock: realClock(), net, callTimeoutMs: 5_000 }
    return pagerduty.send(options, fullNotice({ action: 'change', ...change }), context)
  }

  test('says what moved, why, where and when, and opens no alert', async () => {
    const delivery = await send({
      title: 'channel-1/cdn: failover: traffic moved from cdn-a to cdn-b',
      details: { reason: 'failover', from: 'cdn-a', to: 'cdn-b' },
    })

    expect(delivery).toEqual({ ok: true })
    expect(server.changes).toEqual([
      {
        routing_key,
        payload: {
          summary: 'channel-1/cdn: failover: traffic moved from cdn-a to cdn-b',
          source: 'channel-1/cdn',
          timestamp: '2027-01-15T08:00:30.000Z',
          custom_details: { reason: 'failover', from: 'cdn-a', to: 'cdn-b' },
        },
        links: [
          { href: 'https://status.example/', text: 'Status page' },
          { href: 'https://wiki.example/stalled', text: 'Runbook' },
        ],
      },
    ])
    expect(server.events).toEqual([])
  })

  const edges = noticesAtTheEdges.filter(([, { action }]) => action === undefined)
  test.for(edges)('is taken %s', async ([, edge]) => {
    expect(await send(edge)).toEqual({ ok: true })
    expect(server.changes).toHaveLength(1)
  })

  test.for([
    [429, true],
    [500, true],
    [400, false],
  ] as const)('after an answer %i is sent again: %s', async ([status, retry]) => {
    const pending = send()
    server.intercept = (_request, response) => {
      response.writeHead(status).end(routing_key)
      return true
    }

    const delivery = await pending

    expect(delivery).toMatchObject({ ok: false, retry })
    expect(JSON.stringify(delivery)).not.toContain(routing_key)
  })

  test('is sent unless change_events is false', () => {
    const taken = [{}, { change_events: true }, { change_events: false }].map((given) =>
      pagerduty.takesChanges?.(pagerduty.options.parse({ routing_key, ...given })),
    )

    expect(taken).toEqual([true, true, false])
  })
})

describe('the options of pagerduty', () => {
  test('go to the service itself unless told otherwise', () => {
    expect(pagerduty.options.parse({ routing_key })).toEqual({
      routing_key,
      url: 'https://events.pagerduty.com/v2/enqueue',
      change_events: true,
    })
  })

  test.for([
    ['no key', {}],
    ['a short key', { routing_key: 'hunter2' }],
    ['a key with other characters', { routing_key: `hunter2-${'x'.repeat(24)}` }],
    ['a URL of another scheme', { routing_key, url: 'ftp://hunter2@a.example/' }],
  ])('do not take %s, and the message does not repeat it', ([, written]) => {
    const parsed = pagerduty.options.safeParse(written)

    expect(parsed.success).toBe(false)
    expect(parsed.error?.message).not.toContain('hunter2')
  })
})

describe('the stand-in for PagerDuty', () => {
  test.for<[string, unknown, string]>([
    ['a short routing key', { routing_key: 'x' }, "Length of 'routing_key'"],
    ['an unknown action', { event_action: 'page' }, "'event_action' is invalid"],
    ['a trigger without payload', { payload: undefined }, "'payload' is missing"],
    ['an unknown severity', { payload: { summary: 's', source: 's', severity: 'P1' } }, 'severity'],
    [
      'a long summary',
      { payload: { summary: 'x'.repeat(1_025), source: 's', severity: 'info' } },
      'longer than 1024',
    ],
    ['a long deduplication key', { dedup_key: 'x'.repeat(256) }, "'dedup_key'"],
    ['a link that is none', { links: [{ href: 'wiki' }] }, "'href' of a link"],
    ['a field of its own', { colour: 'red' }, "'colour' is unknown"],
  ])('refuses %s', async ([, change, says]) => {
    const server = await startPagerduty()
    const event = {
      routing_key,
      event_action: 'trigger',
      dedup_key: 'k',
      payload: { summary: 's', source: 's', severity: 'info' },
      ...(change as object),
    }

    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    })

    const body = (await answer.json()) as { errors?: string[] }
    await server.close()
    expect(answer.status).toBe(400)
    expect(body.errors?.join()).toContain(says)
  })
})
