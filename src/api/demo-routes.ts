import { Hono } from 'hono'
import type { ApiEnv } from './access.ts'
import { refuse } from './api-error.ts'
import { answer } from './command-routes.ts'
import { faultBody, readBody } from './request-body.ts'
import type { DemoPort, WatchdogPort } from './watchdog-port.ts'

/** Breaks and heals the lab of the demo. Access is checked before. */
export function demoRoutes(port: WatchdogPort): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()

  app.get('/demo/faults', (c) => c.json(lab(port).faults()))

  app.post('/demo/faults', async (c) => {
    const { target, fault, for: forMs } = await readBody(c, faultBody)
    return answer(await lab(port).inject({ target, fault, forMs }))
  })

  app.delete('/demo/faults/:id', async (c) => answer(await lab(port).heal(c.req.param('id'))))

  return app
}

function lab(port: WatchdogPort): DemoPort {
  return port.demo ?? refuse('not-found', 'There is no lab here.', 'Start "changeover demo".')
}
