import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import haproxyAgent from '../../src/actuators/haproxy-agent.ts'
import { serveAgent } from '../../src/api/serve-agent.ts'
import type { Published } from '../../src/plugin/actuator.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { haproxyVersion, startHaproxy } from './haproxy-process.ts'

const version = haproxyVersion()
if (version === undefined) process.stderr.write('skipped: haproxy is not installed\n')

const clock = realClock()

describe.skipIf(version === undefined)(`agent-checks of a real HAProxy ${version}`, () => {
  let net: RealNet
  const closing: (() => Promise<void>)[] = []

  beforeEach(() => {
    net = createNet({ clock })
  })

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    await net.close()
  })

  /** A HAProxy that asks five times a second, and what it is told. */
  async function begin(given: object = {}) {
    if (haproxyAgent.mode !== 'pull' || haproxyAgent.asks === 'group') throw new Error('not pulled')
    const plugin = haproxyAgent
    const options = haproxyAgent.options.parse(given)
    const told = { published: { allocation: { a: 100, b: 0 }, serveAll: false } as Published }
    const agent = await serveAgent({
      clock,
      at: { host: '127.0.0.1', port: 0 },
      port: { pull: (_, __, path) => plugin.answer(options, told.published, { path, query: {} }) },
    })
    let isOpen = true
    const stop = async () => {
      if (isOpen) await agent.close()
      isOpen = false
    }
    const check = `agent-check agent-addr 127.0.0.1 agent-port ${agent.port} agent-inter 200ms`
    const server = (name: string) => `${check} agent-send "channel-1/cdn/${name}\\n"`
    const real = await startHaproxy(net, { servers: ['a', 'b'], weights: 100, server })
    closing.push(stop, () => real.close())
    const shows = async (...states: string[]) =>
      await expect.poll(async () => await real.state(), { timeout: 15_000 }).toEqual(states)
    return { real, told, stop, shows }
  }

  it('follow the shares, and move its clients', async () => {
    const { real, told, shows } = await begin()

    await shows('a admin 0 weight 100', 'b admin 0 weight 0')
    const before = await real.visits(10)
    told.published = { allocation: { a: 0, b: 100 }, serveAll: false }
    await shows('a admin 0 weight 0', 'b admin 0 weight 100')
    const after = await real.visits(10)
    told.published = { allocation: { a: 75, b: 25 }, serveAll: false }
    await shows('a admin 0 weight 75', 'b admin 0 weight 25')

    expect([before, after]).toEqual([{ '200 a': 10 }, { '200 b': 10 }])
    expect(await real.visits(40)).toEqual({ '200 a': 30, '200 b': 10 })
  })

  it('take a path out as if its check had failed, where that is wanted, and bring it back', async () => {
    const { real, told } = await begin({ out: 'down' })
    const visits = async () => await real.visits(4)

    await expect.poll(visits, { timeout: 15_000 }).toEqual({ '200 a': 4 })
    const table = await real.say('show servers state live')
    told.published = { allocation: { a: 50, b: 50 }, serveAll: false }

    await expect.poll(visits, { timeout: 15_000 }).toEqual({ '200 a': 2, '200 b': 2 })
    // srv_op_state of b was 0, stopped, at its full weight.
    expect(table).toMatch(/ live \d+ b \S+ 0 0 100 /u)
  })

  it('leave everything as it is when Changeover is gone', async () => {
    const { real, told, stop, shows } = await begin()
    told.published = { allocation: { a: 0, b: 100 }, serveAll: false }
    await shows('a admin 0 weight 0', 'b admin 0 weight 100')

    await stop()
    // Ten checks that nobody answers.
    await clock.sleep(2_000)

    expect(await real.state()).toEqual(['a admin 0 weight 0', 'b admin 0 weight 100'])
    expect(await real.visits(5)).toEqual({ '200 b': 5 })
  })

  it('do not end the maintenance of a person', async () => {
    const { real, told, shows } = await begin()
    await shows('a admin 0 weight 100', 'b admin 0 weight 0')

    await real.say('set server live/b state maint')
    told.published = { allocation: { a: 10, b: 90 }, serveAll: false }

    await shows('a admin 0 weight 10', 'b admin 1 weight 0')
    expect(await real.visits(5)).toEqual({ '200 a': 5 })
  })
})
