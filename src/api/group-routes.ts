import { Hono } from 'hono'
import type { Clock } from '../core/clock.ts'
import { refuse } from './api-error.ts'
import { groupName } from './command-routes.ts'
import type { PathPort } from './path-routes.ts'
import { rateLimit } from './rate-limit.ts'
import { readText } from './request-body.ts'

/** Players run on pages of any origin, and nothing in the answers is anybody's secret. */
const open = {
  'access-control-allow-origin': '*',
  'timing-allow-origin': '*',
  'x-content-type-options': 'nosniff',
}

/** Media servers ask once for each publisher, and every few seconds where they are told to. */
const hooks = { burst: 200, perSecond: 50, what: 'hooks' }

/**
 * What players and media servers ask about a whole group. Players need no token and have no limit
 * on how often: a steering client that is told 410 never comes back, and one that is told 429 stays
 * away just when it should move. Media servers bring the secret of the hook in their query.
 */
export function groupRoutes(port: PathPort, clock: Clock): Hono {
  const app = new Hono()

  app.options('/steering/:stream/:group', (c) =>
    c.body(null, 204, {
      ...open,
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': c.req.header('access-control-request-headers') ?? '*',
      'access-control-max-age': '86400',
    }),
  )

  app.get('/steering/:stream/:group', (c) => {
    const answer = playerAnswer(port, groupName(c.req.param()), c.req.query())
    if (answer === undefined) return noSuchGroup()
    const { status, headers, body } = answer
    return new Response(body, { status, headers })
  })

  app.on(['GET', 'POST'], '/hooks/rtmp/:stream/:group', rateLimit(clock, hooks), async (c) => {
    const type = c.req.header('content-type') ?? ''
    const answer = port.pullGroup('hooks/rtmp', groupName(c.req.param()), {
      method: c.req.method === 'POST' ? 'POST' : 'GET',
      query: c.req.query(),
      contentType: type.split(';', 1)[0]?.trim().toLowerCase() ?? '',
      body: await readText(c.req.raw.body),
    })
    if (answer === undefined) return noSuchGroup()
    const { status, headers = {}, body } = answer
    return new Response(body === '' ? null : body, { status, headers })
  })

  return app
}

/** What a player is told; `undefined` where the group does not steer. */
export function playerAnswer(
  port: Pick<PathPort, 'pullGroup'>,
  group: string,
  query: Readonly<Record<string, string>>,
) {
  const request = { method: 'GET', query, contentType: '', body: '' } as const
  const answer = port.pullGroup('steering', group, request)
  return answer && { ...answer, headers: { ...open, ...answer.headers } }
}

function noSuchGroup(): never {
  return refuse(
    'not-found',
    'Nothing answers for this group.',
    'Check stream and group against the configuration; the group also needs the actuator that answers here.',
  )
}
