import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import envoy from '../../src/actuators/envoy.ts'
import { parseEndpoints, renderEndpoints } from '../../src/actuators/envoy/endpoints-file.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import type { Actuator, Observed } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { fakeFiles } from './fake-files.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const servers = { 'cdn-a': '10.0.0.1:80', 'cdn-b': '[2001:db8::2]:8080' }
const file = '/run/envoy/live.json'
const given = { file, cluster: 'live', servers }
const admin = 'http://127.0.0.1:9901'

function textOf(weights: Allocation, group = 'channel-1/cdn'): string {
  const endpoints = paths.map((path) => ({
    address: servers[path as keyof typeof servers],
    weight: weights[path] ?? 0,
  }))
  return renderEndpoints({ group, cluster: 'live', endpoints })
}

function begin(text = textOf(allTo('cdn-a', paths)), more: object = {}) {
  if (envoy.mode !== 'push') throw new Error('not a push actuator')
  const { state, files } = fakeFiles({ [file]: text })
  const clock = new FakeClock()
  const net = new ScriptedNet(clock)
  const inner = envoy.create(envoy.options.parse({ ...given, ...more }), {
    clock,
    ids: { next: () => 'id' },
    net,
    files,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 4_000,
  })
  const actuator: Actuator = {
    observe: (signal) => clock.run(inner.observe(signal)),
    plan: (observed, wanted) => inner.plan(observed, wanted),
    apply: (step, version, signal) => clock.run(inner.apply(step, version, signal)),
  }
  async function observe(): Promise<Observed> {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  async function bring(wanted: Allocation) {
    const observed = await observe()
    const results = []
    let { version } = observed
    for (const step of actuator.plan(observed, wanted)) {
      const result = await actuator.apply(step, version, never)
      results.push(result)
      if (result.result === 'applied') version = result.version ?? version
    }
    return results
  }
  /** What Envoy says that it has, as envoy.admin.v3.Clusters in JSON. */
  function loaded(weights: readonly [string, number, number?][]): object {
    const hosts = weights.map(([address, port, weight]) => ({
      address: { socket_address: { address, port_value: port } },
      health_status: { eds_health_status: 'HEALTHY' },
      ...(weight !== undefined && { weight }),
    }))
    const status = { name: 'live', added_via_api: true, host_statuses: hosts }
    return { cluster_statuses: [{ name: 'admin' }, status] }
  }
  return { state, clock, net, actuator, observe, bring, loaded }
}

actuatorContract(
  'envoy',
  async () => {
    const { state, actuator } = begin()
    return {
      actuator,
      paths,
      state: () => state.texts,
      editByHand: async () => void (state.texts[file] = textOf({ 'cdn-a': 1, 'cdn-b': 1 }, 'me')),
      fail: async () => void (state.cannotRead = 'cannot read it: permission denied'),
      secrets: [],
      close: async () => {},
    }
  },
  // A file answers at once, or not at all.
  ['refuse'],
)

/**
 * DiscoveryResponse and ClusterLoadAssignment as Envoy documents them (API v3: service/discovery,
 * config/endpoint and config/core, proto3 JSON), as far as a file may use them: Envoy refuses a file
 * with a field that it does not know.
 */
const isDiscoveryResponse = new Ajv().compile({
  type: 'object',
  additionalProperties: false,
  required: ['resources'],
  properties: {
    version_info: { type: 'string' },
    resources: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['@type', 'cluster_name'],
        properties: {
          '@type': { const: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment' },
          cluster_name: { type: 'string', minLength: 1 },
          endpoints: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              properties: { lb_endpoints: { type: 'array', items: { $ref: '#/$defs/endpoint' } } },
            },
          },
        },
      },
    },
  },
  $defs: {
    endpoint: {
      type: 'object',
      additionalProperties: false,
      required: ['endpoint'],
      properties: {
        load_balancing_weight: { type: 'integer', minimum: 1, maximum: 4_294_967_295 },
        endpoint: {
          type: 'object',
          additionalProperties: false,
          required: ['address'],
          properties: {
            address: {
              type: 'object',
              additionalProperties: false,
              required: ['socket_address'],
              properties: {
                socket_address: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['address', 'port_value'],
                  properties: {
                    address: { type: 'string', pattern: '^[0-9a-f.:]+$' },
                    port_value: { type: 'integer', minimum: 0, maximum: 65_535 },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
})

describe('the file of the envoy actuator', () => {
  it('has the shape that Envoy documents, and is read as it was written', () => {
    const weight = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(fc.record({ 'cdn-a': weight, 'cdn-b': weight }), (weights) => {
        const text = textOf(weights)
        const read = parseEndpoints(text, 'live')

        expect(isDiscoveryResponse(JSON.parse(text))).toBe(true)
        expect(read?.group).toBe('channel-1/cdn')
        for (const path of paths) {
          const found = read?.weights.get(servers[path as keyof typeof servers]) ?? 0
          expect(found).toBe(weights[path as keyof typeof weights])
        }
      }),
    )
  })

  it('leaves a path without traffic out, because in panic mode Envoy sends to everything in it', () => {
    expect(textOf(allTo('cdn-a', paths))).not.toContain('2001:db8::2')
  })
})

describe('the envoy actuator', () => {
  it.each<[string, string, Allocation, boolean, string]>([
    [
      'its own file',
      textOf({ 'cdn-a': 75, 'cdn-b': 25 }),
      { 'cdn-a': 75, 'cdn-b': 25 },
      true,
      `${file} gives cdn-a 75, cdn-b 25 in the cluster live`,
    ],
    [
      'its own file that somebody edited',
      textOf({ 'cdn-a': 75, 'cdn-b': 25 }).replace('25', '75'),
      { 'cdn-a': 50, 'cdn-b': 50 },
      false,
      `${file} gives cdn-a 75, cdn-b 75 in the cluster live, and was not written by Changeover or edited since`,
    ],
    [
      'a file of another group',
      textOf(allTo('cdn-b', paths), 'other/cdn'),
      allTo('cdn-b', paths),
      false,
      `${file} gives cdn-a none, cdn-b 100 in the cluster live, and is written for other/cdn`,
    ],
  ])('observes %s', async (_, text, allocation, ours, says) => {
    const { observe } = begin(text)

    expect(await observe()).toMatchObject({ allocation, ours, says })
  })

  it('counts an endpoint that is draining or failed as one without traffic', async () => {
    const text = JSON.parse(textOf({ 'cdn-a': 50, 'cdn-b': 50 })) as {
      resources: { endpoints: { lb_endpoints: object[] }[] }[]
    }
    Object.assign(text.resources[0]?.endpoints[0]?.lb_endpoints[1] ?? {}, {
      health_status: 'DRAINING',
    })
    const { observe } = begin(JSON.stringify(text))

    expect((await observe()).allocation).toEqual(allTo('cdn-a', paths))
  })

  it.each([
    ['nonsense', '{'],
    ['another cluster', renderEndpoints({ group: 'g/g', cluster: 'other', endpoints: [] })],
  ])('cannot say anything of %s', async (_, text) => {
    const { actuator } = begin(text)

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: `${file} has no endpoints of the cluster live`,
    })
  })

  it('is applied once Envoy itself has it, where its admin interface may be asked', async () => {
    const { clock, net, bring, loaded, state } = begin(undefined, { admin })
    const takenAt = clock.now() + 500
    net.on(`${admin}/clusters`, (now) => ({
      body: JSON.stringify(
        now < takenAt ? loaded([['10.0.0.1', 80, 100]]) : loaded([['2001:db8::2', 8080, 100]]),
      ),
    }))

    const results = await bring(allTo('cdn-b', paths))

    expect(results.map(({ result }) => result)).toEqual(['applied', 'applied'])
    expect(clock.now()).toBeGreaterThanOrEqual(takenAt)
    expect(state.writes).toEqual([file])
  })

  it('does not know where Envoy goes on with what it has, and the rest of its plan is to see', async () => {
    const { net, bring, loaded, actuator, observe } = begin(undefined, { admin })
    net.on(`${admin}/clusters`, { body: JSON.stringify(loaded([['10.0.0.1', 80]])) })

    const results = await bring(allTo('cdn-b', paths))
    const observed = await observe()

    expect(results.at(-1)).toEqual({
      result: 'unknown',
      says: 'Envoy did not take the file; its log tells why',
    })
    expect(observed.says).toBe(`Envoy has cdn-a, and did not take cdn-b from ${file}`)
    expect(observed.allocation).toEqual(allTo('cdn-a', paths))
    expect(actuator.plan(observed, allTo('cdn-b', paths)).map(({ says }) => says)).toEqual([
      'see that Envoy has cdn-b',
    ])
  })

  it.each([
    [{ status: 503 }, { ok: false, retry: true, says: 'Envoy answered 503' }],
    [{ body: '{}' }, { ok: false, retry: false, says: 'Envoy has no cluster live' }],
    [{ hang: true }, { ok: false, retry: true, says: 'timeout at first-byte' }],
  ])('cannot read an Envoy that answers %j', async (answer, expected) => {
    const { net, actuator } = begin(undefined, { admin })
    net.on(`${admin}/clusters`, answer)

    expect(await actuator.observe(never)).toEqual(expected)
  })

  it('never writes an empty cluster', async () => {
    const { state, actuator, observe } = begin()
    const step = { says: 'a step', data: { do: 'write', weights: 'cdn-a=0 cdn-b=0' } }

    const result = await actuator.apply(step, (await observe()).version, never)

    expect(result).toMatchObject({
      result: 'failed',
      says: 'no endpoint would be left in the cluster',
    })
    expect(state.writes).toEqual([])
  })

  it.each([
    [{ servers: { 'cdn-a': 'edge.example:80' } }],
    [{ servers: { 'cdn-a': '10.0.0.1:99999' } }],
    [{ servers: { 'cdn-a': '10.0.0.1:80', 'cdn-b': '10.0.0.1:80' } }],
    [{ file: 'live.json' }],
  ])('refuses the options %j', (bad) => {
    expect(envoy.options.safeParse({ ...given, ...bad }).success).toBe(false)
  })
})
