import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import route53 from '../../src/actuators/route53.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, Observed } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { onlyTo, stubAwsCredentials } from '../fakes/aws-server.ts'
import { awsKey } from '../fakes/aws-signature.ts'
import { startFakeRoute53, type FakeSet } from './fake-route53.ts'

/** How far tests moved on in time, in milliseconds. */
let movedOn = 0
const real = realClock()
const clock = { ...real, now: () => real.now() + movedOn }
const never = new AbortController().signal
const mark: FakeSet = {
  Name: '_changeover.live.example.com.',
  Type: 'TXT',
  TTL: 300,
  ResourceRecords: { ResourceRecord: { Value: '"heritage=changeover group=ch/cdn"' } },
}

function weighted(path: string, Weight: number): FakeSet {
  return {
    Name: 'live.example.com.',
    Type: 'CNAME',
    SetIdentifier: path,
    Weight,
    TTL: 60,
    ResourceRecords: { ResourceRecord: { Value: `${path}.example.net` } },
    HealthCheckId: `health-of-${path}`,
  }
}

/** An alias record, which has no TTL, in a pair with failover routing. */
function role(path: string, Failover: string): FakeSet {
  return {
    Name: 'live.example.com.',
    Type: 'A',
    SetIdentifier: path,
    Failover,
    AliasTarget: {
      HostedZoneId: 'Z2FDTNDATAQYW2',
      DNSName: `${path}.cloudfront.net.`,
      EvaluateTargetHealth: 'false',
    },
    HealthCheckId: `health-of-${path}`,
  }
}

const other: FakeSet = { Name: 'www.example.com.', Type: 'A', TTL: 60 }
const three = () => [
  other,
  mark,
  weighted('cdn-a', 100),
  weighted('cdn-b', 0),
  weighted('cdn-c', 0),
]
const pair = () => [other, mark, role('cdn-a', 'PRIMARY'), role('cdn-b', 'SECONDARY')]

const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  // The first import of the SDK takes longer than the short call time-out of these tests.
  await import('@aws-sdk/client-route-53')
})

beforeEach(stubAwsCredentials)

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

async function begin(sets: FakeSet[], given: object = {}) {
  if (route53.mode !== 'push') throw new Error('not a push actuator')
  const fake = await startFakeRoute53(sets)
  const net = createNet({ clock })
  const paths = sets.flatMap(({ SetIdentifier: name }) => (name === undefined ? [] : [name]))
  const options = route53.options.parse({
    zone_id: 'Z1EXAMPLE',
    name: 'live.example.com',
    record: sets.some(({ Type }) => Type === 'CNAME') ? 'CNAME' : 'A',
    sets: Object.fromEntries(paths.map((path) => [path, path])),
    endpoint: fake.url,
    ...given,
  })
  const context = { clock, ids: realIds(), group: 'ch/cdn', paths, callTimeoutMs: 800 }
  const actuator = route53.create(options, { ...context, net: onlyTo(fake.url, net) })
  const close = async () => {
    await net.close()
    await fake.close()
    if (fake.violations.length > 0) throw new Error(fake.violations.join('; '))
  }
  return { fake, actuator, paths, close }
}

async function scene(sets: FakeSet[] = three(), given: object = {}) {
  const begun = await begin(sets, given)
  closing.push(begun.close)
  return begun
}

async function observe(actuator: Actuator): Promise<Observed> {
  const result = await actuator.observe(never)
  if (!result.ok) throw new Error(result.says)
  return result.observed
}

async function move(actuator: Actuator, to: Readonly<Record<string, number>>) {
  const observed = await observe(actuator)
  const [step, ...more] = actuator.plan(observed, to)
  if (step === undefined || more.length > 0) throw new Error('not one step')
  return await actuator.apply(step, observed.version, never)
}

for (const [routing, sets] of [
  ['weighted', three],
  ['failover', pair],
] as const) {
  actuatorContract(`route53 (${routing})`, async () => {
    const { fake, actuator, paths, close } = await begin(sets(), { routing })
    return {
      actuator,
      paths,
      state: () => fake.state(),
      async editByHand() {
        if (routing === 'weighted') fake.set('cdn-a', { Weight: 37 })
        else fake.set('cdn-b', { HealthCheckId: 'another' })
      },
      fail: (fault) => fake.fail(fault),
      secrets: [awsKey.secret, awsKey.id],
      close,
    }
  })
}

describe('the route53 actuator observes', () => {
  it.each([
    [[255, 255, 0], { 'cdn-a': 50, 'cdn-b': 50, 'cdn-c': 0 }],
    [[3, 1, 0], { 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 }],
    // Route 53 answers all alike where every weight is 0.
    [[0, 0, 0], { 'cdn-a': 34, 'cdn-b': 33, 'cdn-c': 33 }],
  ])('weights %j as the shares that Route 53 gives them', async (weights, allocation) => {
    const { fake, actuator, paths } = await scene()
    for (const [index, path] of paths.entries()) fake.set(path, { Weight: weights[index] ?? 0 })

    expect((await observe(actuator)).allocation).toEqual(allocation)
  })

  it('says what it found, and whose it is', async () => {
    const { actuator } = await scene()

    const observed = await observe(actuator)

    expect(observed.ours).toBe(true)
    expect(observed.says).toBe(
      'Route 53 has live.example.com CNAME: cdn-a at weight 100, cdn-b at weight 0, cdn-c at weight 0',
    )
  })

  it.each([
    ['no mark', three().filter((set) => set !== mark), ''],
    [
      'the mark of another group',
      three().map((set) =>
        set === mark
          ? {
              ...mark,
              ResourceRecords: { ResourceRecord: { Value: '"heritage=changeover group=x/y"' } },
            }
          : set,
      ),
      ', marked "heritage=changeover group=x/y"',
    ],
  ])('a name with %s as not ours', async (_, sets, says) => {
    const { actuator } = await scene(sets)

    const observed = await observe(actuator)

    expect(observed.ours).toBe(false)
    expect(observed.says).toContain(`cdn-c at weight 0${says}`)
  })

  it('record sets beyond the group that carry traffic, and a TTL that the options do not say', async () => {
    const { fake, actuator } = await scene()
    fake.add({ ...weighted('by-hand', 5) })
    fake.set('cdn-b', { TTL: 900 })

    expect((await observe(actuator)).says).toBe(
      'Route 53 has live.example.com CNAME: cdn-a at weight 100, cdn-b at weight 0, cdn-c at weight 0, and record set "by-hand", which is no path of this group, with a TTL of 900 s, which ttl does not say',
    )
  })

  it('every record set of the name, over several pages', async () => {
    const { fake, actuator } = await scene()
    for (let index = 0; index < 120; index += 1) fake.add(weighted(`aaa-${index}`, 0))

    expect((await observe(actuator)).allocation).toEqual({ 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 })
    expect(fake.requests.map(({ url }) => url.searchParams.get('identifier'))).toEqual([
      null,
      // In the order of their text: aaa-0, aaa-1, aaa-10, …
      'aaa-81',
      null,
    ])
  })

  it.each<[string, (fake: Awaited<ReturnType<typeof scene>>['fake']) => void, string]>([
    [
      'a record set that is missing',
      (fake) => fake.remove('cdn-b'),
      'live.example.com CNAME has no record set "cdn-b": create it first',
    ],
    [
      'a record set without a weight',
      (fake) => fake.set('cdn-b', { Weight: undefined, Region: 'eu-central-1' } as never),
      'record set "cdn-b" of live.example.com has no weighted routing',
    ],
    [
      'a record set of a traffic policy',
      (fake) => fake.set('cdn-b', { TrafficPolicyInstanceId: '12131415' }),
      'record set "cdn-b" belongs to a traffic policy, which sets it',
    ],
  ])('nothing with %s', async (_, spoil, says) => {
    const { fake, actuator } = await scene()
    spoil(fake)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it.each([
    [
      { status: 200, body: '<html><body>Hello</body></html>' },
      true,
      'Route 53 answered without a list of record sets',
    ],
    [
      { status: 502, body: '<html>bad gateway' },
      true,
      'Route 53 answered 502 Error: @aws-sdk XML parse error',
    ],
    [
      errorReply(400, 'Throttling', 'Rate exceeded'),
      true,
      'Route 53 answered 400 Throttling: Rate exceeded',
    ],
    [
      errorReply(403, 'AccessDenied', 'User: arn:aws:iam::1:user/x is not authorized'),
      false,
      'Route 53 answered 403 AccessDenied: User: arn:aws:iam::1:user/x is not authorized',
    ],
    [
      errorReply(403, 'SignatureDoesNotMatch', 'String-to-Sign x-amz-security-token:s3cr3t'),
      false,
      'Route 53 answered 403 SignatureDoesNotMatch: the signature is not accepted',
    ],
    [
      errorReply(404, 'NoSuchHostedZone', 'No hosted zone found with ID: Z1EXAMPLE'),
      false,
      'Route 53 answered 404 NoSuchHostedZone: No hosted zone found with ID: Z1EXAMPLE',
    ],
  ])('nothing in the answer %j', async (reply, retry, says) => {
    const { fake, actuator } = await scene()
    fake.script(reply)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry })
    expect(!result.ok && result.says).toContain(says)
  })

  it('nothing without credentials, and says that it was AWS which could not be asked', async () => {
    const { fake, actuator } = await scene()
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry: true })
    expect(!result.ok && result.says).toMatch(/^Route 53 cannot be asked: .*credentials/u)
    expect(fake.requests).toEqual([])
  })
})

describe('the route53 actuator applies', () => {
  it('one batch: what moves is deleted as it was and created anew, values and health checks kept', async () => {
    const { fake, actuator } = await scene()

    const result = await move(actuator, { 'cdn-b': 70, 'cdn-a': 30, 'cdn-c': 0 })

    expect(result.result).toBe('applied')
    expect(fake.batches).toEqual([
      ['DELETE cdn-a 100', 'DELETE cdn-b 0', 'CREATE cdn-a 30', 'CREATE cdn-b 70'],
    ])
    expect(fake.state()).toContainEqual(weighted('cdn-b', 70))
  })

  it('an exchange of roles with failover routing, alias targets kept', async () => {
    const { fake, actuator } = await scene(pair(), { routing: 'failover' })

    const result = await move(actuator, { 'cdn-b': 100 })

    expect(result.result).toBe('applied')
    expect(fake.batches).toEqual([
      [
        'DELETE cdn-a PRIMARY',
        'DELETE cdn-b SECONDARY',
        'CREATE cdn-a SECONDARY',
        'CREATE cdn-b PRIMARY',
      ],
    ])
    expect(fake.state()).toContainEqual(role('cdn-b', 'PRIMARY'))
  })

  it.each([
    ['no mark', three().filter((set) => set !== mark), ['CREATE TXT']],
    [
      'the mark of another group, which a person took over',
      three().map((set) =>
        set === mark
          ? { ...mark, TTL: 60, ResourceRecords: { ResourceRecord: { Value: '"x"' } } }
          : set,
      ),
      ['DELETE TXT', 'CREATE TXT'],
    ],
  ])('and marks the name as ours in the same batch where it has %s', async (_, sets, marks) => {
    const { fake, actuator } = await scene(sets)

    const result = await move(actuator, { 'cdn-b': 100 })
    const after = await observe(actuator)

    expect(fake.batches[0]?.slice(4)).toEqual(marks)
    expect(fake.state()).toContainEqual(mark)
    expect(after.ours).toBe(true)
    expect(result).toEqual({ result: 'applied', version: after.version })
  })

  it.each(['ErrorResponse', 'bare'] as const)(
    'nothing over an edit that lands between reading and writing (%s)',
    async (shape) => {
      const { fake, actuator } = await scene()
      fake.errorShape(shape)
      fake.beforeNextChange(() => fake.set('cdn-b', { Weight: 9 }))

      const result = await move(actuator, { 'cdn-b': 100 })

      expect(result).toMatchObject({ result: 'conflict' })
      expect(JSON.stringify(result)).toContain(
        'the values provided do not match the current values',
      )
      expect(fake.state()).toContainEqual(weighted('cdn-b', 9))
      expect(fake.state()).toContainEqual(weighted('cdn-a', 100))
    },
  )

  it.each([
    [errorReply(400, 'PriorRequestNotComplete', 'still busy'), { result: 'failed', retry: true }],
    [errorReply(400, 'Throttling', 'Rate exceeded'), { result: 'failed', retry: true }],
    [errorReply(503, 'Throttling', 'Rate exceeded'), { result: 'failed', retry: true }],
    [
      errorReply(400, 'InvalidChangeBatch', 'RRSet with DNS name x is not permitted'),
      { result: 'failed', retry: false },
    ],
    [errorReply(403, 'AccessDenied', 'no'), { result: 'failed', retry: false }],
    [errorReply(500, 'InternalFailure', 'oh'), { result: 'unknown' }],
    [{ status: 200, body: '<html></html>' }, { result: 'unknown' }],
    [{ status: 200, body: 'garbage' }, { result: 'unknown' }],
  ])('and takes the answer %j to a write as %j', async (reply, expected) => {
    const { fake, actuator } = await scene()
    const observed = await observe(actuator)
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')
    const sets = fake.state()

    fake.scriptWrite(reply)
    const result = await actuator.apply(step, observed.version, never)

    expect(result).toMatchObject(expected)
    expect(fake.state()).toEqual(sets)
  })

  it('no step that leaves nothing', async () => {
    const { fake, actuator } = await scene()
    const { version } = await observe(actuator)

    const step = { says: 'empty it', data: { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 0 } }
    const result = await actuator.apply(step, version, never)

    expect(result).toEqual({
      result: 'failed',
      retry: false,
      says: 'no record set would be left to serve',
    })
    expect(fake.batches).toEqual([])
  })

  it('and is in effect once Route 53 calls it INSYNC and caches had the TTL of the record sets', async () => {
    const { fake, actuator } = await scene(undefined, { ttl: '5m' })
    fake.syncStatus('PENDING')
    const wanted = { 'cdn-a': 0, 'cdn-b': 100, 'cdn-c': 0 }

    const before = await actuator.spread?.(wanted, never)
    await move(actuator, wanted)
    const pending = await actuator.spread?.(wanted, never)
    fake.syncStatus('INSYNC')
    const soon = await actuator.spread?.(wanted, never)
    movedOn += 2_000
    const synced = await actuator.spread?.(wanted, never)
    const asked = fake.requests.length
    movedOn += 10_000
    await actuator.spread?.(wanted, never)

    const behind = {
      who: 'Route 53',
      kind: 'server',
      withinMs: 60_000,
      says: 'has not brought the change to all of its servers (PENDING)',
    }
    // Another process made the last change: nobody knows its identity.
    expect(before).toEqual({ asked: 0, behind: [] })
    expect(pending).toEqual({ asked: 1, behind: [behind], cachesMs: 60_000 })
    // Five requests a second are all that the account has.
    expect(soon).toEqual(pending)
    expect(synced).toEqual({ asked: 1, behind: [], cachesMs: 60_000 })
    expect(fake.requests).toHaveLength(asked)
  })

  it('and is not called in effect while Route 53 cannot be asked', async () => {
    const { fake, actuator } = await scene()
    const wanted = { 'cdn-a': 0, 'cdn-b': 100, 'cdn-c': 0 }
    await move(actuator, wanted)

    fake.script({
      status: 403,
      body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
    })
    const spread = await actuator.spread?.(wanted, never)

    expect(spread?.behind).toMatchObject([
      { who: 'Route 53', says: 'cannot be asked: Route 53 answered 403 AccessDenied: no' },
    ])
  })

  it('and tells whether all servers of Route 53 have it', async () => {
    const { fake, actuator } = await scene()
    fake.syncStatus('PENDING')

    await move(actuator, { 'cdn-b': 100 })
    const pending = await observe(actuator)
    fake.syncStatus('INSYNC')
    movedOn += 2_000
    const synced = await observe(actuator)
    const asked = fake.requests.length
    const later = await observe(actuator)

    expect(pending.says).toMatch(/; not all of its servers have the last change yet$/u)
    expect(synced.says).toMatch(/; all of its servers have the last change$/u)
    expect(later.says).toMatch(/cdn-c at weight 0$/u)
    expect(fake.requests.slice(asked).map(({ url }) => url.pathname)).toEqual([
      '/2013-04-01/hostedzone/Z1EXAMPLE/rrset',
      '/2013-04-01/hostedzone/Z1EXAMPLE/rrset',
    ])
  })
})

describe('the options of route53', () => {
  const sets = { 'cdn-a': 'a', 'cdn-b': 'b' }
  const given = { zone_id: 'Z1', name: 'live.example.com', record: 'A', sets }

  it.each([
    [{ ...given, routing: 'failover', sets: { a: 'a', b: 'b', c: 'c' } }, 'exactly two paths'],
    [{ ...given, sets: { 'cdn-a': 'a', 'cdn-b': 'a' } }, 'two paths name the same record set'],
    [{ ...given, zone_id: '/hostedzone/Z1' }, 'the identity of a hosted zone'],
    [{ ...given, name: 'Live.Example.com' }, 'a name in lower case'],
  ])('refuse %j', (options, says) => {
    const result = route53.options.safeParse(options)

    expect(result.success).toBe(false)
    expect(result.error?.message).toContain(says)
  })

  it('put it after everything else, with the time that Route 53 and caches take', () => {
    const capabilities = route53.capabilities(route53.options.parse({ ...given, ttl: '30s' }))

    expect(capabilities).toMatchObject({ layer: 'dns', settleMs: 90_000, compareAndSet: 'atomic' })
    expect(capabilities.permissions.join()).toContain('route53:ChangeResourceRecordSets')
  })
})

function errorReply(status: number, code: string, message: string) {
  return {
    status,
    body: `<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>x</RequestId></ErrorResponse>`,
  }
}
