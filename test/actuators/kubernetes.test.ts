import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import kubernetes from '../../src/actuators/kubernetes.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Observed, Step } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { startFakeKubernetes, type StoredObject } from './fake-kubernetes.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const core = '/api/v1/namespaces/live'
const routeUrl = '/apis/gateway.networking.k8s.io/v1/namespaces/live/httproutes/channel'
const serviceUrl = `${core}/services/channel`
const sliceUrl = (name: string) =>
  `/apis/discovery.k8s.io/v1/namespaces/live/endpointslices/${name}`
const podUrl = (name: string) => `${core}/pods/${name}/status`
const scaleUrl = (name: string) => `/apis/apps/v1/namespaces/live/deployments/${name}/scale`

function object(apiVersion: string, kind: string, name: string, rest: object): StoredObject {
  return { apiVersion, kind, metadata: { name, namespace: 'live' }, ...rest }
}

function route(): StoredObject {
  const backend = (name: string, more: object) => ({ name, port: 80, ...more })
  return object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'channel', {
    spec: {
      parentRefs: [{ name: 'gateway', sectionName: 'https' }],
      hostnames: ['live.example'],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/ch1' } }],
          backendRefs: [
            backend('edge-a', {}),
            backend('edge-b', { weight: 0 }),
            backend('canary', { weight: 0 }),
          ],
          timeouts: { request: '10s' },
        },
        { backendRefs: [backend('edge-a', { weight: 9 })] },
      ],
    },
    status: { parents: [] },
  })
}

function slice(name: string, ready: boolean): StoredObject {
  return {
    ...object('discovery.k8s.io/v1', 'EndpointSlice', name, {}),
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready, serving: true } }],
    ports: [{ port: 80 }],
  }
}

function pod(name: string, status: string): StoredObject {
  return object('v1', 'Pod', name, {
    spec: { readinessGates: [{ conditionType: 'changeover/serves' }], containers: [] },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status },
        { type: 'changeover/serves', status },
      ],
    },
  })
}

function scale(name: string, replicas: number): StoredObject {
  return object('autoscaling/v1', 'Scale', name, { spec: { replicas }, status: { replicas } })
}

interface Target {
  readonly target: object
  readonly names: Readonly<Record<string, string>>
  readonly stored: Readonly<Record<string, StoredObject>>
  /** What a person does that gives another allocation. */
  readonly edited: readonly [string, (object: StoredObject) => void]
}

const service = (value: string) =>
  object('v1', 'Service', 'channel', {
    spec: { selector: { app: 'edge', side: value }, ports: [{ port: 80 }] },
  })

const kinds: Readonly<Record<string, Target>> = {
  'http-route': {
    target: { kind: 'http-route', name: 'channel' },
    names: { 'cdn-a': 'edge-a', 'cdn-b': 'edge-b' },
    stored: { [routeUrl]: route() },
    edited: [
      routeUrl,
      (each) => {
        const { rules } = each['spec'] as { rules: { backendRefs: { weight?: number }[] }[] }
        Object.assign(rules[0]?.backendRefs[1] ?? {}, { weight: 1 })
      },
    ],
  },
  service: {
    target: { kind: 'service', name: 'channel', label: 'side' },
    names: { 'cdn-a': 'a', 'cdn-b': 'b' },
    stored: { [serviceUrl]: service('a') },
    // Somebody selects by something else beside it.
    edited: [
      serviceUrl,
      (each) => Object.assign((each['spec'] as { selector: object }).selector, { tier: 'gold' }),
    ],
  },
  'endpoint-slices': {
    target: { kind: 'endpoint-slices' },
    names: { 'cdn-a': 'edge-a', 'cdn-b': 'edge-b' },
    stored: {
      [sliceUrl('edge-a')]: slice('edge-a', true),
      [sliceUrl('edge-b')]: slice('edge-b', false),
    },
    edited: [
      sliceUrl('edge-b'),
      (each) => {
        each['endpoints'] = [{ addresses: ['10.0.0.9'], conditions: { ready: true } }]
      },
    ],
  },
  'readiness-gate': {
    target: { kind: 'readiness-gate' },
    names: { 'cdn-a': 'edge-a-0', 'cdn-b': 'edge-b-0' },
    stored: {
      [podUrl('edge-a-0')]: pod('edge-a-0', 'True'),
      [podUrl('edge-b-0')]: pod('edge-b-0', 'False'),
    },
    edited: [
      podUrl('edge-b-0'),
      (each) => {
        each['status'] = { conditions: [{ type: 'changeover/serves', status: 'True' }] }
      },
    ],
  },
  deployments: {
    target: { kind: 'deployments', serving: 3, standby: 1, ceiling: 6 },
    names: { 'cdn-a': 'ingest-a', 'cdn-b': 'ingest-b' },
    stored: {
      [scaleUrl('ingest-a')]: scale('ingest-a', 3),
      [scaleUrl('ingest-b')]: scale('ingest-b', 1),
    },
    edited: [scaleUrl('ingest-b'), (each) => (each['spec'] = { replicas: 5 })],
  },
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(kind: string, more: Partial<Target> = {}) {
  if (kubernetes.mode !== 'push') throw new Error('not a push actuator')
  const { target, names, stored } = { ...(kinds[kind] as Target), ...more }
  const fake = await startFakeKubernetes(stored)
  const folder = mkdtempSync(join(tmpdir(), 'changeover-kubernetes-'))
  const token = join(folder, 'token')
  writeFileSync(token, 'tok3n\n')
  const net = createNet({ clock })
  const given = { url: fake.url, namespace: 'live', target, names, token_file: token, ca_file: '' }
  const context = {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 1_500,
  }
  const actuator = kubernetes.create(kubernetes.options.parse(given), context)
  const close = async () => {
    await net.close()
    await fake.close()
    rmSync(folder, { recursive: true })
    if (fake.violations.length > 0) throw new Error(fake.violations.join(', '))
  }
  async function observe(): Promise<Observed> {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  async function bring(wanted: Allocation) {
    const results = []
    let observed = await observe()
    for (const step of actuator.plan(observed, wanted)) {
      results.push(await actuator.apply(step, observed.version, never))
      observed = await observe()
    }
    return results
  }
  return { fake, actuator, observe, bring, close, token }
}

for (const [kind, { edited }] of Object.entries(kinds)) {
  actuatorContract(`kubernetes (${kind})`, async () => {
    const { fake, actuator, close } = await begin(kind)
    return {
      actuator,
      paths,
      state: () =>
        [...fake.objects].map(([url, { metadata, ...rest }]) => [url, metadata.annotations, rest]),
      editByHand: async () => fake.edit(...edited),
      fail: async (fault) => await fake.fail(fault),
      secrets: ['tok3n'],
      close,
    }
  })
}

describe('the kubernetes actuator', () => {
  async function started(kind: string, more: Partial<Target> = {}) {
    const all = await begin(kind, more)
    closing.push(all.close)
    return all
  }

  const first = (steps: readonly Step[]): Step => steps[0] ?? { says: '', data: {} }

  it('changes the weights of one rule of an HTTPRoute and nothing else of it', async () => {
    const { fake, actuator, observe, bring } = await started('http-route')
    const before = structuredClone(fake.objects.get(routeUrl))
    const says = actuator
      .plan(await observe(), { 'cdn-a': 70, 'cdn-b': 30 })
      .map((step) => step.says)

    const results = await bring({ 'cdn-a': 70, 'cdn-b': 30 })

    expect(says).toEqual(['set the HTTPRoute channel to cdn-a 70, cdn-b 30'])
    expect(results).toEqual([{ result: 'applied' }])
    const expected = structuredClone(before) as StoredObject
    const { rules } = expected['spec'] as { rules: { backendRefs: { weight?: number }[] }[] }
    Object.assign(rules[0]?.backendRefs[0] ?? {}, { weight: 70 })
    Object.assign(rules[0]?.backendRefs[1] ?? {}, { weight: 30 })
    expected.metadata.annotations = { 'changeover/group': 'channel-1/cdn' }
    expected.metadata.resourceVersion = '102'
    expect(fake.objects.get(routeUrl)).toEqual(expected)
    expect(await observe()).toMatchObject({ ours: true, allocation: { 'cdn-a': 70, 'cdn-b': 30 } })
  })

  it('is not disturbed by a status that a controller writes in between', async () => {
    const { fake, actuator, observe } = await started('http-route')
    const observed = await observe()
    const step = first(actuator.plan(observed, allTo('cdn-b', paths)))
    fake.beforePut = () => fake.edit(routeUrl, (each) => (each['status'] = { parents: [] }))

    expect(await actuator.apply(step, observed.version, never)).toEqual({ result: 'applied' })
    expect((await observe()).allocation).toEqual(allTo('cdn-b', paths))
  })

  it('finds an edit between its own read and its write, which the API server refuses', async () => {
    const { fake, actuator, observe } = await started('http-route')
    const observed = await observe()
    const step = first(actuator.plan(observed, allTo('cdn-b', paths)))
    fake.beforePut = () => fake.edit(...(kinds['http-route'] as Target).edited)

    const result = await actuator.apply(step, observed.version, never)

    expect(result).toMatchObject({ result: 'conflict' })
    expect((await observe()).allocation).toEqual({ 'cdn-a': 50, 'cdn-b': 50 })
  })

  it('reads its token anew at each call, because it is replaced every hour', async () => {
    const { fake, observe, token } = await started('service')
    await observe()
    fake.token = 'n3w'
    writeFileSync(token, 'n3w')

    expect((await observe()).allocation).toEqual(allTo('cdn-a', paths))
  })

  it('sends a Service to the heaviest path, because it can have one only', async () => {
    const { fake, bring } = await started('service')

    await bring({ 'cdn-a': 40, 'cdn-b': 60 })

    expect(fake.objects.get(serviceUrl)?.['spec']).toEqual({
      selector: { app: 'edge', side: 'b' },
      ports: [{ port: 80 }],
    })
  })

  it('puts what comes in before it takes out what goes', async () => {
    const { fake, bring, actuator, observe } = await started('endpoint-slices')
    const steps = actuator.plan(await observe(), allTo('cdn-b', paths))

    await bring(allTo('cdn-b', paths))

    expect(steps.map(({ says }) => says)).toEqual([
      'put the EndpointSlice edge-b of cdn-b into service',
      'take the EndpointSlice edge-a of cdn-a out of service',
    ])
    expect(fake.objects.get(sliceUrl('edge-a'))?.['endpoints']).toEqual([
      { addresses: ['10.0.0.1'], conditions: { ready: false, serving: true } },
    ])
  })

  it('does not take out the last one that serves', async () => {
    const { actuator, observe } = await started('endpoint-slices')
    const { version } = await observe()
    const step = { says: 'a step', data: { object: 'edge-a', weights: 'cdn-a=0 cdn-b=100' } }

    expect(await actuator.apply(step, version, never)).toEqual({
      result: 'failed',
      retry: false,
      says: 'without edge-a nothing would be left in service',
    })
  })

  it.each([
    [1, 3],
    [3, 3],
    [5, 5],
    [9, 6],
  ])(
    'scales a path that serves from %i to %i replicas, never above its ceiling',
    async (now, then) => {
      const stored = {
        [scaleUrl('ingest-a')]: scale('ingest-a', 3),
        [scaleUrl('ingest-b')]: scale('ingest-b', now),
      }
      const { fake, actuator, observe } = await started('deployments', { stored })
      const { version } = await observe()
      const step = { says: 'a step', data: { object: 'ingest-b', weights: 'cdn-a=0 cdn-b=100' } }

      await actuator.apply(step, version, never)

      expect(fake.objects.get(scaleUrl('ingest-b'))?.['spec']).toEqual({ replicas: then })
    },
  )

  it.each<[string, Partial<Target>, string]>([
    ['http-route', { stored: {} }, 'channel: the API server answered 404: no object at'],
    [
      'http-route',
      { target: { kind: 'http-route', name: 'channel', rule: 7 } },
      'the HTTPRoute channel has no rule 7',
    ],
    [
      'http-route',
      { names: { 'cdn-a': 'edge-a', 'cdn-b': 'edge-z' } },
      'rule 0 of the HTTPRoute channel has no backend edge-z',
    ],
    [
      'service',
      { target: { kind: 'service', name: 'channel', label: 'colour' } },
      'the selector of the Service channel does not say colour',
    ],
    [
      'readiness-gate',
      { target: { kind: 'readiness-gate', condition: 'other/gate' } },
      'the pod edge-a-0 has no readiness gate other/gate',
    ],
    [
      'endpoint-slices',
      {
        stored: {
          [sliceUrl('edge-a')]: { ...slice('edge-a', true), endpoints: [] },
          [sliceUrl('edge-b')]: slice('edge-b', false),
        },
      },
      'the EndpointSlice edge-a has no endpoints',
    ],
  ])('of %s cannot be read with %j', async (kind, more, says) => {
    const { actuator } = await started(kind, more)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry: false, says: expect.stringContaining(says) })
  })

  it.each<[number, object]>([
    [403, { result: 'failed', retry: false }],
    [422, { result: 'failed', retry: false }],
    [429, { result: 'failed', retry: true }],
    [503, { result: 'unknown' }],
  ])('says what the API server says to a write: %i', async (status, expected) => {
    const { fake, actuator, observe } = await started('service')
    const observed = await observe()
    const step = first(actuator.plan(observed, allTo('cdn-b', paths)))
    fake.refusal = [status, 'because']

    const result = await actuator.apply(step, observed.version, never)

    expect(result).toEqual({ ...expected, says: `the API server answered ${status}: because` })
  })

  it('names what its service account must be allowed', () => {
    const asked = Object.values(kinds).map(({ target, names }) =>
      kubernetes.capabilities(kubernetes.options.parse({ namespace: 'live', target, names })),
    )

    expect(asked.map(({ shape, permissions }) => `${shape}: ${permissions.join()}`)).toEqual([
      'weights: get and update httproutes (gateway.networking.k8s.io) channel in live',
      'single: get and update services channel in live',
      'single: get and update endpointslices (discovery.k8s.io) edge-a, edge-b in live',
      'single: get pods and update pods/status edge-a-0, edge-b-0 in live',
      'single: get and update deployments/scale (apps) ingest-a, ingest-b in live',
    ])
  })

  it.each([
    [{ target: { kind: 'deployments', serving: 2, standby: 2, ceiling: 4 } }],
    [{ target: { kind: 'deployments', serving: 5, ceiling: 4 } }],
    [{ target: { kind: 'pods' } }],
    [{ names: { 'cdn-a': '../x' } }],
    [{ names: { 'cdn-a': 'x', 'cdn-b': 'x' } }],
    [{ namespace: 'a/b' }],
  ])('refuses the options %j', (bad) => {
    const good = { target: { kind: 'endpoint-slices' }, names: { 'cdn-a': 'a' } }

    expect(kubernetes.options.safeParse(good).success).toBe(true)
    expect(kubernetes.options.safeParse({ ...good, ...bad }).success).toBe(false)
  })
})
