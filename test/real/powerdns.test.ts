import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import powerdns from '../../src/actuators/powerdns.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, ApplyResult } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { powerDnsVersion, startPowerDns } from './powerdns-process.ts'

const version = powerDnsVersion()
if (version === undefined) {
  process.stderr.write('skipped: PowerDNS or its SQLite backend is not installed\n')
}

const key = randomBytes(16).toString('hex')
const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const addresses = {
  'cdn-a': ['192.0.2.1'],
  'cdn-b': ['192.0.2.2', '192.0.2.3', '2001:db8::2'],
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

function create(
  given: { readonly url: string; readonly name: string } & Record<string, unknown>,
): Actuator {
  if (powerdns.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  closing.push(() => net.close())
  const { url, name, group = 'channel-1/cdn', ...more } = given
  const options = powerdns.options.parse({
    url,
    name,
    api_key: key,
    zone: 'changeover.test',
    records: addresses,
    ttl: '20s',
    ...more,
  })
  return powerdns.create(options, {
    clock,
    ids: realIds(),
    net,
    group: String(group),
    paths,
    callTimeoutMs: 4_000,
  })
}

async function bring(actuator: Actuator, wanted: Allocation): Promise<ApplyResult[]> {
  const read = await actuator.observe(never)
  if (!read.ok) throw new Error(read.says)
  const results: ApplyResult[] = []
  for (const step of actuator.plan(read.observed, wanted)) {
    results.push(await actuator.apply(step, read.observed.version, never))
  }
  return results
}

describe.skipIf(version === undefined)(
  `the powerdns actuator before a real PowerDNS ${version}`,
  () => {
    let shared: Awaited<ReturnType<typeof startPowerDns>> | undefined
    let names = 0

    afterAll(async () => await shared?.close())

    /** A name of its own for each test, at one server for all of them. */
    async function begin(type = 'A', content = '192.0.2.1') {
      shared ??= await startPowerDns({ key })
      const real = shared
      names += 1
      const label = `live-${names}`
      await real.set(label, type, [content])
      return {
        label,
        name: `${label}.changeover.test`,
        url: real.url,
        server: real.server,
        set: (kind: string, contents: readonly string[], disabled = false) =>
          real.set(label, kind, contents, disabled),
        sets: () => real.sets(label),
        mark: () => real.sets(`_changeover.${label}`),
        async stop() {
          shared = undefined
          await real.close()
        },
      }
    }

    actuatorContract(
      'powerdns',
      async () => {
        const real = await begin()
        return {
          actuator: create({ url: real.url, name: real.name }),
          paths,
          state: async () => [await real.sets(), await real.mark()],
          editByHand: () => real.set('A', ['192.0.2.1', '192.0.2.3']),
          fail: () => real.stop(),
          secrets: [key],
          close: async () => {},
        }
      },
      ['refuse'],
    )

    it('moves both families in one request, with its mark beside, and the server answers it', async () => {
      const { url, name, server, sets, mark } = await begin()
      const actuator = create({ url, name, notify: true, servers: [server] })

      const moved = await bring(actuator, allTo('cdn-b', paths))
      const then = [...(await sets()), ...(await mark())]
      const spread = await actuator.spread?.(allTo('cdn-b', paths), never)
      await bring(actuator, allTo('cdn-a', paths))

      expect(moved.map(({ result }) => result)).toEqual(['applied'])
      expect(then).toEqual([
        'A 192.0.2.2 192.0.2.3',
        'AAAA 2001:db8::2',
        'TXT "heritage=changeover group=channel-1/cdn"',
      ])
      expect(spread).toEqual({ asked: 1, behind: [], follow: [{ who: server, kind: 'server' }] })
      expect(await sets()).toEqual(['A 192.0.2.1'])
    })

    it('moves an alias', async () => {
      const { url, name, sets } = await begin('CNAME', 'edge-a.cdn.test.')
      const records = { 'cdn-a': ['edge-a.cdn.test'], 'cdn-b': ['edge-b.cdn.test'] }

      await bring(create({ url, name, records }), allTo('cdn-b', paths))

      expect(await sets()).toEqual(['CNAME edge-b.cdn.test.'])
    })

    it('leaves a name to the group that it is marked with, and what no path names', async () => {
      const { url, name, set, sets } = await begin()
      await bring(create({ url, name }), allTo('cdn-b', paths))

      const stranger = await bring(
        create({ url, name, group: 'channel-2/cdn' }),
        allTo('cdn-a', paths),
      )
      await set('A', ['192.0.2.2', '203.0.113.9'])
      const strange = await bring(create({ url, name }), allTo('cdn-a', paths))

      expect(stranger).toMatchObject([{ result: 'failed', retry: false }])
      expect(strange).toMatchObject([{ result: 'failed', retry: false }])
      expect(strange[0]).toHaveProperty('says', expect.stringContaining('203.0.113.9'))
      expect(await sets()).toEqual(['A 192.0.2.2 203.0.113.9', 'AAAA 2001:db8::2'])
    })

    it('says what it cannot read, and why', async () => {
      const { url, name, set } = await begin()
      const said = async (more: Record<string, unknown>) => {
        const read = await create({ url, name, ...more }).observe(never)
        return read.ok ? 'read' : `${read.retry} ${read.says.replace(/127\.0\.0\.1:\d+/u, 'host')}`
      }

      expect(await said({ api_key: 'wrong' })).toBe(
        'false PowerDNS at host refuses the API key (401)',
      )
      expect(await said({ zone: 'other.test', name: 'a.other.test' })).toBe(
        'false PowerDNS at host has no zone other.test (404)',
      )
      expect(await said({ name: 'no.changeover.test' })).toBe(
        'false no.changeover.test has no A or AAAA record in changeover.test: create it with what serves now',
      )
      await set('A', ['192.0.2.1'], true)
      // A record that is disabled does not show by name.
      expect(await said({})).toBe(
        `false ${name} has no A or AAAA record in changeover.test: create it with what serves now`,
      )
    })
  },
)
