import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import nginx from '../../src/actuators/nginx.ts'
import { allTo } from '../../src/core/allocation.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { install, type Installation } from '../e2e/installation.ts'
import { bring } from './bring.ts'
import { haproxyVersion, startBackend, startHaproxy } from './haproxy-process.ts'
import { startNginxBalancer } from './nginx-balancer.ts'
import { nginxBinary } from './nginx-process.ts'

const missing = [
  ...(nginxBinary === undefined ? ['nginx'] : []),
  ...(haproxyVersion() === undefined ? ['haproxy'] : []),
]
if (missing.length > 0) process.stderr.write(`skipped, not installed: ${missing.join(', ')}\n`)

const group = 'channel-1/cdn'
const paths = ['cdn-a', 'cdn-b']

describe.skipIf(missing.length > 0)('a group with a real HAProxy and a real nginx', () => {
  let net: RealNet
  const closing: (() => Promise<void>)[] = []

  beforeEach(() => {
    net = createNet({ clock: realClock() })
  })

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    await net.close()
  })

  /** Both balancers before the same two servers, everything on `cdn-a`, and what is asked of nginx. */
  async function begin(order: 'haproxy first' | 'nginx first', settings: readonly string[] = []) {
    const backends = [await startBackend('a'), await startBackend('b')]
    for (const backend of backends) closing.push(() => backend.close())
    const ports = backends.map(({ port }) => port)
    const haproxy = await startHaproxy(net, { servers: ['a', 'b'], ports })
    closing.push(() => haproxy.close())
    const balancer = await startNginxBalancer(net, { ports })
    closing.push(() => balancer.close())
    await takeOver(balancer)
    const blocks = [
      `{ type: haproxy, socket: ${haproxy.socket}, backend: live, servers: { cdn-a: a, cdn-b: b } }`,
      JSON.stringify({ type: 'nginx', ...balancer.options, settings }),
    ]
    if (order === 'nginx first') blocks.reverse()
    const changeover = await install(`
mode: armed
profile: broadcast
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:
  channel-1:
    groups:
      cdn:
        call_timeout: 8s
        paths:
          cdn-a: { type: http, url: "http://127.0.0.1:${ports[0]}/" }
          cdn-b: { type: http, url: "http://127.0.0.1:${ports[1]}/" }
        actuators:
${blocks.map((block) => `          - ${block}`).join('\n')}
`)
    closing.push(() => changeover.stop())
    await changeover.until('both paths up, cdn-a active', 30_000, async () => {
      const seen = (await changeover.view()).groups[0]
      const isUp = seen?.paths.every(({ health }) => health === 'up') === true
      return isUp && seen.state === 'STEADY' && seen.active === 'cdn-a' ? seen : undefined
    })
    return { haproxy, balancer, changeover }
  }

  /** The include file is ours from here on, as after `adopt` and a first change. */
  async function takeOver(balancer: Awaited<ReturnType<typeof startNginxBalancer>>): Promise<void> {
    if (nginx.mode !== 'push') throw new Error('not a push actuator')
    const clock = realClock()
    const ids = realIds()
    const processes = realProcesses({ clock })
    const given = { clock, ids, net, processes, files: realFiles({ ids }), group, paths }
    const options = nginx.options.parse(balancer.options)
    const actuator = nginx.create(options, { ...given, callTimeoutMs: 20_000 })
    for (const wanted of [allTo('cdn-b', paths), allTo('cdn-a', paths)]) {
      const results = await bring(actuator, wanted)
      expect(results.map(({ result }) => result)).toEqual(results.map(() => 'applied'))
    }
    await processes.close()
  }

  async function steer(changeover: Installation, until: JournalEntry['kind']) {
    const sent = { path: 'cdn-b', reason: 'a try' }
    await changeover.post(`/api/v1/groups/${group}/steer`, sent)
    return await changeover.until(`an entry "${until}"`, 60_000, async () => {
      const entries = (await changeover.journal()).toSorted((a, b) => a.seq - b.seq)
      return entries.some(({ kind }) => kind === until) ? entries : undefined
    })
  }

  test('moves both under one intent, in their order', async () => {
    const { haproxy, balancer, changeover } = await begin('haproxy first')

    const entries = await steer(changeover, 'applied')

    const steps = entries.filter(({ kind }) => kind === 'step')
    expect(
      steps.map(({ data }) => `${String(data?.['type'])} ${String(data?.['result'])}`),
    ).toEqual(['haproxy applied', 'nginx applied'])
    expect(new Set(steps.map(({ data }) => data?.['intent'])).size).toBe(1)
    expect(await haproxy.visits(5)).toEqual({ '200 b': 5 })
    expect(await balancer.visits(5)).toEqual({ '200 b': 5 })
  })

  test('takes HAProxy back where nginx refuses its file', async () => {
    const { haproxy, balancer, changeover } = await begin('haproxy first', ['no_such_directive'])
    const before = balancer.text()

    const entries = await steer(changeover, 'aborted')

    expect(entries.find(({ kind }) => kind === 'aborted')?.says).toContain(
      'nginx refuses the file: [emerg] unknown directive "no_such_directive"',
    )
    expect(entries.some(({ kind }) => kind === 'applied' || kind === 'frozen')).toBe(false)
    expect(await haproxy.state()).toEqual(['a admin 0 weight 100', 'b admin 0 weight 0'])
    expect(balancer.text()).toBe(before)
    expect(await balancer.visits(5)).toEqual({ '200 a': 5 })
  })

  test('takes nginx back where HAProxy has a server in maintenance', async () => {
    const { haproxy, balancer, changeover } = await begin('nginx first')
    await haproxy.say('set server live/b state maint')

    const entries = await steer(changeover, 'aborted')

    const steps = entries.filter(({ kind }) => kind === 'step')
    expect(
      steps.map(({ data }) => `${String(data?.['type'])} ${String(data?.['result'])}`),
    ).toEqual(['nginx applied', 'haproxy failed'])
    expect(await balancer.visits(5)).toEqual({ '200 a': 5 })
    expect(await haproxy.visits(5)).toEqual({ '200 a': 5 })
  })
})
