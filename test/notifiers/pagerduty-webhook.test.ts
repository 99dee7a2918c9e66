import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import pagerduty from '../../src/notifiers/pagerduty.ts'
import type { ReadReactions } from '../../src/plugin/reaction.ts'
import { fullNotice } from '../contract/notifier-contract.ts'
import { signaturesOf, startPagerduty, webhookOf } from '../fakes/pagerduty-server.ts'
import { notifierContext } from './context.ts'

const routing_key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'
const webhook_secret = 'w-h-secret-0123456789'
const nina = { id: 'PLH1HKV', type: 'user_reference', summary: 'Nina' }
const wall = Date.parse('2027-01-15T08:05:00Z')

function read(body: string | Buffer, signature: string | undefined): ReadReactions {
  const options = pagerduty.options.parse({ routing_key, webhook_secret })
  const headers = signature === undefined ? {} : { 'x-pagerduty-signature': signature }
  const given = pagerduty.reactions?.read(options, { headers, body: Buffer.from(body) }, wall)
  return given ?? { ok: false, cause: 'unsigned' }
}

/** Reads a webhook that is signed as it should be. */
function readSigned(body: unknown): ReadReactions {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return read(text, signaturesOf(text, [webhook_secret]))
}

describe('a webhook of PagerDuty', () => {
  const context = notifierContext()

  test('is listened to only with its secret', () => {
    const isOn = (more: object) =>
      pagerduty.reactions?.isOn(pagerduty.options.parse({ routing_key, ...more }))

    expect([isOn({}), isOn({ webhook_secret })]).toEqual([false, true])
  })

  test('says who acknowledged which incident, and when', () => {
    const given = readSigned(
      webhookOf({
        eventType: 'incident.acknowledged',
        id: 'event-1',
        at: '2027-01-15T08:01:02.169Z',
        agent: nina,
      }),
    )

    const reaction = given.ok ? given.reactions[0] : undefined
    expect(given).toMatchObject({ ok: true, reactions: [{ kind: 'acknowledged' }] })
    expect(reaction).toMatchObject({ id: 'event-1', actor: 'Nina', at: 1_800_000_062_169 })
    expect(reaction?.reason).toBeUndefined()
    expect(reaction?.isAbout('channel-1/cdn/cdn-a')).toBe(true)
    expect(reaction?.isAbout('channel-1/cdn/cdn-b')).toBe(false)
  })

  test('finds an incident whose key is too long for PagerDuty', async () => {
    const key = `channel-1/${'é𝄞'.repeat(300)}`
    const server = await startPagerduty()
    const options = pagerduty.options.parse({ routing_key, url: server.url })
    await pagerduty.send(options, fullNotice({ key }), context())
    await server.close()
    const dedup = server.events[0]?.dedup_key ?? ''

    const given = readSigned(
      webhookOf({ eventType: 'incident.acknowledged', key: dedup, agent: nina }),
    )

    expect(given.ok && given.reactions[0]?.isAbout(key)).toBe(true)
    expect(given.ok && given.reactions[0]?.isAbout(`${key}x`)).toBe(false)
  })

  test('of a resolution by a person says that it is no all clear', () => {
    const given = readSigned(webhookOf({ eventType: 'incident.resolved', agent: nina }))

    expect(given).toMatchObject({
      reactions: [
        {
          kind: 'acknowledged',
          actor: 'Nina',
          reason: 'resolved in PagerDuty, which is no all clear: it stays open here',
        },
      ],
    })
  })

  test.for([
    ['by a person', nina, 'Nina'],
    ['by itself, after its time', null, 'PagerDuty'],
  ] as const)('that ended an acknowledgement %s counts', ([, agent, actor]) => {
    const given = readSigned(webhookOf({ eventType: 'incident.unacknowledged', agent }))

    expect(given).toMatchObject({ reactions: [{ kind: 'unacknowledged', actor }] })
  })

  test('of an incident that was opened again says that nobody looks after it any more', () => {
    const given = readSigned(webhookOf({ eventType: 'incident.reopened', agent: nina }))

    expect(given).toMatchObject({
      reactions: [{ kind: 'unacknowledged', actor: 'Nina', reason: 'reopened it in PagerDuty' }],
    })
  })

  test.for([
    ['what our own notice did', 'incident.acknowledged', { type: 'inbound_integration_reference' }],
    ['what our own notice ended', 'incident.resolved', { type: 'inbound_integration_reference' }],
    ['what ended by itself', 'incident.resolved', null],
    ['an escalation', 'incident.escalated', nina],
    ['a new incident', 'incident.triggered', nina],
    ['a kind that is not known yet', 'incident.blessed', nina],
  ] as const)('is taken and does nothing for %s', ([, eventType, agent]) => {
    expect(readSigned(webhookOf({ eventType, agent }))).toEqual({ ok: true, reactions: [] })
  })

  test('is taken for the test that PagerDuty sends on a button', () => {
    const ping = {
      event: {
        id: '01DEN4HPBQAAAG05V5QQYBRZMF',
        event_type: 'pagey.ping',
        resource_type: 'pagey',
        occurred_at: '2021-06-08T21:30:42.972Z',
        agent: null,
        client: null,
        data: { message: 'Hello from your friend Pagey!', type: 'ping' },
      },
    }

    expect(readSigned(ping)).toEqual({ ok: true, reactions: [] })
  })

  test('is taken while its secret is rotated, whichever of both signatures is ours', () => {
    const body = JSON.stringify(webhookOf({ eventType: 'incident.acknowledged', agent: nina }))
    const both = signaturesOf(body, ['the-new-secret-0123456789', webhook_secret])

    expect(read(body, both)).toMatchObject({ ok: true, reactions: [{ actor: 'Nina' }] })
    expect(read(body, both.replace(',', ', '))).toMatchObject({ ok: true })
  })

  test('is refused when any byte of it is another, or its signature is', () => {
    const body = Buffer.from(
      JSON.stringify(webhookOf({ eventType: 'incident.acknowledged', agent: nina })),
    )
    const signature = signaturesOf(body, [webhook_secret])
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(body)
        altered[at] = (altered[at] ?? 0) ^ change

        expect(read(altered, signature)).toEqual({ ok: false, cause: 'unsigned' })
      }),
    )
    expect(read(body, signature)).toMatchObject({ ok: true })
  })

  test.for([
    ['no signature', undefined],
    ['an empty one', ''],
    ['one of another secret', signaturesOf('{}', ['another-secret-0123'])],
    ['one of another version', signaturesOf('{}', [webhook_secret]).replace('v1=', 'v0=')],
    ['a bare one', signaturesOf('{}', [webhook_secret]).replace('v1=', '')],
  ] as const)('is refused with %s, and without a word why', ([, signature]) => {
    expect(read('{}', signature)).toEqual({ ok: false, cause: 'unsigned' })
  })

  test.for([
    ['no JSON', '{'],
    ['another form', '{"messages":[]}'],
    ['no time', JSON.stringify(webhookOf({ eventType: 'x' })).replace('occurred_at', 'occurred')],
    ['a bad time', JSON.stringify(webhookOf({ eventType: 'x', at: 'yesterday' }))],
    ['no body', ''],
  ])('that is signed and has %s is malformed', ([, body]) => {
    expect(readSigned(body)).toEqual({
      ok: false,
      cause: 'malformed',
      says: 'The body is not an event of a V3 webhook.',
    })
  })

  test('that is signed and is something else is malformed, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readSigned(text)).toMatchObject({ ok: false, cause: 'malformed' })
      }),
    )
  })
})
