import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import nginx from '../../src/actuators/nginx.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses, type RealProcesses } from '../../src/platform/real-processes.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { bring } from './bring.ts'
import { startNginxBalancer } from './nginx-balancer.ts'
import { nginxBinary } from './nginx-process.ts'

if (nginxBinary === undefined) process.stderr.write('skipped: nginx is not installed\n')
const hasStream = existsSync('/usr/lib/nginx/modules/ngx_stream_module.so')
if (!hasStream) process.stderr.write('skipped: libnginx-mod-stream is not installed\n')

const clock = realClock()
const ids = realIds()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']

type Balancer = Awaited<ReturnType<typeof startNginxBalancer>>

// A test of a configuration and a reload take their time on a machine with much else to do.
function create(
  net: RealNet,
  processes: RealProcesses,
  given: object,
  callTimeoutMs = 20_000,
): Actuator {
  if (nginx.mode !== 'push') throw new Error('not a push actuator')
  const files = realFiles({ ids })
  const context = { clock, ids, net, processes, files, group: 'channel-1/cdn', paths }
  return nginx.create(nginx.options.parse(given), { ...context, callTimeoutMs })
}

describe.skipIf(nginxBinary === undefined)('a real nginx', () => {
  actuatorContract(
    'nginx',
    async () => {
      const net = createNet({ clock })
      const processes = realProcesses({ clock })
      const real = await startNginxBalancer(net)
      const actuator = create(net, processes, real.options)
      // Another allocation than the first one, so that the file is ours from here on.
      real.write(real.first.replace(' down', ''))
      await bring(actuator, allTo('cdn-a', paths))
      return {
        actuator,
        paths,
        state: () => ({ text: real.text() }),
        async editByHand() {
          real.write(real.text().replace(' down; # cdn-b', ' weight=7; # cdn-b'))
          real.reload()
        },
        fail: () => real.stop(),
        secrets: [],
        async close() {
          await processes.close()
          await real.close()
          await net.close()
        },
      }
    },
    ['refuse'],
  )

  let net: RealNet
  let processes: RealProcesses
  const closing: (() => Promise<void>)[] = []

  beforeEach(() => {
    net = createNet({ clock })
    processes = realProcesses({ clock })
  })

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await processes.close()
    await net.close()
  })

  async function begin(given: object = {}): Promise<{ real: Balancer; actuator: Actuator }> {
    const real = await startNginxBalancer(net)
    closing.push(() => real.close())
    return { real, actuator: create(net, processes, { ...real.options, ...given }) }
  }

  it('is taken over from a file of somebody else, and moves its clients, none of them lost', async () => {
    // Workers share the state of the balancing, and so what they give can be counted.
    const { real, actuator } = await begin({ settings: ['zone live 64k'] })

    const first = await actuator.observe(never)
    const before = await real.visits(10)
    const moving = real.visits(400)
    const taken = await bring(actuator, allTo('cdn-b', paths))
    const after = await real.visits(20)
    const shared = await bring(actuator, { 'cdn-a': 75, 'cdn-b': 25 })
    const during = await moving
    const parts = await real.visits(40)

    expect(first).toMatchObject({
      ok: true,
      observed: { allocation: { 'cdn-a': 100, 'cdn-b': 0 }, ours: false },
    })
    expect(before).toEqual({ '200 a': 10 })
    expect(taken).toMatchObject([{ result: 'applied' }])
    expect(after).toEqual({ '200 b': 20 })
    expect(shared).toMatchObject([{ result: 'applied' }, { result: 'applied' }])
    expect(parts).toEqual({ '200 a': 30, '200 b': 10 })
    expect(Object.keys(during).every((name) => name.startsWith('200 '))).toBe(true)
    expect(await actuator.observe(never)).toMatchObject({ ok: true, observed: { ours: true } })
  })

  it.skipIf(!hasStream)('moves TCP connections in its stream block', async () => {
    const real = await startNginxBalancer(net, { context: 'stream' })
    closing.push(() => real.close())
    const actuator = create(net, processes, real.options)

    const taken = await bring(actuator, allTo('cdn-b', paths))
    const after = await real.visits(10)
    const back = await bring(actuator, allTo('cdn-a', paths))

    expect([taken, back].flat().map(({ result }) => result)).toEqual(
      taken.concat(back).map(() => 'applied'),
    )
    expect(after).toEqual({ '200 b': 10 })
    expect(await real.visits(10)).toEqual({ '200 a': 10 })
  })

  it('refuses a bad file, which is taken back, and goes on serving', async () => {
    const { real, actuator } = await begin({ settings: ['no_such_directive'] })

    const results = await bring(actuator, allTo('cdn-b', paths))

    expect(results).toEqual([
      {
        result: 'failed',
        retry: false,
        says: expect.stringContaining('unknown directive "no_such_directive"'),
      },
    ])
    expect(real.text()).toBe(real.first)
    real.reload()
    expect(await real.visits(5)).toEqual({ '200 a': 5 })
  })

  it('does not take a file that passes its test, and the file before is there again', async () => {
    const { real } = await begin()
    // Bound by another process: the test of nginx does not try it, the reload fails silently.
    const other = await startNginxBalancer(net)
    closing.push(() => other.close())
    const [, port = ''] = new URL(other.url).host.split(':')
    const blocked = create(net, processes, { ...real.options, status: `127.0.0.1:${port}` }, 5_000)

    const results = await bring(blocked, allTo('cdn-b', paths))

    expect(results).toMatchObject([{ result: 'failed', retry: false }])
    expect(results[0]).toHaveProperty('says', expect.stringContaining('error log of nginx'))
    expect(real.text()).toBe(real.first)
    expect(await real.visits(5)).toEqual({ '200 a': 5 })
  })

  it('is not taken over by one whose configuration is broken elsewhere', async () => {
    const { real, actuator } = await begin()
    await bring(actuator, { 'cdn-a': 50, 'cdn-b': 50 })
    const before = real.text()
    writeFileSync(real.config, `${readFileSync(real.config, 'utf8')}\nnonsense;\n`)

    const results = await bring(actuator, allTo('cdn-b', paths))

    expect(results).toMatchObject([{ result: 'failed', retry: false }])
    expect(results[0]).toHaveProperty('says', expect.stringContaining('nonsense'))
    expect(real.text()).toBe(before)
  })
})
