import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import powerdns from '../../src/actuators/powerdns.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const key = 's3cr3t-api-key'

const given = {
  api_key: key,
  zone: 'example.org',
  name: 'live.example.org',
  records: { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2'] },
}

/** What a PATCH may hold, as PowerDNS 4.7 takes it. */
const patch = z.strictObject({
  rrsets: z
    .array(
      z.strictObject({
        name: z.string().endsWith('.example.org.'),
        type: z.enum(['A', 'AAAA', 'CNAME', 'TXT']),
        ttl: z.int().min(0).max(2_147_483_647).optional(),
        changetype: z.enum(['REPLACE', 'DELETE']),
        records: z
          .array(z.strictObject({ content: z.string(), disabled: z.literal(false) }))
          .optional(),
      }),
    )
    .min(1),
})

/** PowerDNS in this process, for the faults that the real one cannot be brought to. */
async function startFake() {
  const sets = new Map([['live.example.org. A', ['192.0.2.1']]])
  let fault: TargetFault | undefined
  let status: number | undefined
  let extra: object | undefined
  let writes = 0
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://host')
    const end = (code: number, body: unknown) =>
      void response
        .writeHead(code, { 'content-type': 'application/json' })
        .end(JSON.stringify(body))
    if (request.headers['x-api-key'] !== key)
      return void response.writeHead(401).end('Unauthorized')
    if (url.pathname !== '/api/v1/servers/localhost/zones/example.org.') {
      return void response.writeHead(404).end('Not Found')
    }
    if (request.method === 'GET') {
      const name = url.searchParams.get('rrset_name')
      const rrsets = [...sets].flatMap(([owner, values]) => {
        const [of, type] = owner.split(' ')
        const records = values.map((content) => ({ content, disabled: false }))
        return of === name ? [{ name: of, type, ttl: 30, records, comments: [] }] : []
      })
      if (extra !== undefined) return end(200, { rrsets: [...rrsets, extra] })
      return end(200, { name: 'example.org.', rrsets })
    }
    const body = patch.parse(JSON.parse(await text(request)))
    if (status !== undefined) return end(status, { error: 'database is locked' })
    writes += 1
    for (const { name, type, changetype, records = [] } of body.rrsets) {
      const owner = `${name} ${type}`
      if (changetype === 'DELETE') sets.delete(owner)
      else
        sets.set(
          owner,
          records.map(({ content }) => content),
        )
    }
    if (fault !== 'deaf') response.writeHead(204).end()
  }
  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void answer(request, response)
  })
  return {
    url: server.url,
    state: () => Object.fromEntries(sets),
    writes: () => writes,
    edit: (values: readonly string[]) => void sets.set('live.example.org. A', [...values]),
    answerWith: (code: number) => void (status = code),
    /** A record set that every answer has too, as from a PowerDNS that does not know how to filter. */
    alsoHas: (rrset: object) => void (extra = rrset),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await server.close()
    },
    async close() {
      if (fault !== 'refuse') await server.close()
    },
  }
}

function create(url: string) {
  if (powerdns.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  const actuator = powerdns.create(powerdns.options.parse({ ...given, url }), {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 4_500,
  })
  return { actuator, close: async () => await net.close() }
}

actuatorContract('powerdns', async () => {
  const fake = await startFake()
  const { actuator, close } = create(fake.url)
  return {
    actuator,
    paths,
    state: () => structuredClone(fake.state()),
    editByHand: async () => fake.edit(['192.0.2.1', '192.0.2.2']),
    fail: (how) => fake.fail(how),
    secrets: [key],
    async close() {
      await close()
      await fake.close()
    },
  }
})

describe('a write that PowerDNS does not answer with success', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  it.each([
    [422, { result: 'failed', retry: false }],
    [429, { result: 'failed', retry: true }],
    // What a database did before it failed, nobody knows.
    [500, { result: 'unknown' }],
  ])('is classified: %i', async (status, expected) => {
    const fake = await startFake()
    const { actuator, close } = create(fake.url)
    closing.push(close, () => fake.close())
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
    if (step === undefined) throw new Error('no step')
    fake.answerWith(status)

    const result = await actuator.apply(step, read.observed.version, never)

    expect(result).toMatchObject(expected)
    expect(result).toHaveProperty('says', expect.stringContaining(`${status}: database is locked`))
    expect(fake.writes()).toBe(0)
  })
})

describe('a name at PowerDNS', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  it.each([
    ['LUA', false, 'live.example.org has a record of type LUA, which answers in place of ours'],
    ['AAAA', true, 'live.example.org has records that are disabled: delete or enable them'],
    ['CNAME', false, 'live.example.org is an alias (CNAME), but the paths name addresses'],
  ])('with a record of type %s is left alone', async (type, disabled, says) => {
    const fake = await startFake()
    const { actuator, close } = create(fake.url)
    closing.push(close, () => fake.close())
    const records = [{ content: 'x', disabled }]
    fake.alsoHas({ name: 'live.example.org.', type, ttl: 30, records })

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('is not taken for another one of its zone', async () => {
    const fake = await startFake()
    const { actuator, close } = create(fake.url)
    closing.push(close, () => fake.close())
    const records = [{ content: '203.0.113.9', disabled: false }]
    fake.alsoHas({ name: 'www.example.org.', type: 'A', ttl: 30, records })

    const read = await actuator.observe(never)

    expect(read).toMatchObject({ ok: true, observed: { version: 'A=192.0.2.1 mark=none' } })
  })
})

describe('the options of the powerdns actuator', () => {
  const accepts = (more: object) =>
    powerdns.options.safeParse({ ...given, url: 'http://127.0.0.1:8081', ...more }).success

  it.each([
    ['what is needed', {}, true],
    ['a name elsewhere', { name: 'live.example.net' }, false],
    ['an alias of the zone', { name: 'example.org', records: { a: ['a.x'], b: ['b.x'] } }, false],
    ['another scheme', { url: 'ftp://host' }, false],
    ['an odd server', { server_id: '../zones' }, false],
    ['no key', { api_key: '' }, false],
  ])('with %s: %j', (_, more, accepted) => {
    expect(accepts(more)).toBe(accepted)
  })

  it('tell how far the key reaches, without it', () => {
    const url = 'http://user:hunter2@127.0.0.1:8081'
    const { permissions, compareAndSet } = powerdns.capabilities(
      powerdns.options.parse({ ...given, url }),
    )

    expect(compareAndSet).toBe('checked')
    expect(permissions).toEqual([
      'the API key of PowerDNS at 127.0.0.1:8081, which may change all of its zones, example.org among them',
    ])
  })
})
