import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'

/**
 * Cloudflare's API v4 as far as the actuators may use it, transcribed from
 * https://developers.cloudflare.com/api: List and Edit DNS Records
 * (`/zones/{zone_id}/dns_records`), Pool Details, List Pools and Patch Pool
 * (`/accounts/{account_id}/load_balancers/pools`), their fields, limits and envelope.
 */
export const token = 'c2547eb745079dac9320b638f5e225cf483cc5cf'
export const zone = '023e105f4ecef8ad9ca31a8372d0c353'
export const account = '01a7362d577a6c3019a474fd6f485823'

export interface FakeRecord {
  id: string
  name: string
  type: string
  content: string
  ttl: number
  proxied: boolean
  comment: string | null
  modified_on: string
}

export interface FakePool {
  id: string
  name: string
  enabled: boolean
  origins: { name: string; address: string; enabled: boolean; weight: number; header?: object }[]
}

interface Reply {
  readonly status?: number
  readonly body: unknown
}

/** Fields of a record that PATCH takes, and of a pool's origins. */
const recordFields = ['type', 'name', 'ttl', 'proxied', 'content', 'comment']
const originFields = ['name', 'address', 'enabled', 'weight', 'header']

export async function startFakeCloudflare({
  records = [],
  pools = [],
}: {
  readonly records?: readonly FakeRecord[]
  readonly pools?: readonly FakePool[]
}) {
  const held = structuredClone({ records, pools }) as { records: FakeRecord[]; pools: FakePool[] }
  const violations: string[] = []
  const writes: unknown[] = []
  const scripted: Reply[] = []
  const scriptedWrites: Reply[] = []
  let edits = 0
  let fault: TargetFault | undefined

  const ok = (result: unknown, info?: object): Reply => ({
    body: { success: true, errors: [], messages: [], result, ...(info && { result_info: info }) },
  })
  const error = (status: number, code: number, message: string): Reply => ({
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  })

  function violation(says: string): Reply {
    violations.push(says)
    return error(400, 9999, says)
  }

  function listRecords(query: URLSearchParams): Reply {
    const odd = [...query.keys()].find((name) => !['type', 'name.exact', 'per_page'].includes(name))
    if (odd !== undefined) return violation(`unknown parameter ${odd}`)
    const found = held.records.filter(
      ({ name, type }) => name === query.get('name.exact') && type === query.get('type'),
    )
    return ok(found, { page: 1, per_page: 100, total_pages: 1 })
  }

  function patchRecord(id: string, body: Record<string, unknown>): Reply {
    const odd = Object.keys(body).find((name) => !recordFields.includes(name))
    if (odd !== undefined) return violation(`a record with ${odd}`)
    const record = held.records.find((each) => each.id === id)
    if (record === undefined) return error(404, 81044, 'Record does not exist.')
    if (((body['comment'] as string | undefined) ?? '').length > 100)
      return violation('a comment of over 100')
    edits += 1
    Object.assign(record, body, { modified_on: `2026-01-01T05:20:${edits}Z` })
    return ok(record)
  }

  function patchPool(id: string, body: Partial<FakePool>): Reply {
    const pool = held.pools.find((each) => each.id === id)
    if (pool === undefined) return error(404, 1002, 'pool not found')
    const odd = Object.keys(body).find((name) => !['enabled', 'origins'].includes(name))
    if (odd !== undefined) return violation(`a pool with ${odd}`)
    for (const origin of body.origins ?? []) {
      const strange = Object.keys(origin).find((name) => !originFields.includes(name))
      if (strange !== undefined) return violation(`an origin with ${strange}`)
      const hundredths = origin.weight * 100
      if (
        !(origin.weight >= 0 && origin.weight <= 1) ||
        Math.abs(hundredths - Math.round(hundredths)) > 1e-9
      ) {
        return violation(`weight ${origin.weight}`)
      }
    }
    Object.assign(pool, structuredClone(body))
    return ok(pool)
  }

  function answer(request: IncomingMessage, body: string): Reply {
    if (request.headers.authorization !== `Bearer ${token}`) {
      return error(403, 10000, 'Authentication error')
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    const given = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
    const at = `${request.method} ${pathname}`
    const recordId = new RegExp(`^PATCH /zones/${zone}/dns_records/(\\w+)$`, 'u').exec(at)?.[1]
    const poolId = new RegExp(
      `^(?:GET|PATCH) /accounts/${account}/load_balancers/pools/(\\w+)$`,
      'u',
    ).exec(at)?.[1]
    if (at === `GET /zones/${zone}/dns_records`) return listRecords(searchParams)
    if (recordId !== undefined) return patchRecord(recordId, given)
    if (at === `GET /accounts/${account}/load_balancers/pools`) {
      return ok(held.pools, { total_pages: 1 })
    }
    if (poolId !== undefined && request.method === 'PATCH') return patchPool(poolId, given)
    if (poolId !== undefined) {
      const pool = held.pools.find(({ id }) => id === poolId)
      return pool === undefined ? error(404, 1002, 'pool not found') : ok(pool)
    }
    return violation(at)
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const isWrite = request.method !== 'GET'
    const script = isWrite ? scriptedWrites : scripted
    const { status = 200, body: sent } = script.shift() ?? answer(request, body)
    if (isWrite) writes.push(JSON.parse(body))
    if (fault === 'deaf' && isWrite) return
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof sent === 'string' ? sent : JSON.stringify(sent))
  }

  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void reply(request, response)
  })
  return {
    url: server.url,
    violations,
    writes,
    held,
    state: () => structuredClone(held),
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
