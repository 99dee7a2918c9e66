import { Hono } from 'hono'
import type { Clock } from '../core/clock.ts'
import { errorResponse, refuse } from './api-error.ts'
import type { PathPort } from './path-routes.ts'
import { rateLimit } from './rate-limit.ts'
import { readBytes } from './request-body.ts'

/** Services tell of one incident at a time; somebody there may acknowledge hundreds at once. */
const events = { burst: 200, perSecond: 50, what: 'events' }
/** PagerDuty sends at most 256 KB, Slack the message with its blocks, percent-encoded. */
const EVENT_LIMIT = 256 * 1024

/**
 * What services tell us of what people did there. They have no token: each request is signed with
 * the secret of its route, and nothing of it is looked at before that is right.
 */
export function notifierRoutes(port: PathPort, clock: Clock): Hono {
  const app = new Hono()

  app.post('/hooks/notify/:name', rateLimit(clock, events), async (c) => {
    const body = await readBytes(c.req.raw.body, EVENT_LIMIT)
    const received = port.receive(c.req.param('name'), { headers: c.req.header(), body })
    if (received === undefined) {
      return refuse(
        'not-found',
        'No notifier of this name listens to its service.',
        'Check the name of the route, and that it has the secret of its service.',
      )
    }
    // Services show people what they are answered: an empty answer shows nothing.
    if (received.ok) return c.body(null, 200, { 'cache-control': 'no-store' })
    switch (received.cause) {
      case 'unsigned':
        return errorResponse('signature-wrong', 'Refused.', 'See the log of Changeover.')
      case 'malformed':
        return errorResponse('body-invalid', received.says, 'Send what the service documents.')
      case 'unavailable':
        return errorResponse(
          'unavailable',
          'Open incidents are being read back.',
          'Send it again.',
          {
            'retry-after': '5',
          },
        )
    }
  })

  return app
}
