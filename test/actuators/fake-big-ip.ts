import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'

export interface FakeMember {
  ratio: number
  session: string
  state: string
}

interface Reply {
  readonly status?: number
  readonly body: unknown
}

export const password = 'correct horse'

/**
 * One pool of a BIG-IP through iControl REST, transcribed from F5's documentation: the API reference
 * of `/mgmt/tm/ltm/pool` (https://clouddocs.f5.com/api/icontrol-rest/APIRef_tm_ltm_pool.html),
 * "Authentication with the F5 REST API" on the same site, and "iControl REST: Working with Pool
 * Members" (https://devcentral.f5.com/articles/icontrol-rest-working-with-pool-members) for session
 * and state. Ratios are 1 to 100.
 */
export async function startFakeBigIp(initial: Readonly<Record<string, FakeMember>>) {
  const members = structuredClone(initial) as Record<string, FakeMember>
  const violations: string[] = []
  const writes: string[] = []
  const scripted: Reply[] = []
  const scriptedWrites: Reply[] = []
  const tokens = new Set<string>()
  let logins = 0
  let generation = 1
  let mode = 'ratio-member'
  let fault: TargetFault | undefined

  const error = (status: number, message: string): Reply => ({
    status,
    body: { code: status, message, errorStack: [], apiError: 3 },
  })

  function violation(says: string): Reply {
    violations.push(says)
    return error(400, says)
  }

  function shown(fullPath: string): object {
    const [, partition, name] = fullPath.split('/')
    return {
      kind: 'tm:ltm:pool:members:membersstate',
      name,
      partition,
      fullPath,
      generation,
      selfLink: `https://localhost/mgmt/tm/ltm/pool/~Common~live/members/x?ver=16.1.0`,
      address: name?.split(':')[0],
      dynamicRatio: 1,
      monitor: 'default',
      priorityGroup: 0,
      ...members[fullPath],
    }
  }

  function patch(fullPath: string, body: Partial<FakeMember>): Reply {
    const own = members[fullPath]
    if (own === undefined) {
      return error(
        404,
        `01020036:3: The requested pool member (/Common/live ${fullPath}) was not found.`,
      )
    }
    const odd = Object.keys(body).find((name) => !['ratio', 'session', 'state'].includes(name))
    if (odd !== undefined) return violation(`a member with ${odd}`)
    if (body.ratio !== undefined && !(body.ratio >= 1 && body.ratio <= 100)) {
      return violation(`ratio ${body.ratio}`)
    }
    if (body.session !== undefined && !['user-enabled', 'user-disabled'].includes(body.session)) {
      return error(400, `invalid property value "session":"${body.session}"`)
    }
    generation += 1
    Object.assign(own, body)
    // A member that a monitor watches is shown so.
    if (own.session === 'user-enabled' && own.state !== 'unchecked') own.session = 'monitor-enabled'
    writes.push(`${fullPath} ${JSON.stringify(body)}`)
    return { body: shown(fullPath) }
  }

  function answer(request: IncomingMessage, body: string): Reply {
    const { pathname, search } = new URL(request.url ?? '/', 'http://fake')
    const at = `${request.method} ${pathname}`
    const given = body === '' ? {} : (JSON.parse(body) as Record<string, string>)
    if (at === 'POST /mgmt/shared/authn/login') {
      if (given['username'] !== 'changeover' || given['password'] !== password) {
        return error(401, 'Authentication failed.')
      }
      if (given['loginProviderName'] !== 'tmos') return violation('another login provider')
      logins += 1
      const token = `TOKEN${logins}`
      tokens.add(token)
      return { body: { username: 'changeover', token: { token, timeout: 1200 } } }
    }
    if (!tokens.has(String(request.headers['x-f5-auth-token']))) {
      return error(401, 'X-F5-Auth-Token does not exist.')
    }
    if (at === 'GET /mgmt/tm/ltm/pool/~Common~live') {
      if (search !== '?expandSubcollections=true') return violation(`query ${search}`)
      const items = Object.keys(members).map(shown)
      return {
        body: {
          kind: 'tm:ltm:pool:poolstate',
          fullPath: '/Common/live',
          loadBalancingMode: mode,
          membersReference: { isSubcollection: true, items },
        },
      }
    }
    const name = /^PATCH \/mgmt\/tm\/ltm\/pool\/~Common~live\/members\/(~Common~[\d.:]+)$/u.exec(at)
    if (name?.[1] === undefined) return violation(at)
    return patch(name[1].replaceAll('~', '/'), given)
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const isWrite = request.method === 'PATCH'
    const script = isWrite ? scriptedWrites : request.method === 'GET' ? scripted : []
    const { status = 200, body: sent } = script.shift() ?? answer(request, body)
    if (fault === 'deaf' && isWrite) return
    response
      .writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
      .end(typeof sent === 'string' ? sent : JSON.stringify(sent))
  }

  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void reply(request, response)
  })
  return {
    url: server.url,
    violations,
    writes,
    members,
    state: () => structuredClone(members),
    logins: () => logins,
    /** Every token that was given runs out. */
    expire: () => tokens.clear(),
    balanceBy: (how: string) => void (mode = how),
    script: (...replies: readonly Reply[]) => void scripted.push(...replies),
    scriptWrite: (...replies: readonly Reply[]) => void scriptedWrites.push(...replies),
    error,
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await server.close()
    },
    async close() {
      if (fault !== 'refuse') await server.close()
    },
  }
}
