import { afterEach, describe, expect, it } from 'vitest'
import cloudflareLb from '../../src/actuators/cloudflare-lb.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { account, startFakeCloudflare, token, type FakePool } from './fake-cloudflare.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const ids = {
  'cdn-a': '17b5962d775c646f3f9725cbc7a53df4',
  'cdn-b': '9290f38c5d07c2e2f4df57b1f61d4196',
  'cdn-c': '00920f38ce07c2e2f4df50b1f61d4194',
}
const origins = { 'cdn-a': 'a', 'cdn-b': 'b', 'cdn-c': 'c' }

function origin(name: string, weight: number, enabled = true) {
  return {
    name,
    address: `${name}.example.net`,
    enabled,
    weight,
    header: { Host: ['live.example.com'] },
  }
}

function poolOf(...list: FakePool['origins']): FakePool {
  return { id: ids['cdn-a'], name: 'live', enabled: true, origins: list }
}

const shared = () => [poolOf(origin('a', 1), origin('b', 0), origin('c', 0))]
const apart = () =>
  Object.entries(ids).map(([path, id], index) => ({
    id,
    name: path,
    enabled: index === 0,
    origins: [origin('x', 1)],
  }))

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(pools: readonly FakePool[], kind: 'origins' | 'pools') {
  const fake = await startFakeCloudflare({ pools })
  const which = kind === 'pools' ? { pools: ids } : { pool_id: ids['cdn-a'], origins }
  const given = { account_id: account, ...which, token, url: fake.url }
  return pushScene(cloudflareLb, fake, { paths, given })
}

async function scene(pools: readonly FakePool[] = shared(), kind: 'origins' | 'pools' = 'origins') {
  const begun = await begin(pools, kind)
  closing.push(begun.close)
  return begun
}

for (const kind of ['origins', 'pools'] as const) {
  actuatorContract(`cloudflare-lb (${kind})`, async () => {
    const begun = await begin(kind === 'pools' ? apart() : shared(), kind)
    return harnessOf(begun, {
      edit: () => {
        const [first, , third] = begun.fake.held.pools
        if (kind === 'pools') Object.assign(third ?? {}, { enabled: true })
        else Object.assign(first?.origins[2] ?? {}, { weight: 0.07 })
      },
      secrets: [token],
    })
  })
}

describe('the cloudflare-lb actuator', () => {
  it('observes weights as shares, and an origin that a person disabled as none', async () => {
    const { observe } = await scene([
      poolOf(origin('a', 0.6), origin('b', 0.2), origin('c', 1, false)),
    ])

    const observed = await observe()

    expect(observed.allocation).toEqual({ 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 })
    expect(observed.says).toBe('Cloudflare has cdn-a at 60, cdn-b at 20, cdn-c at 0 (disabled)')
  })

  it.each<[string, readonly FakePool[], string]>([
    [
      'a missing origin',
      [poolOf(origin('a', 1), origin('b', 0))],
      'pool live has 0 origins of name "c", not one',
    ],
    [
      'two origins of one name',
      [poolOf(origin('a', 1), origin('b', 0), origin('c', 0), origin('c', 0))],
      'pool live has 2 origins of name "c", not one',
    ],
    [
      'a disabled pool',
      shared().map((pool) => ({ ...pool, enabled: false })),
      'pool live is disabled, so nothing of it serves',
    ],
  ])('cannot observe %s', async (_, pools, says) => {
    const { actuator } = await scene(pools)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('cannot observe a pool that is not there', async () => {
    const { actuator } = await scene(apart().slice(0, 2), 'pools')

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: `there is no pool ${ids['cdn-c']} for cdn-c`,
    })
  })

  it('writes every origin back as it was, but for the weights', async () => {
    const stranger = origin('by hand', 0.33)
    const { fake, move } = await scene([
      poolOf(origin('a', 1), origin('b', 0), origin('c', 0), stranger),
    ])

    const result = await move({ 'cdn-a': 71, 'cdn-b': 29 })

    expect(result.result).toBe('applied')
    expect(fake.writes).toEqual([
      { origins: [origin('a', 0.71), origin('b', 0.29), origin('c', 0), stranger] },
    ])
  })

  it('enables a pool before it disables another', async () => {
    const { fake, actuator, observe } = await scene(apart(), 'pools')
    const observed = await observe()
    const steps = actuator.plan(observed, { 'cdn-b': 100 })

    let { version } = observed
    for (const step of steps) {
      const result = await actuator.apply(step, version, never)
      if (result.result !== 'applied') throw new Error(result.says)
      version = result.version ?? ''
    }

    expect(steps.map(({ says }) => says)).toEqual([
      'enable the pool of cdn-b',
      'disable the pool of cdn-a',
    ])
    expect(fake.writes).toEqual([{ enabled: true }, { enabled: false }])
    expect((await observe()).version).toBe(version)
  })

  it('leaves an origin that a person disabled where it is', async () => {
    const { fake, move } = await scene([
      poolOf(origin('a', 1), origin('b', 0, false), origin('c', 0)),
    ])

    expect(await move({ 'cdn-b': 100 })).toEqual({
      result: 'failed',
      retry: false,
      says: 'cdn-b was disabled by hand at Cloudflare; it stays so',
    })
    expect(fake.writes).toEqual([])
  })

  it.each([
    [
      'origins',
      { pool: ids['cdn-a'], 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 0 },
      'nothing would be left to serve',
    ],
    ['pools', { pool: ids['cdn-a'], 'cdn-a': 0 }, 'nothing would be left to serve'],
    ['pools', { pool: ids['cdn-b'], 'cdn-a': 0 }, 'the step is not one of this actuator'],
    [
      'origins',
      { pool: ids['cdn-b'], 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 },
      'the step is not one of this actuator',
    ],
  ] as const)('refuses with %s the step %j', async (kind, data, says) => {
    const { fake, actuator, observe } = await scene(kind === 'pools' ? apart() : shared(), kind)
    const { version } = await observe()

    const result = await actuator.apply({ says: 'x', data }, version, never)

    expect(result).toEqual({ result: 'failed', retry: false, says })
    expect(fake.writes).toEqual([])
  })

  it('does not believe a write whose answer shows the weights as they were', async () => {
    const { fake, move } = await scene()
    fake.scriptWrite({ body: { success: true, errors: [], messages: [], result: shared()[0] } })

    expect(await move({ 'cdn-b': 100 })).toEqual({
      result: 'unknown',
      says: 'Cloudflare answered with something else: cdn-a at 100, cdn-b at 0, cdn-c at 0',
    })
  })

  it.each([
    [{ pool_id: ids['cdn-a'] }, 'expected either pool_id with origins, or pools'],
    [
      { pool_id: ids['cdn-a'], origins, pools: ids },
      'expected either pool_id with origins, or pools',
    ],
    [{ pools: { a: ids['cdn-a'], b: ids['cdn-a'] } }, 'two paths name the same origin or pool'],
  ])('does not take the options %j', (which, says) => {
    const result = cloudflareLb.options.safeParse({ account_id: account, token, ...which })

    expect(result.error?.message).toContain(says)
  })
})
