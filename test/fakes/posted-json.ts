import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { serveHttp } from '../net/servers.ts'

type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean

/** What the service makes of a body: the status and text that it answers. */
interface Judged {
  readonly status: number
  readonly text: string
}

/**
 * A service that takes JSON by POST at one address. `judge` validates what came and may keep it; an
 * `intercept` answers in its place.
 */
export async function startPostedJson(judge: (body: unknown, bytes: number) => Judged) {
  let intercept: Intercept = () => false
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const isJson = request.headers['content-type'] === 'application/json'
    if (request.method !== 'POST' || !isJson) {
      response.writeHead(400).end('invalid_payload')
      return
    }
    const judged = judge(JSON.parse(body), Buffer.byteLength(body))
    response.writeHead(judged.status, { 'content-type': 'text/plain' }).end(judged.text)
  }
  const server = await serveHttp((request, response) => {
    if (!intercept(request, response)) void take(request, response)
  })
  return { ...server, intercept: (answer: Intercept) => void (intercept = answer) }
}
