import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp, type Running } from '../net/servers.ts'

/**
 * The HTTP APIs of one SRS for each path, and one encoder. Transcribed from the source of SRS 5.0
 * (srs_app_http_api.cpp, SrsGoApiStreams and SrsGoApiClients; srs_app_statistic.cpp, dumps): errors
 * come with status 200 and a code, `count` is at least 1, a client that is not there is 2049. Whoever is
 * disconnected comes back where its publish hook lets it in.
 */
export async function startFakeSrs(paths: readonly string[]) {
  const violations: string[] = []
  const kicked: string[] = []
  const credentials = `Basic ${Buffer.from('admin:password-of-srs').toString('base64')}`
  let at: string[] = paths.slice(0, 1)
  let connections = 1
  let letIn: string | undefined = paths[1]
  let fault: TargetFault | undefined
  let script: { readonly status: number; readonly body: string } | undefined
  let more = 0

  const cidOf = (path: string) => `c${connections}-${path}`

  function streams(path: string) {
    const stream = (name: string, app: string, active: boolean, cid: string) => ({
      id: `vid-${name}`,
      name,
      vhost: 'vid-1',
      app,
      live_ms: 1_700_000_000_000,
      clients: 1,
      publish: active ? { active, cid } : { active },
    })
    return [
      stream('other', 'live', true, 'c-other'),
      stream('key', 'backstage', true, 'c-backstage'),
      ...Array.from({ length: more }, (_, index) =>
        stream(`s${index}`, 'live', true, `c-${index}`),
      ),
      stream('key', 'live', at.includes(path), cidOf(path)),
    ]
  }

  function answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://srs')
    const send = (body: object, status = 200) =>
      void response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ server: 'vid-0', service: 'x', pid: '1', ...body }))
    if (request.headers.authorization !== credentials) return send({ code: 100 }, 401)
    if (request.method === 'GET' && url.pathname === '/api/v1/streams/') {
      const start = Math.max(0, Number(url.searchParams.get('start')))
      const count = Math.max(1, Number(url.searchParams.get('count')))
      return send({ code: 0, streams: streams(path).slice(start, start + count) })
    }
    const client = /^\/api\/v1\/clients\/(.+)$/u.exec(url.pathname)?.[1]
    if (request.method === 'DELETE' && client !== undefined) {
      if (script !== undefined) {
        response.writeHead(script.status).end(script.body)
        return
      }
      if (!at.includes(path) || client !== cidOf(path)) return send({ code: 2049 })
      kicked.push(path)
      connections += 1
      at = at.filter((each) => each !== path)
      if (letIn !== undefined && !at.includes(letIn)) at.push(letIn)
      if (fault === 'deaf') return
      return send({ code: 0 })
    }
    violations.push(`${request.method} ${url.pathname}`)
    send({ code: 1 }, 404)
  }

  const servers = new Map<string, Running>()
  for (const path of paths) {
    servers.set(
      path,
      await serveHttp((request, response) => {
        if (fault !== 'silent') answer(path, request, response)
      }),
    )
  }
  const urls = Object.fromEntries(
    [...servers].map(([path, { port }]) => [
      path,
      `http://admin:password-of-srs@127.0.0.1:${port}/`,
    ]),
  )
  return {
    urls,
    violations,
    kicked,
    state: () => ({ at: [...at], kicked: [...kicked] }),
    publish: (...where: readonly string[]) => void (at = [...where]),
    /** Where encoders are let in from now on; nowhere without. */
    letIn: (path?: string) => void (letIn = path),
    /** Other streams at every server. */
    carry: (streamCount: number) => void (more = streamCount),
    answerKick: (status: number, body: string) => void (script = { status, body }),
    stop: async (path: string) => await servers.get(path)?.close(),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') for (const server of servers.values()) await server.close()
    },
    async close() {
      if (fault !== 'refuse') for (const server of servers.values()) await server.close()
    },
  }
}
