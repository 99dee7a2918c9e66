import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import caddy from '../../src/actuators/caddy.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { bring } from './bring.ts'
import { caddyBinary, startCaddy } from './caddy-process.ts'

if (caddyBinary === undefined) process.stderr.write('skipped: caddy is not installed\n')

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']

function create(net: RealNet, given: object, callTimeoutMs = 5_000): Actuator {
  if (caddy.mode !== 'push') throw new Error('not a push actuator')
  const context = { clock, ids: realIds(), net, group: 'channel-1/cdn', paths, callTimeoutMs }
  return caddy.create(caddy.options.parse(given), context)
}

describe.skipIf(caddyBinary === undefined)('a real Caddy', () => {
  actuatorContract(
    'caddy',
    async () => {
      const net = createNet({ clock })
      const real = await startCaddy(net)
      return {
        actuator: create(net, real.options, 2_000),
        paths,
        state: async () => await real.upstreams().catch(() => []),
        async editByHand() {
          const [a, b] = Object.values(real.options.servers)
          await real.patch('/id/live/upstreams', [{ dial: a }, { dial: b }, { dial: b }])
        },
        fail: async () => await real.stop(),
        secrets: [],
        async close() {
          await real.close()
          await net.close()
        },
      }
    },
    ['refuse'],
  )

  let net: RealNet
  const closing: (() => Promise<void>)[] = []

  beforeEach(() => {
    net = createNet({ clock })
  })

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await net.close()
  })

  async function begin(given: object = {}) {
    const real = await startCaddy(net)
    closing.push(() => real.close())
    return { real, actuator: create(net, { ...real.options, ...given }) }
  }

  it('moves its clients with the upstreams, but for a few that come in the moment of it', async () => {
    const { real, actuator } = await begin()

    const first = await actuator.observe(never)
    const before = await real.visits(10)
    const moving = real.visits(150)
    const moved = await bring(actuator, allTo('cdn-b', paths))
    const after = await real.visits(20)
    const shared = await bring(actuator, { 'cdn-a': 75, 'cdn-b': 25 })
    const during = await moving
    const parts = await real.visits(40)

    expect(first).toMatchObject({ ok: true, observed: { ours: false } })
    expect(before).toEqual({ '200 a': 10 })
    expect([...moved, ...shared]).toEqual([{ result: 'applied' }, { result: 'applied' }])
    expect(after).toEqual({ '200 b': 20 })
    // Caddy swaps its whole server: a connection that is just being opened may be closed unanswered.
    const lost = Object.entries(during).filter(([answer]) => !answer.startsWith('200 '))
    const closed = /^127\.0\.0\.1:\d+ (closed|stopped|refused)|^connection refused/u
    expect(lost.filter(([answer]) => !closed.test(answer))).toEqual([])
    expect(lost.reduce((sum, [, count]) => sum + count, 0)).toBeLessThan(8)
    expect(parts).toEqual({ '200 a': 30, '200 b': 10 })
    expect(await actuator.observe(never)).toMatchObject({ ok: true, observed: { ours: true } })
  })

  it.each([
    ['/id/other/upstreams', 'unknown object ID'],
    ['/config/apps/http/servers/no/routes/upstreams', 'invalid traversal path'],
    ['/config/admin/upstreams', 'has no list of upstreams'],
  ])('has nothing at %s, and says so', async (upstreams, says) => {
    const { actuator } = await begin({ upstreams })

    const read = await actuator.observe(never)

    expect(read).toMatchObject({ ok: false, retry: false })
    expect(read).toHaveProperty('says', expect.stringContaining(says))
  })
})
