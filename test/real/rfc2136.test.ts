import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import rfc2136 from '../../src/actuators/rfc2136.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, ApplyResult } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { bindVersion, startBind } from './bind-process.ts'
import { knotVersion, startKnot } from './knot-process.ts'

const bind = bindVersion()
const knot = knotVersion()
if (bind === undefined) process.stderr.write('skipped: BIND 9 or nsupdate is not installed\n')
if (knot === undefined) process.stderr.write('skipped: Knot or knsupdate is not installed\n')

const key: TsigKey = { name: 'changeover', algorithm: 'hmac-sha256', secret: randomBytes(32) }
const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const addresses = {
  'cdn-a': ['192.0.2.1'],
  'cdn-b': ['192.0.2.2', '192.0.2.3', '2001:db8::2'],
}

/** A server of either make: what the actuator asks, and another hand on the same zone. */
interface RealServer {
  readonly server: string
  readonly answers: (name: string, type: string) => readonly string[]
  readonly update: (...lines: readonly string[]) => void
  readonly close: () => Promise<void>
}

const makes: readonly {
  readonly make: string
  readonly version: string | undefined
  readonly start: () => Promise<RealServer>
}[] = [
  {
    make: 'BIND',
    version: bind,
    async start() {
      const real = await startBind({ key })
      return { ...real, server: real.servers[0] ?? '' }
    },
  },
  { make: 'Knot', version: knot, start: () => startKnot({ key }) },
]

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface Given {
  readonly server: string
  readonly records?: Readonly<Record<string, readonly string[]>>
  readonly zone?: string
  readonly name?: string
  readonly used?: TsigKey
  readonly group?: string
  readonly clock?: Clock
}

function create(given: Given): Actuator {
  if (rfc2136.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  closing.push(() => net.close())
  const { name, algorithm, secret } = given.used ?? key
  const options = rfc2136.options.parse({
    server: given.server,
    zone: given.zone ?? 'changeover.test',
    name: given.name ?? 'live.changeover.test',
    records: given.records ?? addresses,
    ttl: '20s',
    key: { name, algorithm, secret: secret.toString('base64') },
  })
  return rfc2136.create(options, {
    clock: given.clock ?? clock,
    ids: realIds(),
    net,
    group: given.group ?? 'channel-1/cdn',
    paths,
    callTimeoutMs: 4_000,
  })
}

async function bring(actuator: Actuator, wanted: Allocation): Promise<ApplyResult[]> {
  const read = await actuator.observe(never)
  if (!read.ok) throw new Error(read.says)
  let current = read.observed.version
  const results: ApplyResult[] = []
  for (const step of actuator.plan(read.observed, wanted)) {
    const result = await actuator.apply(step, current, never)
    results.push(result)
    if (result.result !== 'applied') break
    current = result.version ?? current
  }
  return results
}

for (const { make, version, start } of makes) {
  describe.skipIf(version === undefined)(
    `the rfc2136 actuator before a real ${make} ${version}`,
    () => {
      let shared: RealServer | undefined
      let names = 0

      afterAll(async () => await shared?.close())

      /** A name of its own for each test, at one server for all of them. */
      async function begin(record = 'A 192.0.2.1') {
        shared ??= await start()
        const real = shared
        names += 1
        const label = `live-${names}`
        const name = `${label}.changeover.test`
        real.update(`update add ${name}. 30 ${record}`)
        return {
          server: real.server,
          name,
          answers: (type: string) =>
            real.answers(type === 'TXT' ? `_changeover.${label}` : label, type),
          update: real.update,
          async stop() {
            shared = undefined
            await real.close()
          },
        }
      }

      actuatorContract(
        `rfc2136 (${make})`,
        async () => {
          const real = await begin()
          return {
            actuator: create(real),
            paths,
            state: () => ['A', 'AAAA', 'TXT'].map((type) => real.answers(type)),
            editByHand: async () => real.update(`update add ${real.name}. 30 A 192.0.2.3`),
            fail: () => real.stop(),
            secrets: [key.secret.toString('base64')],
            close: async () => {},
          }
        },
        ['refuse'],
      )

      it('moves both families at once, with its mark beside, and back', async () => {
        const real = await begin()
        const actuator = create(real)

        const moved = await bring(actuator, allTo('cdn-b', paths))
        const then = ['A', 'AAAA', 'TXT'].map((type) => real.answers(type))
        const read = await actuator.observe(never)
        await bring(actuator, allTo('cdn-a', paths))

        expect(moved.map(({ result }) => result)).toEqual(['applied'])
        expect(then).toEqual([
          ['192.0.2.2', '192.0.2.3'],
          ['2001:db8::2'],
          ['"heritage=changeover group=channel-1/cdn"'],
        ])
        expect(read).toMatchObject({
          ok: true,
          observed: {
            ours: true,
            says: `${real.name} has A 192.0.2.2 192.0.2.3, AAAA 2001:db8::2 (TTL 20 s)`,
          },
        })
        expect(['A', 'AAAA'].map((type) => real.answers(type))).toEqual([['192.0.2.1'], []])
      })

      it('gives weights by the number of records', async () => {
        const real = await begin()
        const four = ['192.0.2.1', '192.0.2.11', '192.0.2.12', '192.0.2.2']
        const records = { 'cdn-a': four.slice(0, 3), 'cdn-b': four.slice(3) }
        const actuator = create({ ...real, records })

        await bring(actuator, { 'cdn-a': 75, 'cdn-b': 25 })
        const read = await actuator.observe(never)

        expect(read).toMatchObject({ observed: { allocation: { 'cdn-a': 75, 'cdn-b': 25 } } })
        expect(real.answers('A')).toEqual(four)
      })

      it('moves an alias', async () => {
        const real = await begin('CNAME edge-a.cdn.test.')
        const records = { 'cdn-a': ['edge-a.cdn.test'], 'cdn-b': ['Edge-B.cdn.test.'] }
        const actuator = create({ ...real, records })

        const results = await bring(actuator, allTo('cdn-b', paths))

        expect(results.map(({ result }) => result)).toEqual(['applied'])
        expect(real.answers('CNAME')).toEqual(['edge-b.cdn.test.'])
      })

      it('leaves a name to the group that it is marked with', async () => {
        const real = await begin()
        await bring(create(real), allTo('cdn-b', paths))
        const stranger = create({ ...real, group: 'channel-2/cdn' })

        const read = await stranger.observe(never)
        const results = await bring(stranger, allTo('cdn-a', paths))

        expect(read).toMatchObject({ ok: true, observed: { ours: false } })
        expect(results).toEqual([
          {
            result: 'failed',
            retry: false,
            says: `${real.name} belongs to somebody else, as _changeover.${real.name} says: delete that TXT record to let this group have it`,
          },
        ])
        expect(real.answers('A')).toEqual(['192.0.2.2', '192.0.2.3'])
      })

      it('touches nothing that no path names', async () => {
        const real = await begin()
        real.update(`update add ${real.name}. 30 A 203.0.113.9`)
        const actuator = create(real)

        const results = await bring(actuator, allTo('cdn-b', paths))
        real.update(`update delete ${real.name}. A 192.0.2.1`)
        const read = await actuator.observe(never)

        expect(results).toEqual([
          {
            result: 'failed',
            retry: false,
            says: `${real.name} also has 203.0.113.9, which no path names: take it out, or name it`,
          },
        ])
        expect(read).toEqual({
          ok: false,
          retry: false,
          says: `${real.name} has 203.0.113.9, which no path names`,
        })
      })

      it('does not overwrite a mark that was set meanwhile', async () => {
        const real = await begin()
        const actuator = create(real)
        const read = await actuator.observe(never)
        if (!read.ok) throw new Error(read.says)
        const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
        if (step === undefined) throw new Error('no step')

        real.update(`update add _changeover.${real.name}. 30 TXT "heritage=octodns"`)
        const result = await actuator.apply(step, read.observed.version, never)

        expect(result.result).toBe('conflict')
        expect(real.answers('A')).toEqual(['192.0.2.1'])
      })

      it('says of a wrong key, secret or clock what it is, already when reading', async () => {
        const real = await begin()
        const late: Clock = { ...clock, wall: () => clock.wall() - 3_600_000 }
        const said = async (given: Partial<Given>) => {
          const read = await create({ ...real, ...given }).observe(never)
          return read.ok ? 'read' : `${read.retry} ${read.says}`
        }

        expect(await said({ used: { ...key, name: 'stranger' } })).toBe(
          `false ${real.server} does not know the TSIG key stranger, or not with that algorithm (BADKEY)`,
        )
        expect(await said({ used: { ...key, secret: randomBytes(32) } })).toBe(
          `false ${real.server} has another secret for the TSIG key changeover (BADSIG)`,
        )
        expect(await said({ clock: late })).toMatch(
          /^false \S+ has another time: its clock is 36\d\d s ahead of ours \(BADTIME\)$/u,
        )
      })

      it('says that a name has no record yet, or is an alias, and writes nothing', async () => {
        const real = await begin('CNAME edge-a.cdn.test.')

        const missing = await create({ ...real, name: 'no.changeover.test' }).observe(never)
        const alias = await create(real).observe(never)

        expect(missing).toEqual({
          ok: false,
          retry: false,
          says: `no.changeover.test has no A or AAAA record at ${real.server}: create it with what serves now`,
        })
        expect(alias).toEqual({
          ok: false,
          retry: false,
          says: `${real.name} is an alias (CNAME), but the paths name addresses`,
        })
      })

      it('is told that the zone lies elsewhere', async () => {
        const real = await begin()
        const actuator = create(real)
        const read = await actuator.observe(never)
        if (!read.ok) throw new Error(read.says)
        const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
        if (step === undefined) throw new Error('no step')
        const elsewhere = create({
          ...real,
          zone: 'other.test',
          name: real.name.replace('changeover', 'other'),
        })

        const refused = await elsewhere.apply(
          { ...step, data: { ...step.data, name: real.name.replace('changeover', 'other') } },
          read.observed.version,
          never,
        )

        expect(refused).toMatchObject({ result: 'failed', retry: false })
        expect(refused).toHaveProperty('says', expect.stringContaining('NOTAUTH'))
      })
    },
  )
}

describe.skipIf(bind === undefined)(`the rfc2136 actuator before BIND ${bind} that hangs`, () => {
  it('does not know what came of a write', async () => {
    const real = await startBind({ key })
    closing.push(() => real.close())
    const actuator = create({ server: real.servers[0] ?? '' })
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
    if (step === undefined) throw new Error('no step')

    real.primary.signal('SIGSTOP')
    const result = await actuator.apply(step, read.observed.version, never)
    real.primary.signal('SIGCONT')

    expect(result.result).toBe('unknown')
  })
})
