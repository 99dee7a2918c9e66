import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import rfc2136 from '../../src/actuators/rfc2136.ts'
import { allTo } from '../../src/core/allocation.ts'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, Spread } from '../../src/plugin/actuator.ts'
import { bindVersion, startBind } from './bind-process.ts'
import { eventually } from './child.ts'
import { startUnbound, unboundVersion } from './unbound-process.ts'

const bind = bindVersion()
const unbound = unboundVersion()
const isMissing = bind === undefined || unbound === undefined
if (isMissing) process.stderr.write('skipped: BIND 9, nsupdate or Unbound is not installed\n')

const key: TsigKey = { name: 'changeover', algorithm: 'hmac-sha256', secret: randomBytes(32) }
const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const onB = allTo('cdn-b', paths)
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function begin(options: { readonly isSecondaryDeaf?: boolean } = {}) {
  const real = await startBind({ key, ...options })
  closing.push(() => real.close())
  const [primary = '', secondary = ''] = real.servers
  // The record as it is at first has a TTL of 30 s, which a test cannot wait for.
  const cache = await startUnbound([secondary], ['  cache-max-ttl: 2'])
  closing.push(() => cache.close())
  const net = createNet({ clock })
  closing.push(() => net.close())
  if (rfc2136.mode !== 'push') throw new Error('not a push actuator')
  const given = {
    server: primary,
    zone: 'changeover.test',
    name: 'live.changeover.test',
    records: { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2'] },
    ttl: '2s',
    key: { ...key, secret: key.secret.toString('base64') },
    servers: [secondary],
    resolvers: [cache.resolver],
  }
  const actuator = rfc2136.create(rfc2136.options.parse(given), {
    clock,
    ids: realIds(),
    net,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 4_000,
  })
  const spread = async (): Promise<Spread> =>
    (await actuator.spread?.(onB, never)) ?? { asked: 0, behind: [] }
  return { actuator, spread, real, secondary, resolver: cache.resolver }
}

async function move(actuator: Actuator): Promise<void> {
  const read = await actuator.observe(never)
  if (!read.ok) throw new Error(read.says)
  const [step] = actuator.plan(read.observed, onB)
  if (step === undefined) throw new Error('no step')
  const result = await actuator.apply(step, read.observed.version, never)
  expect(result).toMatchObject({ result: 'applied' })
}

describe.skipIf(isMissing)(
  `a change at BIND ${bind}, followed by a secondary and Unbound ${unbound}`,
  () => {
    it('is in effect when the secondary answers it, and the cache after the old TTL', async () => {
      const { actuator, spread, resolver } = await begin()
      await eventually(
        () => 'neither the secondary nor the cache answers at first',
        async () =>
          (await spread()).behind.every(({ says }) => says === 'still answers A 192.0.2.1'),
      )

      await move(actuator)
      const at = performance.now()
      await eventually(
        () => 'the secondary does not follow',
        async () => (await spread()).behind.every(({ kind }) => kind === 'cache'),
      )
      const served = await spread()
      await eventually(
        () => 'the cache does not follow',
        async () => (await spread()).behind.length === 0,
      )
      const cachedMs = performance.now() - at

      expect(served.asked).toBe(2)
      // On a busy machine its two seconds may be over already.
      if (served.behind.length > 0) {
        expect(served.behind).toEqual([
          { who: resolver, kind: 'cache', says: 'still answers A 192.0.2.1' },
        ])
      }
      // Unbound keeps it for its whole time to live; what was asked right before is what counts.
      expect(cachedMs).toBeLessThan(20_000)
      expect(await spread()).toEqual({
        asked: 2,
        behind: [],
        follow: [
          { who: expect.stringMatching(/^127\.0\.0\.1:\d+$/u), kind: 'server' },
          { who: resolver, kind: 'cache' },
        ],
      })
    })

    it('names a secondary that is deaf to notices, and one that is dead', async () => {
      const { actuator, spread, real, secondary } = await begin({ isSecondaryDeaf: true })

      await move(actuator)
      const deaf = await spread()
      await real.secondary.kill()
      const dead = await spread()

      const serverOf = ({ behind }: Spread) => behind.filter(({ kind }) => kind === 'server')
      expect(serverOf(deaf)).toMatchObject([{ who: secondary }])
      expect(serverOf(deaf)[0]?.says).toMatch(/^still answers A 192\.0\.2\.1$/u)
      expect(serverOf(dead)).toMatchObject([{ who: secondary }])
      expect(serverOf(dead)[0]?.says).toMatch(/^cannot be asked: connection refused/u)
    })
  },
)
