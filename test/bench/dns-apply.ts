/**
 * How long a decision takes to be in effect in DNS: from the decision (observe, plan, apply) until the
 * server that was told answers it (declared), until its secondary does, and until a resolver does that
 * had asked for the name right before (TTL 1 s). Against real BIND, Knot, PowerDNS and Unbound. Prints
 * one table in milliseconds. Flags: --runs 50, --cached 10.
 */
import { randomBytes } from 'node:crypto'
import powerdns from '../../src/actuators/powerdns.ts'
import rfc2136 from '../../src/actuators/rfc2136.ts'
import { allTo } from '../../src/core/allocation.ts'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, ActuatorContext } from '../../src/plugin/actuator.ts'
import { askFollowers } from '../../src/plugin/dns/spread.ts'
import { recordSets } from '../../src/plugin/dns/record-sets.ts'
import { bindVersion, startBind } from '../real/bind-process.ts'
import { knotVersion, startKnot } from '../real/knot-process.ts'
import { powerDnsVersion, startPowerDns } from '../real/powerdns-process.ts'
import { startUnbound, unboundVersion } from '../real/unbound-process.ts'
import { flags, printEnvironment, printTable, quantile } from './apparatus/report.ts'

const { runs, cached } = flags({ runs: 50, cached: 10 })
const clock = realClock()
const net = createNet({ clock })
const key: TsigKey = { name: 'changeover', algorithm: 'hmac-sha256', secret: randomBytes(32) }
const name = 'live.changeover.test'
const addresses = { 'cdn-a': '192.0.2.1', 'cdn-b': '192.0.2.2' } as const
const paths = ['cdn-a', 'cdn-b'] as const
const context: ActuatorContext = {
  clock,
  ids: realIds(),
  net,
  group: 'bench/cdn',
  paths,
  callTimeoutMs: 4_000,
}
const { signal } = new AbortController()
const shared = {
  zone: 'changeover.test',
  name,
  records: { 'cdn-a': [addresses['cdn-a']], 'cdn-b': [addresses['cdn-b']] },
  ttl: '1s',
}

function byUpdate(server: string): Actuator {
  if (rfc2136.mode !== 'push') throw new Error('not a push actuator')
  const secret = key.secret.toString('base64')
  const given = { ...shared, server, key: { name: key.name, algorithm: key.algorithm, secret } }
  return rfc2136.create(rfc2136.options.parse(given), context)
}

/** Waits until a server answers the address of a path; authoritative ones, or a cache. */
async function answers(
  server: string,
  path: (typeof paths)[number],
  isCache = false,
): Promise<void> {
  const followers = isCache
    ? { servers: [], resolvers: [server] }
    : { servers: [server], resolvers: [] }
  const about = { name, types: ['A' as const], wanted: recordSets({ A: [addresses[path]] }) }
  const until = clock.now() + 30_000
  while ((await askFollowers(context, followers, about, signal)).behind.length > 0) {
    if (clock.now() > until) throw new Error(`${server} does not follow`)
    await clock.sleep(1, signal)
  }
}

/** Moves to a path, and says when it was decided. */
async function move(actuator: Actuator, path: (typeof paths)[number]): Promise<number> {
  const decided = clock.now()
  const read = await actuator.observe(signal)
  if (!read.ok) throw new Error(read.says)
  for (const step of actuator.plan(read.observed, allTo(path, paths))) {
    const result = await actuator.apply(step, read.observed.version, signal)
    if (result.result !== 'applied') throw new Error(result.says)
  }
  return decided
}

async function measure(
  count: number,
  actuator: Actuator,
  seen: (path: (typeof paths)[number]) => Promise<void>,
  before: (path: (typeof paths)[number]) => Promise<void> = async () => {},
): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < count; run += 1) {
    const path = run % 2 === 0 ? 'cdn-b' : 'cdn-a'
    await before(run % 2 === 0 ? 'cdn-a' : 'cdn-b')
    const decided = await move(actuator, path)
    await seen(path)
    times.push(clock.now() - decided)
  }
  return times
}

/** BIND sends notices of changes that follow each other closely together, half a second apart. */
async function rest(): Promise<void> {
  await clock.sleep(700, signal)
}

function row(what: string, times: readonly number[]): string[] {
  const cells = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(1))
  return [what, String(times.length), ...cells]
}

/** `9.18.49` of what Debian makes of it. */
function short(version: string | undefined): string | undefined {
  return /^[\d.]+/u.exec(version ?? '')?.[0]
}

printEnvironment()
const rows: string[][] = []
const [bind, knot, pdns, unbound] = [
  short(bindVersion()),
  knotVersion(),
  powerDnsVersion(),
  unboundVersion(),
]
if (bind !== undefined) {
  const real = await startBind({ key })
  const [primary = '', secondary = ''] = real.servers
  const actuator = byUpdate(primary)
  rows.push(
    row(
      `BIND ${bind}, the primary answers it`,
      await measure(runs, actuator, (path) => answers(primary, path)),
    ),
  )
  rows.push(
    row(
      'its secondary too (notify-delay 0)',
      await measure(runs, actuator, (path) => answers(secondary, path), rest),
    ),
  )
  if (unbound !== undefined) {
    const cache = await startUnbound([secondary])
    const ask = (path: (typeof paths)[number]) => answers(cache.resolver, path, true)
    // Filled before each change: the worst case, all of the TTL lies ahead.
    rows.push(
      row(`Unbound ${unbound} behind it, TTL 1 s`, await measure(cached, actuator, ask, ask)),
    )
    await cache.close()
  }
  await real.close()
}
if (knot !== undefined) {
  const real = await startKnot({ key })
  rows.push(
    row(
      `Knot ${knot}`,
      await measure(runs, byUpdate(real.server), (path) => answers(real.server, path)),
    ),
  )
  await real.close()
}
if (pdns !== undefined) {
  const apiKey = randomBytes(16).toString('hex')
  const real = await startPowerDns({ key: apiKey })
  await real.set('live', 'A', [addresses['cdn-a']])
  if (powerdns.mode !== 'push') throw new Error('not a push actuator')
  const options = powerdns.options.parse({ ...shared, url: real.url, api_key: apiKey })
  const actuator = powerdns.create(options, context)
  rows.push(
    row(
      `PowerDNS ${pdns}, SQLite`,
      await measure(runs, actuator, (path) => answers(real.server, path)),
    ),
  )
  await real.close()
}
printTable(['decision to effect in DNS', 'runs', 'p50 ms', 'p99 ms', 'max ms'], rows)
await net.close()
