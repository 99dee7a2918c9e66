/**
 * How long a decision takes to be in effect at real balancers: from the decision (observe, plan, apply)
 * to the first request that the other server answers, beside a client that asks without a pause. Prints
 * one row in milliseconds for each balancer that is installed. Flags: --runs 20, --addresses 5 (slow ones).
 */
import caddy from '../../src/actuators/caddy.ts'
import haproxyAgent from '../../src/actuators/haproxy-agent.ts'
import haproxy from '../../src/actuators/haproxy.ts'
import keepalived from '../../src/actuators/keepalived.ts'
import nginx from '../../src/actuators/nginx.ts'
import { serveAgent } from '../../src/api/serve-agent.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import type { Actuator, ActuatorContext, ActuatorPlugin } from '../../src/plugin/actuator.ts'
import { bring } from '../real/bring.ts'
import { caddyBinary, startCaddy } from '../real/caddy-process.ts'
import { haproxyVersion, startHaproxy } from '../real/haproxy-process.ts'
import { startKeepalivedPair, whyNoKeepalived } from '../real/keepalived-pair.ts'
import { startNginxBalancer } from '../real/nginx-balancer.ts'
import { nginxBinary } from '../real/nginx-process.ts'
import { flags, printEnvironment, printTable, quantile } from './apparatus/report.ts'

const { runs, addresses } = flags({ runs: 20, addresses: 5 })
const clock = realClock()
const ids = realIds()
const net = createNet({ clock })
const processes = realProcesses({ clock })
const files = realFiles({ ids })
const paths = ['cdn-a', 'cdn-b']
const context = { clock, ids, net, processes, files, group: 'bench/cdn', paths }
const servers = { 'cdn-a': 'a', 'cdn-b': 'b' }

/** What is measured: how a path is chosen, and who answers now. */
interface Switch {
  choose(path: string): Promise<void>
  answers(): Promise<string>
  close(): Promise<void>
}

const rows: string[][] = []
printEnvironment()
const skipped: string[] = []
await measure('HAProxy, runtime API', runs, haproxyVersion() && runtimeApi)
await measure('HAProxy, agent-check each 200 ms', runs, haproxyVersion() && (() => agent(200)))
await measure('HAProxy, agent-check each 2 s', addresses, haproxyVersion() && (() => agent(2_000)))
await measure('nginx, test and reload', runs, nginxBinary && reload)
await measure('Caddy, admin API', runs, caddyBinary && adminApi)
const noPair = whyNoKeepalived()
await measure('keepalived, track file', addresses, noPair === undefined ? address : undefined)
printTable(['decision to effect', 'runs', 'p50 ms', 'p90 ms', 'max ms'], rows)
if (skipped.length > 0) console.log(`skipped, not installed: ${skipped.join('; ')}`)
await processes.close()
await net.close()

async function measure(
  name: string,
  count: number,
  start: (() => Promise<Switch>) | string | undefined,
): Promise<void> {
  if (typeof start !== 'function') {
    skipped.push(name)
    return
  }
  const target = await start()
  const times: number[] = []
  try {
    // The first change takes the target over; it is not counted.
    for (let run = 0; run <= count; run += 1) {
      const path = paths[(run + 1) % 2] ?? ''
      const decided = clock.now()
      const writing = target.choose(path)
      while ((await target.answers()) !== path) {
        if (clock.now() - decided > 60_000) throw new Error(`${name} did not follow`)
      }
      const seen = clock.now() - decided
      await writing
      if (run > 0) times.push(seen)
    }
  } finally {
    await target.close()
  }
  const cells = [0.5, 0.9, 1].map((share) => quantile(times, share).toFixed(1))
  rows.push([name, String(times.length), ...cells])
}

function create(plugin: ActuatorPlugin, given: object): Actuator {
  if (plugin.mode !== 'push') throw new Error('not a push actuator')
  const timed: ActuatorContext = { ...context, callTimeoutMs: 20_000 }
  return plugin.create(plugin.options.parse(given), timed)
}

async function pushed(actuator: Actuator, path: string): Promise<void> {
  for (const result of await bring(actuator, allTo(path, paths))) {
    if (result.result !== 'applied') throw new Error(result.says)
  }
}

/** Which path answered one new client. */
async function asked(visits: (count: number) => Promise<Record<string, number>>): Promise<string> {
  const [seen = ''] = Object.keys(await visits(1))
  return `cdn-${seen.replace('200 ', '')}`
}

async function runtimeApi(): Promise<Switch> {
  const real = await startHaproxy(net, { servers: ['a', 'b'] })
  const actuator = create(haproxy, { socket: real.socket, backend: 'live', servers })
  return {
    choose: (path) => pushed(actuator, path),
    answers: () => asked(real.visits),
    close: () => real.close(),
  }
}

async function agent(interval: number): Promise<Switch> {
  const plugin = haproxyAgent
  if (plugin.mode !== 'pull' || plugin.asks === 'group') throw new Error('not a pull actuator')
  const options = plugin.options.parse({})
  let published = { allocation: allTo('cdn-a', paths), serveAll: false }
  const served = await serveAgent({
    clock,
    at: { host: '127.0.0.1', port: 0 },
    port: { pull: (_, __, path) => plugin.answer(options, published, { path, query: {} }) },
  })
  const check = `agent-check agent-addr 127.0.0.1 agent-port ${served.port} agent-inter ${interval}ms`
  const server = (name: string) => `${check} agent-send "bench/cdn/cdn-${name}\\n"`
  const real = await startHaproxy(net, { servers: ['a', 'b'], weights: 100, server })
  return {
    choose: async (path) => {
      published = { allocation: allTo(path, paths), serveAll: false }
    },
    // Both servers may answer while HAProxy has heard of one of them alone.
    answers: async () => {
      const seen = Object.keys(await real.visits(2))
      return seen.length === 1 ? `cdn-${seen[0]?.replace('200 ', '')}` : 'both'
    },
    close: async () => {
      await real.close()
      await served.close()
    },
  }
}

async function reload(): Promise<Switch> {
  const real = await startNginxBalancer(net)
  const actuator = create(nginx, real.options)
  return {
    choose: (path) => pushed(actuator, path),
    answers: () => asked(real.visits),
    close: () => real.close(),
  }
}

async function adminApi(): Promise<Switch> {
  const real = await startCaddy(net)
  const actuator = create(caddy, real.options)
  return {
    choose: (path) => pushed(actuator, path),
    answers: () => asked(real.visits),
    close: () => real.close(),
  }
}

async function address(): Promise<Switch> {
  const pair = await startKeepalivedPair()
  const names = { 'cdn-a': 'lan-a', 'cdn-b': 'lan-b' }
  const given = { files: { 'cdn-a': pair.files['lan-a'], 'cdn-b': pair.files['lan-b'] } }
  const actuator = create(keepalived, given)
  return {
    choose: (path) => pushed(actuator, path),
    answers: async () => {
      // Looking blocks this process: the write goes on in between.
      await clock.sleep(5)
      const holders = pair.holders().join()
      return Object.entries(names).find(([, name]) => name === holders)?.[0] ?? 'nobody'
    },
    close: () => pair.close(),
  }
}
