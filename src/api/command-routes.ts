import { Hono } from 'hono'
import { actorOf, type ApiEnv } from './access.ts'
import { errorResponse } from './api-error.ts'
import {
  holdBody,
  incidentBody,
  readBody,
  reasonBody,
  silenceBody,
  steerBody,
} from './request-body.ts'
import type { CommandResult } from '../core/command.ts'
import type { WatchdogPort } from './watchdog-port.ts'

/** What people do: steer, hold, release, acknowledge, adopt. Access is checked before. */
export function commandRoutes(port: WatchdogPort): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()

  app.post('/groups/:stream/:group/steer', async (c) => {
    const { path, weights, reason, apply, bypass, actor: given } = await readBody(c, steerBody)
    const group = groupName(c.req.param())
    const actor = actorOf(c.get('caller'), given)
    const target = {
      ...(path !== undefined && { path }),
      ...(weights !== undefined && { weights }),
    }
    return answer(
      await port.command({ kind: 'steer', group, ...target, actor, reason, apply, bypass }),
    )
  })

  app.post('/groups/:stream/:group/hold', async (c) => {
    const { reason, for: forMs, actor: given } = await readBody(c, holdBody)
    const group = groupName(c.req.param())
    const actor = actorOf(c.get('caller'), given)
    return answer(await port.command({ kind: 'hold', group, actor, reason, forMs }))
  })

  for (const kind of ['release', 'ack', 'adopt'] as const) {
    app.post(`/groups/:stream/:group/${kind}`, async (c) => {
      const { reason, actor: given } = await readBody(c, reasonBody)
      const group = groupName(c.req.param())
      const actor = actorOf(c.get('caller'), given)
      return answer(await port.command({ kind, group, actor, reason }))
    })
  }

  app.post('/incidents/:key/ack', async (c) => {
    const { actor: given, reason } = await readBody(c, incidentBody)
    const actor = actorOf(c.get('caller'), given)
    const why = reason === undefined ? {} : { reason }
    const key = c.req.param('key')
    return answer(await port.command({ kind: 'ack-incident', key, actor, ...why }))
  })

  app.post('/silences', async (c) => {
    const { reason, for: forMs, in: inMs, actor: given, ...fields } = await readBody(c, silenceBody)
    const actor = actorOf(c.get('caller'), given)
    const { stream, group, path, tag, key } = fields
    const match = {
      ...(stream !== undefined && { stream }),
      ...(group !== undefined && { group }),
      ...(path !== undefined && { path }),
      ...(tag !== undefined && { tag }),
      ...(key !== undefined && { key }),
    }
    return answer(await port.command({ kind: 'silence', match, actor, reason, inMs, forMs }))
  })

  app.post('/silences/:id/end', async (c) => {
    const { actor: given, reason } = await readBody(c, reasonBody)
    const actor = actorOf(c.get('caller'), given)
    return answer(await port.command({ kind: 'end-silence', id: c.req.param('id'), actor, reason }))
  })

  return app
}

/** The full name of a group from the two parts in the address. */
export function groupName(parts: { readonly stream: string; readonly group: string }): string {
  return `${parts.stream}/${parts.group}`
}

/** The HTTP answer to a command. */
export function answer(result: CommandResult): Response {
  if (!result.ok) return errorResponse(result.code, result.says, result.todo, {}, result.guard)
  return Response.json(
    { ok: true, says: result.says },
    { headers: { 'cache-control': 'no-store' } },
  )
}
