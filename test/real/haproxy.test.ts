import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import haproxy from '../../src/actuators/haproxy.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { bring } from './bring.ts'
import { haproxyVersion, startHaproxy } from './haproxy-process.ts'

const version = haproxyVersion()
if (version === undefined) process.stderr.write('skipped: haproxy is not installed\n')

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']

function create(net: RealNet, given: object): Actuator {
  if (haproxy.mode !== 'push') throw new Error('not a push actuator')
  const options = haproxy.options.parse({
    backend: 'live',
    servers: { 'cdn-a': 'a', 'cdn-b': 'b' },
    ...given,
  })
  return haproxy.create(options, {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 2_000,
  })
}

describe.skipIf(version === undefined)(`a real HAProxy ${version}`, () => {
  for (const method of ['weight', 'drain'] as const) {
    actuatorContract(
      `haproxy (${method})`,
      async () => {
        const net = createNet({ clock })
        const real = await startHaproxy(net, { servers: ['a', 'b'], drained: method === 'drain' })
        return {
          actuator: create(net, { socket: real.socket, method }),
          paths,
          state: () => real.state(),
          async editByHand() {
            await real.say('set server live/b state ready')
            await real.say('set weight live/b 7')
          },
          fail: () => real.stop(),
          secrets: [],
          async close() {
            await real.close()
            await net.close()
          },
        }
      },
      ['refuse'],
    )
  }

  let net: RealNet
  const closing: (() => Promise<void>)[] = []

  beforeEach(() => {
    net = createNet({ clock })
  })

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await net.close()
  })

  async function begin(setup: Partial<Parameters<typeof startHaproxy>[1]> = {}) {
    const real = await startHaproxy(net, { servers: ['a', 'b'], ...setup })
    closing.push(() => real.close())
    return real
  }

  it('moves its clients with the weights, none of them lost, over a TCP socket too', async () => {
    const real = await begin()
    const actuator = create(net, { socket: real.control })

    const before = await real.visits(20)
    const moving = real.visits(100)
    await bring(actuator, allTo('cdn-b', paths))
    const during = await moving
    const after = await real.visits(20)
    await bring(actuator, { 'cdn-a': 75, 'cdn-b': 25 })
    const shared = await real.visits(40)

    expect(before).toEqual({ '200 a': 20 })
    expect(Object.keys(during).every((name) => name.startsWith('200 '))).toBe(true)
    expect(after).toEqual({ '200 b': 20 })
    expect(shared['200 a']).toBeGreaterThanOrEqual(28)
    expect(shared['200 b']).toBeGreaterThanOrEqual(8)
  })

  it('moves its clients by draining', async () => {
    const real = await begin({ drained: true })
    const actuator = create(net, { socket: real.socket, method: 'drain' })

    const before = await real.visits(10)
    await bring(actuator, allTo('cdn-b', paths))
    const after = await real.visits(10)

    expect([before, after]).toEqual([{ '200 a': 10 }, { '200 b': 10 }])
    expect(await real.state()).toEqual(['a admin 8 weight 1', 'b admin 0 weight 1'])
  })

  it('keeps a server in maintenance that a person put there, and its traffic where it is', async () => {
    const real = await begin()
    const actuator = create(net, { socket: real.socket })
    await real.say('set server live/b state maint')

    const results = await bring(actuator, allTo('cdn-b', paths))

    expect(results).toEqual([
      {
        result: 'failed',
        retry: false,
        says: 'server b was put in maintenance by hand; it stays so',
      },
    ])
    expect(await real.visits(5)).toEqual({ '200 a': 5 })
  })

  it('refuses weights with a static algorithm, and its own words are passed on', async () => {
    const real = await begin({ backend: 'balance source\n  hash-type map-based' })

    const results = await bring(create(net, { socket: real.socket }), { 'cdn-a': 50, 'cdn-b': 50 })

    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ result: 'failed', retry: false })
    expect(results[0]).toHaveProperty('says', expect.stringContaining('static LB algorithm'))
  })

  it('is left alone where an agent-check drives the same server', async () => {
    const real = await begin({ server: 'agent-check agent-port 1' })

    const result = await create(net, { socket: real.socket }).observe(never)

    expect(result).toMatchObject({ ok: false, retry: false })
    expect(result).toHaveProperty('says', expect.stringContaining('has an agent-check'))
  })

  it('cannot be driven through a socket of a lower level, and says why', async () => {
    const real = await begin({ level: 'user' })
    const actuator = create(net, { socket: real.socket })

    const read = await actuator.observe(never)
    const results = read.ok ? await bring(actuator, allTo('cdn-b', paths)) : [read]

    expect(results[0]).toMatchObject({ retry: false })
    expect(results[0]).toHaveProperty('says', expect.stringContaining('Permission denied'))
  })
})
