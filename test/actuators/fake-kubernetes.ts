import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { text } from 'node:stream/consumers'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import type { TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp, serveHttps, type Certificate } from '../net/servers.ts'

/** An object as the API server has it. */
export interface StoredObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace: string
    resourceVersion?: string
    generation?: number
    annotations?: Record<string, string>
    [more: string]: unknown
  }
  [more: string]: unknown
}

const contract = parse(
  readFileSync(
    new URL('../fixtures/contracts/gateway-api-httproute.crd.yaml', import.meta.url),
    'utf8',
  ),
) as { spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] } }

const isHttpRoute = new Ajv({ strict: false, validateFormats: false }).compile(
  closed(contract.spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema ?? {}),
)

/**
 * The Kubernetes API server for the objects of one test: GET and PUT with `resourceVersion`, as the
 * API concepts of Kubernetes 1.31 describe them ("Resource versions"), `scale` and `status` as
 * subresources. An HTTPRoute must keep the schema of Gateway API, and no field of it may be unknown.
 */
export async function startFakeKubernetes(
  stored: Readonly<Record<string, StoredObject>>,
  /** Over TLS, where the certificate of this client does what the token does. */
  tls?: { readonly certificate: Certificate; readonly client: Certificate },
) {
  let counter = 100
  const objects = new Map<string, StoredObject>()
  const put = (url: string, object: StoredObject) => {
    counter += 1
    const metadata = { ...object.metadata, resourceVersion: String(counter) }
    objects.set(url, { ...object, metadata })
  }
  for (const [url, object] of Object.entries(stored)) put(url, structuredClone(object))
  const fake = {
    objects,
    put,
    violations: [] as string[],
    requests: [] as string[],
    token: 'tok3n',
    fault: undefined as TargetFault | undefined,
    /** Runs before the next PUT is looked at: somebody else is faster. */
    beforePut: undefined as (() => void) | undefined,
    /** Answers the next PUT with this status and message. */
    refusal: undefined as readonly [number, string] | undefined,
    /** The object at a URL, whose status a controller may write at any time. */
    edit(url: string, change: (object: StoredObject) => void) {
      const object = objects.get(url)
      if (object === undefined) throw new Error(`no ${url}`)
      const copy = structuredClone(object)
      change(copy)
      put(url, copy)
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const url = request.url ?? ''
    fake.requests.push(`${request.method} ${url}`)
    const send = (status: number, sent: object) =>
      void response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(sent))
    const refuse = (code: number, message: string) =>
      send(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code })
    const isKnown =
      tls === undefined
        ? request.headers.authorization === `Bearer ${fake.token}`
        : (request.socket as TLSSocket).getPeerCertificate().subject.CN === 'changeover'
    if (!isKnown) return refuse(401, 'Unauthorized')
    if (!objects.has(url)) return refuse(404, `no object at ${url}`)
    if (request.method === 'GET') return send(200, objects.get(url) ?? {})
    if (request.method !== 'PUT') return refuse(405, 'method not allowed')
    fake.beforePut?.()
    fake.beforePut = undefined
    if (fake.refusal !== undefined) return refuse(...fake.refusal)
    const now = objects.get(url)
    const next = JSON.parse(body) as StoredObject
    if (request.headers['content-type'] !== 'application/json') {
      fake.violations.push(`PUT as ${request.headers['content-type']}`)
    }
    if (next.apiVersion !== now?.apiVersion || next.kind !== now?.kind) {
      fake.violations.push(`PUT of a ${next.apiVersion} ${next.kind}`)
    }
    if (next.kind === 'HTTPRoute' && !isHttpRoute(next)) {
      fake.violations.push(JSON.stringify(isHttpRoute.errors))
      return refuse(422, 'HTTPRoute is invalid')
    }
    if (next.metadata.resourceVersion === undefined) fake.violations.push('PUT without version')
    if (next.metadata.resourceVersion !== now?.metadata.resourceVersion) {
      return refuse(409, 'the object has been modified; please apply your changes to the latest')
    }
    put(url, written(url, now as StoredObject, next))
    if (fake.fault !== 'deaf') send(200, objects.get(url) ?? {})
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    if (fake.fault !== 'silent') void answer(request, response)
  }
  const server =
    tls === undefined
      ? await serveHttp(listener)
      : await serveHttps(listener, tls.certificate, undefined, tls.client.cert)
  return Object.assign(fake, {
    url: server.url,
    async fail(how: TargetFault) {
      fake.fault = how
      if (how === 'refuse') await server.close()
    },
    async close() {
      if (fake.fault !== 'refuse') await server.close()
    },
  })
}

/** What a PUT changes: of a status only that, of anything else all but that. */
function written(url: string, now: StoredObject, next: StoredObject): StoredObject {
  if (url.endsWith('/status')) return { ...now, status: next['status'] }
  if (url.endsWith('/scale')) return { ...now, spec: next['spec'] }
  return { ...next, status: now['status'] }
}

/** The schema with every object of known properties closed: the API server drops what it does not know. */
function closed(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema as object
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  )
  const isObject = 'type' in schema && schema.type === 'object' && 'properties' in schema
  // The schema of a resource leaves its metadata to the API server.
  return isObject && !('additionalProperties' in schema)
    ? { ...inner, additionalProperties: false }
    : inner
}
