import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import caddy from '../../src/actuators/caddy.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Observed } from '../../src/plugin/actuator.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const servers = { 'cdn-a': 'a:80', 'cdn-b': 'b:80', 'cdn-c': 'c:80' }
const place = '/id/live/upstreams'

type Upstream = Readonly<Record<string, string>>

/** The admin API of Caddy 2.6 for one list of upstreams, with the answers that the real one gave. */
async function startAdmin() {
  const fake = {
    upstreams: [{ dial: 'a:80' }] as readonly Upstream[],
    fault: undefined as TargetFault | undefined,
    /** Answers the next write with this status and text. */
    refusal: undefined as readonly [number, string] | undefined,
    unexpected: [] as string[],
    writes: 0,
  }
  const etag = () => {
    const hash = createHash('sha256').update(JSON.stringify(fake.upstreams)).digest('hex')
    return `"${place} ${hash.slice(0, 8)}"`
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const refuse = (status: number, error: string) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error }))
    if (request.url !== place) {
      fake.unexpected.push(`${request.method} ${request.url}`)
      return void refuse(404, "unknown object ID 'x'")
    }
    if (request.method === 'GET') {
      // The real one gives its ETag after the body.
      response.writeHead(200, { 'content-type': 'application/json', trailer: 'ETag' })
      response.write(JSON.stringify(fake.upstreams))
      response.addTrailers({ ETag: etag() })
      return void response.end()
    }
    const isPatch = request.method === 'PATCH'
    const isJson = request.headers['content-type'] === 'application/json'
    if (!isPatch || !isJson) fake.unexpected.push(`${request.method} ${request.url}`)
    if (request.headers['if-match'] !== etag()) {
      return void refuse(412, 'If-Match header did not match current config hash')
    }
    if (fake.refusal !== undefined) return void refuse(...fake.refusal)
    fake.upstreams = JSON.parse(body) as Upstream[]
    fake.writes += 1
    if (fake.fault !== 'deaf') response.writeHead(200).end()
  }
  const server = await serveHttp((request, response) => {
    if (fake.fault !== 'silent') void answer(request, response)
  })
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

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(given: object = {}) {
  if (caddy.mode !== 'push') throw new Error('not a push actuator')
  const fake = await startAdmin()
  const net = createNet({ clock })
  const url = fake.url.replace('://', '://admin:s3cr3t@')
  const options = caddy.options.parse({ url, upstreams: place, servers, ...given })
  const context = {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 1_500,
  }
  const actuator = caddy.create(options, context)
  const close = async () => {
    await net.close()
    await fake.close()
  }
  async function observe(): Promise<Observed> {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  return { fake, actuator, observe, close }
}

actuatorContract('caddy', async () => {
  const { fake, actuator, close } = await begin()
  return {
    actuator,
    paths,
    state: () => fake.upstreams,
    editByHand: async () => void (fake.upstreams = [{ dial: 'a:80' }, { dial: 'c:80' }]),
    fail: async (fault) => await fake.fail(fault),
    secrets: ['s3cr3t'],
    async close() {
      await close()
      if (fake.unexpected.length > 0) throw new Error(`refused: ${fake.unexpected.join(', ')}`)
    },
  }
})

describe('the caddy actuator', () => {
  async function started(given: object = {}) {
    const all = await begin(given)
    closing.push(all.close)
    return all
  }

  it('repeats a server as often as its share says, evenly, with its mark on the first', async () => {
    const { fake, actuator, observe } = await started()
    const observed = await observe()
    const [step] = actuator.plan(observed, { 'cdn-a': 50, 'cdn-b': 25, 'cdn-c': 25 })

    const result = await actuator.apply(step ?? { says: '', data: {} }, observed.version, never)

    expect(step).toEqual({
      says: 'set the upstreams of Caddy to cdn-a 50, cdn-b 25, cdn-c 25',
      data: { 'cdn-a': 2, 'cdn-b': 1, 'cdn-c': 1 },
    })
    expect(result).toEqual({ result: 'applied' })
    expect(fake.upstreams).toEqual([
      { '@id': 'changeover-channel-1-cdn', dial: 'a:80' },
      { dial: 'b:80' },
      { dial: 'c:80' },
      { dial: 'a:80' },
    ])
    expect(await observe()).toMatchObject({
      ours: true,
      allocation: { 'cdn-a': 50, 'cdn-b': 25, 'cdn-c': 25 },
      says: 'Caddy has upstreams: cdn-a 2, cdn-b 1, cdn-c 1',
    })
  })

  it('has nothing more to do where the slots are too coarse for the shares', async () => {
    const { fake, actuator, observe } = await started({ slots: 4 })
    fake.upstreams = ['a:80', 'a:80', 'a:80', 'b:80'].map((dial) => ({ dial }))

    expect(actuator.plan(await observe(), { 'cdn-a': 70, 'cdn-b': 30 })).toEqual([])
  })

  it.each([
    [20, 'weights'],
    [1, 'single'],
  ])('with %i slots has the shape %s', (slots, shape) => {
    const options = caddy.options.parse({ upstreams: place, servers, slots })

    expect(caddy.capabilities(options)).toMatchObject({ shape, compareAndSet: 'atomic' })
  })

  it.each<[string, readonly Upstream[], string]>([
    [
      'upstreams of nobody here',
      [{ '@id': 'changeover-channel-1-cdn', dial: 'a:80' }, { dial: 'x:80' }],
      'Caddy has upstreams: cdn-a 1, cdn-b none, cdn-c none, and 1 for no path of ours',
    ],
    [
      'the mark of another group',
      [{ '@id': 'changeover-channel-2-cdn', dial: 'a:80' }],
      'Caddy has upstreams: cdn-a 1, cdn-b none, cdn-c none',
    ],
  ])('leaves a list with %s to people', async (_, upstreams, says) => {
    const { fake, observe } = await started()
    fake.upstreams = upstreams

    expect(await observe()).toMatchObject({ ours: false, says })
  })

  it.each<[number, string, object]>([
    [
      500,
      'loading new config: loading http app module: provision http: server srv0',
      { result: 'failed', retry: false },
    ],
    [500, 'something else', { result: 'unknown' }],
    [403, 'host not allowed: lb', { result: 'failed', retry: false }],
    [429, 'later', { result: 'failed', retry: true }],
  ])('says what Caddy says: %i %s', async (status, error, expected) => {
    const { fake, actuator, observe } = await started()
    const observed = await observe()
    const [step] = actuator.plan(observed, allTo('cdn-b', paths))
    fake.refusal = [status, error]

    const result = await actuator.apply(step ?? { says: '', data: {} }, observed.version, never)

    expect(result).toEqual({ ...expected, says: `Caddy answered ${status}: ${error}` })
    expect(fake.writes).toBe(0)
  })

  it('never writes an empty list', async () => {
    const { fake, actuator, observe } = await started()
    const step = { says: 'a step', data: { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 0 } }

    const result = await actuator.apply(step, (await observe()).version, never)

    expect(result).toMatchObject({ result: 'failed', says: 'no upstream would be left' })
    expect(fake.writes).toBe(0)
  })

  it.each([
    [{ upstreams: '/load' }],
    [{ upstreams: '/id/live' }],
    [{ upstreams: '/id/../upstreams' }],
    [{ servers: { 'cdn-a': 'a' } }],
    [{ servers: { 'cdn-a': 'http://a:80' } }],
    [{ servers: { 'cdn-a': 'a:80', 'cdn-b': 'a:80' } }],
    [{ slots: 0 }],
  ])('refuses the options %j', (bad) => {
    expect(caddy.options.safeParse({ upstreams: place, servers, ...bad }).success).toBe(false)
  })
})
