import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { playerAnswer } from './group-routes.ts'
import type { PathPort } from './path-routes.ts'

/** `/steering/<stream>/<group>?<query>`, where nothing of the names is encoded. */
const form = /^\/steering\/([^/?%]+)\/([^/?%]+)(?:\?(.*))?$/u

/**
 * Answers players before the API does, several times as many with one core: no request or response
 * of the web platform is made for them. `false` where it is for the API to answer, which says the
 * same of the same questions, and also what is wrong with others.
 */
export function directSteering(port: PathPort) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET') return false
    const match = form.exec(request.url ?? '')
    if (match === null) return false
    const [, stream = '', group = '', search = ''] = match
    const answer = playerAnswer(port, `${stream}/${group}`, queryOf(search))
    if (answer === undefined) return false
    const { status, headers, body } = answer
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
    return true
  }
}

/** As the API reads a query: the first of a name counts. At most a hundred names are looked at. */
function queryOf(search: string): Readonly<Record<string, string>> {
  const query = parse(search, '&', '=', { maxKeys: 100 })
  for (const name in query) {
    const value = query[name]
    if (Array.isArray(value)) query[name] = value[0]
  }
  return query as Readonly<Record<string, string>>
}
