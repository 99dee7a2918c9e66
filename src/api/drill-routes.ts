import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf, type ApiEnv } from './access.ts'
import { errorResponse, refuse } from './api-error.ts'
import { answer } from './command-routes.ts'
import { readQuery } from './read-query.ts'
import { drillAbortBody, readBody, reasonBody } from './request-body.ts'
import type { DrillPort, WatchdogPort } from './watchdog-port.ts'

const drillsQuery = z.strictObject({
  group: z.string().min(1).max(400).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(20),
})

const types = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
} as const

/** A report runs nothing and loads nothing, whatever stands in it; its style is its own. */
const reportPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

/** Rehearsals: what is planned and runs, reports, begin and end. Access is checked before. */
export function drillRoutes(port: WatchdogPort): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()

  app.get('/drills', async (c) => {
    const { group, limit } = readQuery(c, drillsQuery)
    const drills = drillsOf(port)
    const view = drills.view({ limit, ...(group !== undefined && { group }) })
    const kept = new Set(await drills.reports())
    const reports = view.history.flatMap(({ id }) => (kept.has(id) ? [id] : []))
    return c.json({ ...view, reports })
  })

  app.get('/drills/plans/:name', (c) => {
    const name = c.req.param('name')
    const actor = actorOf(c.get('caller'), undefined)
    const drills = drillsOf(port)
    const plan = drills.view().plans.find((each) => each.name === name)
    const outlook = drills.outlook(name, actor)
    if (plan !== undefined && outlook !== undefined) return c.json({ plan, outlook })
    return refuse('not-found', 'No such drill.', 'See /api/v1/drills for those there are.')
  })

  app.get('/drills/reports/:file', async (c) => {
    const [, id = '', form = ''] = /^(.+)\.(json|html|xml)$/u.exec(c.req.param('file')) ?? []
    const known = form === 'json' || form === 'html' || form === 'xml' ? form : undefined
    const text = known && (await drillsOf(port).report(id, known))
    if (known === undefined || text === undefined) {
      return refuse('not-found', 'No such report.', 'See /api/v1/drills for those there are.')
    }
    return c.body(text, 200, {
      'content-type': types[known],
      'cache-control': 'no-store',
      'content-security-policy': reportPolicy,
    })
  })

  app.post('/drills/plans/:name/run', async (c) => {
    const { reason, actor: given } = await readBody(c, reasonBody)
    const actor = actorOf(c.get('caller'), given)
    const result = await drillsOf(port).run(c.req.param('name'), actor, reason)
    if (!result.ok) return errorResponse(result.code, result.says, result.todo)
    return Response.json(
      { ok: true, says: result.says, id: result.id },
      { headers: { 'cache-control': 'no-store' } },
    )
  })

  app.post('/drills/abort', async (c) => {
    const { reason, actor: given, id } = await readBody(c, drillAbortBody)
    return answer(drillsOf(port).abort(actorOf(c.get('caller'), given), reason, id))
  })

  return app
}

function drillsOf({ drills }: WatchdogPort): DrillPort {
  return drills ?? refuse('not-found', 'There are no drills here.', 'See docs/drills.md.')
}
