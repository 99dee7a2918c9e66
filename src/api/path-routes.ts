import { Hono } from 'hono'
import type { Health } from '../core/health.ts'
import { refuse } from './api-error.ts'
import { groupName } from './command-routes.ts'
import type { WatchdogPort } from './watchdog-port.ts'

/** The routes of pull actuators that load balancers and readiness checks ask. */
const pullRoutes = ['serve', 'evict'] as const

/** What outside systems may ask and tell. */
export type PathPort = Pick<WatchdogPort, 'health' | 'pull' | 'pullGroup' | 'receive'>

/**
 * Health of a path for information, and the applied allocation for load balancers. No token: the
 * systems that ask have none. `withSentence` adds why, which the public listener leaves out.
 */
export function pathRoutes(port: PathPort, withSentence: boolean): Hono {
  const app = new Hono()

  app.get('/health/:stream/:group/:path', (c) => {
    const { path } = c.req.param()
    const group = groupName(c.req.param())
    const unknownAs = c.req.query('unknown') ?? 'pass'
    if (unknownAs !== 'pass' && unknownAs !== 'fail') {
      refuse('query-invalid', 'The parameter "unknown" is not valid.', 'Use pass or fail.')
    }
    const found = port.health(group, path)
    if (found === undefined) return noSuchPath()
    const { health, says } = found
    const body = { path: `${group}/${path}`, health, ...(withSentence && { says }) }
    const status = isHealthy(health, unknownAs) ? 200 : 503
    return c.json(body, status, { 'cache-control': 'no-store' })
  })

  for (const route of pullRoutes) {
    app.get(`/${route}/:stream/:group/:path`, (c) => {
      const answer = port.pull(route, groupName(c.req.param()), c.req.param('path'), c.req.query())
      if (answer === undefined) return noSuchPath()
      return new Response(answer.body === '' ? null : answer.body, {
        status: answer.status,
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'cache-control': 'no-store',
          ...answer.headers,
        },
      })
    })
  }

  return app
}

/** Not seeing is not failing: unknown is down only for those who ask for that. */
function isHealthy(health: Health, unknownAs: 'pass' | 'fail'): boolean {
  if (health === 'unknown') return unknownAs === 'pass'
  return health !== 'down'
}

function noSuchPath(): never {
  return refuse(
    'not-found',
    'Nothing answers for this path.',
    'Check stream, group and path against the configuration; /serve and /evict also need their actuator in the group.',
  )
}
