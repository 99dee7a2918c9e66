import { describe, expect, test } from 'vitest'
import teams from '../../src/notifiers/teams.ts'
import { fullNotice, notifierContract } from '../contract/notifier-contract.ts'
import { startTeams } from '../fakes/teams-server.ts'
import { notifierContext } from './context.ts'

const secret = 'sigSecretOfTheWorkflow'

notifierContract(teams, async () => {
  const server = await startTeams()
  return {
    options: (url = server.url) => ({ url: `${url}/workflows/1/invoke?sig=${secret}` }),
    secrets: [secret],
    incidents: () =>
      server.cards.map(({ body }) =>
        String(body[0] !== undefined && 'id' in body[0] && body[0].id),
      ),
    intercept: (answer) => server.intercept(answer),
    close: () => server.close(),
  }
})

describe('a card for Teams', () => {
  const context = notifierContext()

  test('says everything that a person needs at night', async () => {
    const server = await startTeams()
    const options = teams.options.parse({ url: server.url })

    await teams.send(
      options,
      fullNotice({ viewers: 'Players stall.', trend: 'missing_ratio 0 ▁▂█ 0.9' }),
      context(),
    )

    await server.close()
    expect(server.cards).toMatchObject([
      {
        body: [
          {
            style: 'attention',
            items: [{ text: 'CRITICAL: channel-1/cdn: cdn-a is down: no new segment for 12.5s' }],
          },
          {
            facts: [
              { title: 'Since', value: '2027-01-15 08:00:00 UTC, 30s ago' },
              { title: 'Viewers', value: 'Players stall.' },
              { title: 'Changeover', value: 'moved to cdn-b' },
              { title: 'Next', value: 'Check the encoder.' },
              { title: 'Trend', value: String.raw`missing\_ratio 0 ▁▂█ 0.9` },
            ],
          },
        ],
        actions: [
          { title: 'Status page', url: 'https://status.example/' },
          { title: 'Runbook', url: 'https://wiki.example/stalled' },
        ],
      },
    ])
  })

  test('shows markup as text, so that nobody is sent elsewhere by a name', async () => {
    const server = await startTeams()
    const options = teams.options.parse({ url: server.url })

    await teams.send(options, fullNotice({ did: '[here](https://evil.example) *now*' }), context())

    await server.close()
    expect(JSON.stringify(server.cards)).toContain(
      JSON.stringify(String.raw`\[here\](https://evil.example) \*now\*`).slice(1, -1),
    )
  })

  test('cannot be tried out: asking says so', async () => {
    const options = teams.options.parse({ url: 'https://x.example/' })

    expect(await teams.check?.(options, context())).toMatchObject({ result: 'unknown' })
  })
})
