import { describe, expect, test } from 'vitest'
import slack from '../../src/notifiers/slack.ts'
import { fullNotice, notifierContract } from '../contract/notifier-contract.ts'
import { startSlack } from '../fakes/slack-server.ts'
import { notifierContext } from './context.ts'

const secret = 'T0SECRET/B0SECRET/XxSecretXx'

notifierContract(slack, async () => {
  const server = await startSlack()
  return {
    options: (url = server.url) => ({ url: `${url}/services/${secret}` }),
    secrets: [secret, 'XxSecretXx'],
    incidents: () => server.messages.map(({ blocks }) => String(blocks[0]?.block_id)),
    intercept: (answer) => server.intercept(answer),
    close: () => server.close(),
  }
})

describe('a message for Slack', () => {
  const context = notifierContext()

  test('says everything that a person needs at night', async () => {
    const server = await startSlack()
    const options = slack.options.parse({ url: server.url })

    const notice = fullNotice({ viewers: 'Players stall.', trend: 'age ▁▂█ 2 to 12.5 s' })
    const delivery = await slack.send(options, notice, context())

    await server.close()
    expect(delivery).toEqual({ ok: true })
    expect(server.messages).toMatchObject([
      {
        text: 'CRITICAL: channel-1/cdn: cdn-a is down: no new segment for 12.5s',
        blocks: [
          { text: { text: 'CRITICAL: channel-1/cdn: cdn-a is down: no new segment for 12.5s' } },
          { text: { text: '*Since:* 2027-01-15 08:00:00 UTC, 30s ago' } },
          { text: { text: '*Viewers:* Players stall.' } },
          { text: { text: '*Changeover:* moved to cdn-b' } },
          { text: { text: '*Next:* Check the encoder.' } },
          { text: { text: '*Trend:* age ▁▂█ 2 to 12.5 s' } },
          {
            elements: [
              {
                text: '<https://status.example/|Status page>  ·  <https://wiki.example/stalled|Runbook>',
              },
            ],
          },
        ],
      },
    ])
  })

  test('shows markup of a message as text, and rings nobody by it', async () => {
    const server = await startSlack()
    const options = slack.options.parse({ url: server.url })

    await slack.send(options, fullNotice({ did: '<!channel> a & b' }), context())

    await server.close()
    expect(JSON.stringify(server.messages)).toContain('&lt;!channel&gt; a &amp; b')
  })

  test('that is refused tells the word of Slack', async () => {
    const server = await startSlack()
    server.intercept((_request, response) => {
      response.writeHead(404).end('no_service')
      return true
    })

    const delivery = await slack.send(
      slack.options.parse({ url: server.url }),
      fullNotice(),
      context(),
    )

    await server.close()
    expect(delivery).toMatchObject({
      retry: false,
      says: expect.stringMatching(/404: no_service$/u),
    })
  })
})

describe('asking Slack about a webhook', () => {
  const context = notifierContext()

  test('posts nothing, and knows a good one', async () => {
    const server = await startSlack()

    const checked = await slack.check?.(slack.options.parse({ url: server.url }), context())

    await server.close()
    expect(checked).toMatchObject({ result: 'good' })
    expect(server.messages).toEqual([])
  })

  test.for([
    [403, 'invalid_token'],
    [404, 'no_service'],
    [200, 'ok'],
    [400, 'what is this https://hooks.example/secret'],
  ] as const)('finds a wrong one by its answer %i %s', async ([status, text]) => {
    const server = await startSlack()
    server.intercept((_request, response) => {
      response.writeHead(status).end(text)
      return true
    })

    const checked = await slack.check?.(slack.options.parse({ url: server.url }), context())

    await server.close()
    expect(checked).toMatchObject({ result: 'bad', says: expect.stringContaining(`${status}`) })
    expect(checked?.says).not.toContain('secret')
  })
})
