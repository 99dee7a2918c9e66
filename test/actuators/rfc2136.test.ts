import { afterEach, describe, expect, it } from 'vitest'
import rfc2136 from '../../src/actuators/rfc2136.ts'
import { allTo } from '../../src/core/allocation.ts'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { startPrimary, type Refusal } from './fake-primary.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const secret = Buffer.from('0123456789abcdef0123456789abcdef')
const key: TsigKey = { name: 'changeover', algorithm: 'hmac-sha384', secret }

const given = {
  server: '127.0.0.1:53',
  zone: 'example.org',
  name: 'live.example.org',
  records: { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2', '2001:db8::2'] },
  key: { name: 'changeover', algorithm: 'hmac-sha384', secret: secret.toString('base64') },
}

function create(server: string): {
  readonly actuator: Actuator
  readonly close: () => Promise<void>
} {
  if (rfc2136.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  const actuator = rfc2136.create(rfc2136.options.parse({ ...given, server }), {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 3_000,
  })
  return { actuator, close: () => net.close() }
}

const begun = { 'live.example.org A': ['192.0.2.1'] }

// The wire is judged by BIND and Knot (test/real): here are the faults that they cannot be brought to.
actuatorContract('rfc2136', async () => {
  const primary = await startPrimary(key, begun)
  const { actuator, close } = create(primary.server)
  return {
    actuator,
    paths,
    state: () => structuredClone(primary.state()),
    editByHand: async () => primary.edit('live.example.org A', ['192.0.2.1', '192.0.2.2']),
    fail: (how) => primary.fail(how),
    secrets: [given.key.secret],
    async close() {
      await close()
      await primary.close()
    },
  }
})

describe('an update that is not made', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  async function begin() {
    const primary = await startPrimary(key, begun)
    const { actuator, close } = create(primary.server)
    closing.push(close, () => primary.close())
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
    if (step === undefined) throw new Error('no step')
    return { primary, actuator, step, version: read.observed.version }
  }

  it.each<[Refusal, object]>([
    [
      'REFUSED',
      { result: 'failed', retry: false, says: 'refuses the update of live.example.org: REFUSED' },
    ],
    [
      'NOTZONE',
      { result: 'failed', retry: false, says: 'refuses the update of live.example.org: NOTZONE' },
    ],
    ['SERVFAIL', { result: 'unknown', says: 'answers SERVFAIL to the update' }],
    [
      'unsigned-refusal',
      { result: 'failed', retry: false, says: 'answers REFUSED without a signature' },
    ],
    ['unsigned', { result: 'unknown', says: 'answers NOERROR without a signature' }],
    ['forged', { result: 'unknown', says: 'its signature is not of our key' }],
  ])('is told by %s', async (how, expected) => {
    const { primary, actuator, step, version } = await begin()
    primary.refuse(how)

    const result = await actuator.apply(step, version, never)

    expect(result).toMatchObject({
      ...expected,
      says: expect.stringContaining('says' in expected ? String(expected.says) : ''),
    })
    expect(primary.updates()).toBe(0)
  })

  it.each([
    ['another name', { name: 'www.example.org', to: 'A=192.0.2.2', ttl: 30 }],
    ['a value of no path', { name: 'live.example.org', to: 'A=203.0.113.9', ttl: 30 }],
    ['only a part of a path', { name: 'live.example.org', to: 'AAAA=2001:db8::2', ttl: 30 }],
    ['no TTL', { name: 'live.example.org', to: 'A=192.0.2.1', ttl: 0 }],
    ['no values', { name: 'live.example.org', to: 'A=', ttl: 30 }],
  ])('because its step has %s', async (_, data) => {
    const { primary, actuator, version } = await begin()

    const result = await actuator.apply({ says: 'do it', data }, version, never)

    expect(result).toEqual({
      result: 'failed',
      retry: false,
      says: 'the step is not one of this actuator',
    })
    expect(primary.updates()).toBe(0)
  })

  it('because it would leave the name without any record', async () => {
    const { primary, actuator, version } = await begin()
    const data = { name: 'live.example.org', to: '', ttl: 30 }

    const result = await actuator.apply({ says: 'empty it', data }, version, never)

    expect(result).toEqual({
      result: 'failed',
      retry: false,
      says: 'live.example.org would be left without any record',
    })
    expect(primary.updates()).toBe(0)
  })

  it('because it was made already', async () => {
    const { primary, actuator, step, version } = await begin()

    const results = [
      await actuator.apply(step, version, never),
      await actuator.apply(step, version, never),
    ]

    expect(results.map(({ result }) => result)).toEqual(['applied', 'applied'])
    expect(primary.updates()).toBe(1)
  })
})

describe('the options of the rfc2136 actuator', () => {
  const accepts = (more: object) => rfc2136.options.safeParse({ ...given, ...more }).success
  const records = (a: readonly string[], b: readonly string[]) => ({ records: { a, b } })

  it.each([
    ['what is needed', {}, true],
    ['a final dot', { zone: 'example.org.', name: 'LIVE.example.org.' }, true],
    ['the name of the zone', { name: 'example.org' }, true],
    ['aliases', records(['a.example.net'], ['b.example.net.']), true],
    ['a name elsewhere', { name: 'live.example.net' }, false],
    ['a name that ends alike', { name: 'liveexample.org' }, false],
    ['an alias of the zone', { name: 'example.org', ...records(['a.x'], ['b.x']) }, false],
    ['an address twice', records(['2001:db8::1'], ['2001:DB8:0::1']), false],
    ['two aliases of a path', records(['a.x', 'b.x'], ['c.x']), false],
    ['an alias beside an address', records(['a.x'], ['192.0.2.1']), false],
    ['no address', records([], ['192.0.2.1']), false],
    ['a half address', records(['192.0.2'], ['192.0.2.1']), false],
    ['an odd server', { server: 'host name:53' }, false],
    ['a short secret', { key: { ...given.key, secret: 'c2hvcnQ=' } }, false],
    ['a weak algorithm', { key: { ...given.key, algorithm: 'hmac-md5' } }, false],
    ['no key', { key: undefined }, false],
    ['what is unknown', { port: 53 }, false],
  ])('with %s: %j', (_, more, accepted) => {
    expect(accepts(more)).toBe(accepted)
  })

  it('never repeat a secret that is refused', () => {
    const wrong = { ...given, key: { ...given.key, secret: 'hunter2-hunter2' } }

    expect(JSON.stringify(rfc2136.options.safeParse(wrong).error?.issues)).not.toContain('hunter2')
  })

  it('tell what the key must be allowed', () => {
    const capabilities = rfc2136.capabilities(rfc2136.options.parse(given))

    expect(capabilities).toMatchObject({ shape: 'weights', layer: 'dns', settleMs: 30_000 })
    expect(capabilities.permissions).toEqual([
      'the TSIG key changeover, which may ask 127.0.0.1:53 for live.example.org, and update A and AAAA of live.example.org and TXT of _changeover.live.example.org in zone example.org',
    ])
  })
})
