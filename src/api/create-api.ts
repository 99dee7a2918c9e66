import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Clock } from '../core/clock.ts'
import { redactText } from '../core/redact.ts'
import { type AccessSettings, type ApiEnv, createAccess } from './access.ts'
import { drillRoutes } from './drill-routes.ts'
import { errorResponse } from './api-error.ts'
import { commandRoutes } from './command-routes.ts'
import { demoRoutes } from './demo-routes.ts'
import { groupRoutes } from './group-routes.ts'
import { hostCheck } from './host-check.ts'
import { createLiveFeed } from './live-feed.ts'
import { notifierRoutes } from './notifier-routes.ts'
import { openApiDocument } from './openapi.ts'
import { pageFiles } from './page-files.ts'
import { type PathPort, pathRoutes } from './path-routes.ts'
import { rateLimit } from './rate-limit.ts'
import { readRoutes } from './read-routes.ts'
import { sameOrigin } from './same-origin.ts'
import { securityHeaders } from './security-headers.ts'
import { selfRoutes } from './self-routes.ts'
import type { WatchdogPort } from './watchdog-port.ts'

/** What the operator's API is built from. */
export interface ApiDeps extends AccessSettings {
  readonly port: WatchdogPort
  readonly clock: Clock
  /** Names, beside loopback names, under which people reach this server; without port. */
  readonly hosts: readonly string[]
  /** Takes one redacted sentence about an error of our own. */
  readonly log?: (says: string) => void
  /** Folder of the built page, where it is not the usual one. */
  readonly page?: string
}

/** The operator's API and the status page. */
export function createApi(deps: ApiDeps): Hono {
  const { port, clock, log } = deps
  const access = createAccess(deps)
  const feed = createLiveFeed(port, clock)
  const limited = rateLimit(clock)
  const api = new Hono<ApiEnv>()

  api.get('/openapi.json', (c) => c.json(openApiDocument))
  api.get('/session', (c) => {
    const caller = access.identify(c) ?? { role: 'none' as const }
    return c.json({ ...caller, ...access.session(caller) })
  })
  api.on(['POST', 'PUT', 'PATCH', 'DELETE'], '*', limited, sameOrigin, access.changing)
  // Whatever is read under the API from here on needs the role, also what is added later.
  api.get('*', access.reading)
  api.route('/', readRoutes(port, feed))
  api.route('/', commandRoutes(port))
  api.route('/', drillRoutes(port))
  api.route('/', demoRoutes(port))

  const app = shell(log)
  // Probes of Kubernetes and load balancers come under any name and learn one bit.
  app.route('/', pathRoutes(port, true))
  app.route('/', groupRoutes(port, clock))
  app.route('/', notifierRoutes(port, clock))
  app.use('*', exceptHealth(hostCheck(deps.hosts)))
  app.use('/api/*', async (c, next) => {
    await next()
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
  })
  app.route('/', selfRoutes(port, access))
  app.route('/api/v1', api)
  app.route('/', pageFiles(deps.page))
  return app
}

/** The public listener: what load balancers and players may ask, what services may tell, and nothing else. */
export function createPublicApi(deps: {
  readonly port: PathPort
  readonly clock: Clock
  readonly log?: (says: string) => void
}): Hono {
  const app = shell(deps.log)
  app.route('/', pathRoutes(deps.port, false))
  app.route('/', groupRoutes(deps.port, deps.clock))
  app.route('/', notifierRoutes(deps.port, deps.clock))
  return app
}

/** An app with our headers and our form of errors. */
function shell(log: ((says: string) => void) | undefined): Hono {
  const app = new Hono()
  app.use('*', securityHeaders)
  app.notFound(() =>
    errorResponse(
      'not-found',
      'There is nothing here.',
      'See /api/v1/openapi.json for what there is.',
    ),
  )
  app.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse()
    log?.(`the API failed: ${redactText(error.message)}`)
    return errorResponse(
      'internal',
      'Changeover made an error while answering.',
      'See its log; the watchdog itself goes on.',
    )
  })
  return app
}

function exceptHealth(check: ReturnType<typeof hostCheck>): ReturnType<typeof hostCheck> {
  return async (c, next) =>
    c.req.path === '/healthz' || c.req.path === '/readyz' ? next() : check(c, next)
}
