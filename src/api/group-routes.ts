import { Hono } from 'hono'
import { refuse } from './api-error.ts'
import { groupName } from './command-routes.ts'
import type { PathPort } from './path-routes.ts'

/** Players run on pages of any origin, and nothing in the answers is anybody's secret. */
const open = {
  'access-control-allow-origin': '*',
  'timing-allow-origin': '*',
}

/**
 * What players ask about a whole group. No token and no limit on how often: a steering client that
 * is told 410 never comes back, and one that is told 429 stays away just when it should move.
 */
export function groupRoutes(port: PathPort): Hono {
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
    const request = { method: 'GET', query: c.req.query(), contentType: '', body: '' } as const
    const answer = port.pullGroup('steering', groupName(c.req.param()), request)
    if (answer === undefined) return noSuchGroup()
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...open, ...answer.headers },
    })
  })

  return app
}

function noSuchGroup(): never {
  return refuse(
    'not-found',
    'Nothing answers for this group.',
    'Check stream and group against the configuration; the group also needs the actuator that answers here.',
  )
}
