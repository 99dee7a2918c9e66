import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import zoneFile from '../../src/actuators/zone-file.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import type { Actuator, ApplyResult } from '../../src/plugin/actuator.ts'
import { eventually } from './child.ts'
import { knotVersion, startKnot } from './knot-process.ts'
import { startUnbound, unboundVersion } from './unbound-process.ts'

const knot = knotVersion()
const unbound = unboundVersion()
if (knot === undefined) process.stderr.write('skipped: Knot or its tools are not installed\n')
if (unbound === undefined) process.stderr.write('skipped: Unbound is not installed\n')

const clock = realClock()
const ids = realIds()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const name = 'live.changeover.test'
const records = { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2', '2001:db8::2'] }
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

function create(given: object): Actuator {
  if (zoneFile.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  const processes = realProcesses({ clock })
  closing.push(
    () => net.close(),
    () => processes.close(),
  )
  const options = zoneFile.options.parse({ name, records, ttl: '20s', ...given })
  const files = realFiles({ ids })
  const group = 'channel-1/cdn'
  return zoneFile.create(options, {
    clock,
    ids,
    net,
    processes,
    files,
    group,
    paths,
    callTimeoutMs: 8_000,
  })
}

async function bring(actuator: Actuator, wanted: Allocation): Promise<ApplyResult> {
  const read = await actuator.observe(never)
  if (!read.ok) throw new Error(read.says)
  const [step] = actuator.plan(read.observed, wanted)
  if (step === undefined) throw new Error('no step')
  return await actuator.apply(step, read.observed.version, never)
}

async function followed(actuator: Actuator, wanted: Allocation): Promise<void> {
  let says = ''
  await eventually(
    () => says,
    async () => {
      const { behind = [] } = (await actuator.spread?.(wanted, never)) ?? {}
      says = behind.map((each) => `${each.who} ${each.says}`).join('; ')
      return behind.length === 0
    },
  )
}

describe.skipIf(knot === undefined)(`the zone-file actuator before a real Knot ${knot}`, () => {
  const key = { name: 'any', algorithm: 'hmac-sha256', secret: randomBytes(32) } as const

  it('moves the records that the zone includes, and Knot makes a new serial of it', async () => {
    const real = await startKnot({ key, included: `${name}. 30 IN A 192.0.2.1\n` })
    closing.push(() => real.close())
    const { file, reload, server } = real
    const actuator = create({ file, reload, servers: [server] })
    const serialBefore = real.answers('@', 'SOA')[0]?.split(' ')[2]

    const moved = await bring(actuator, allTo('cdn-b', paths))
    await followed(actuator, allTo('cdn-b', paths))
    const back = await bring(actuator, allTo('cdn-a', paths))
    await followed(actuator, allTo('cdn-a', paths))

    expect([moved.result, back.result]).toEqual(['applied', 'applied'])
    expect(Number(real.answers('@', 'SOA')[0]?.split(' ')[2])).toBeGreaterThan(Number(serialBefore))
  })

  it('brings the file back where Knot cannot be told', async () => {
    const real = await startKnot({ key, included: `${name}. 30 IN A 192.0.2.1\n` })
    closing.push(() => real.close())
    const { file, reload, server } = real
    const before = readFileSync(file, 'utf8')
    const wrong = reload.map((word) => (word === 'changeover.test' ? 'other.test' : word))

    const result = await bring(
      create({ file, reload: wrong, servers: [server] }),
      allTo('cdn-b', paths),
    )

    expect(result.result).toBe('unknown')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(real.answers('live', 'A')).toEqual(['192.0.2.1'])
  })
})

describe.skipIf(unbound === undefined)(
  `the zone-file actuator before a real Unbound ${unbound}`,
  () => {
    it('moves local data, which is tested before it is loaded', async () => {
      const real = await startUnbound(
        [],
        ['  include: "local.conf"'],
        `server:\n  local-data: "${name}. 30 IN A 192.0.2.1"\n`,
      )
      closing.push(() => real.close())
      const actuator = create({
        file: join(real.folder, 'local.conf'),
        format: 'unbound',
        test: ['/usr/sbin/unbound-checkconf', join(real.folder, 'unbound.conf')],
        reload: ['kill', '-HUP', String(real.pid)],
        servers: [real.resolver],
      })

      await followed(actuator, allTo('cdn-a', paths))
      const moved = await bring(actuator, allTo('cdn-b', paths))
      await followed(actuator, allTo('cdn-b', paths))

      expect(moved.result).toBe('applied')
    })

    it('puts the file before back where Unbound would not start with it', async () => {
      const real = await startUnbound(
        [],
        ['  include: "local.conf"'],
        `server:\n  local-data: "${name}. 30 IN A 192.0.2.1"\n`,
      )
      closing.push(() => real.close())
      const file = join(real.folder, 'local.conf')
      const before = readFileSync(file, 'utf8')
      // Somebody broke the rest of the configuration meanwhile.
      const config = join(real.folder, 'unbound.conf')
      writeFileSync(config, `${readFileSync(config, 'utf8')}\nnonsense: yes\n`)
      const test = ['/usr/sbin/unbound-checkconf', config]
      const reload = ['kill', '-HUP', String(real.pid)]

      const result = await bring(
        create({ file, format: 'unbound', test, reload }),
        allTo('cdn-b', paths),
      )

      expect(result).toMatchObject({ result: 'failed', retry: false })
      expect(readFileSync(file, 'utf8')).toBe(before)
      expect(real.isRunning()).toBe(true)
    })
  },
)
