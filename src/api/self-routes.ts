import { Hono } from 'hono'
import type { Access, ApiEnv } from './access.ts'
import type { SelfReport, WatchdogPort } from './watchdog-port.ts'

/** What Prometheus and Kubernetes ask of Changeover itself. Health needs no token: kubelets have none. */
export function selfRoutes(port: WatchdogPort, access: Access): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()

  app.get('/metrics', access.reading, async (c) => {
    const { contentType, body } = await port.metrics()
    return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' })
  })

  app.get('/healthz', () => report(port.alive()))
  app.get('/readyz', () => report(port.ready()))

  return app
}

function report({ ok, says }: SelfReport): Response {
  const headers = { 'cache-control': 'no-store' }
  return Response.json({ ok, says }, { status: ok ? 200 : 503, headers })
}
