import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeAllocation, type Allocation } from '../../src/core/allocation.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { GroupView, WatchdogView } from '../../src/core/view.ts'
import { verifyChain } from '../../src/formats/journal-chain.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { startFakeHaproxy } from '../actuators/fake-haproxy.ts'
import { startChild } from '../real/child.ts'
import { freePort } from '../real/haproxy-process.ts'
import { pause } from './installation.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** When the process is killed: some time after the fault, or at the write to HAProxy. */
type Moment =
  | { readonly at: 'time'; readonly ms: number }
  /** Killed before HAProxy gets it, or before its answer comes back. */
  | { readonly at: 'before' | 'after' }

/** Ten moments: both sides of the one write of a change, and random times. */
function moments(seed: number): readonly Moment[] {
  const random = seededRandom(seed)
  const times = Array.from({ length: 5 }, (): Moment => {
    return { at: 'time', ms: Math.round(800 + random.next() * 2_700) }
  })
  const writes = (['before', 'after'] as const).flatMap((at): Moment[] => [{ at }, { at }])
  const all = [...times, ...writes, { at: 'time', ms: 0 } as const]
  return all
    .map((moment) => ({ moment, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ moment }) => moment)
}

/** Stands between Changeover and HAProxy, and knows when a write passes. */
async function startRelay(upstream: string) {
  const [host, port] = upstream.split(':')
  let writes = 0
  /** True: whoever asked is dead by now, and nothing goes on. */
  let onWrite: (when: 'before' | 'after', write: number) => boolean = () => false
  const server: Server = createServer((client) => {
    const target = connect({ host: host ?? '', port: Number(port), allowHalfOpen: true })
    for (const socket of [client, target]) socket.on('error', () => client.destroy())
    let isWrite = false
    client.once('data', (payload: Buffer) => {
      isWrite = payload.toString().startsWith('set ')
      if (isWrite && onWrite('before', (writes += 1))) client.destroy()
      else target.write(payload)
    })
    const answer: Buffer[] = []
    target.on('data', (chunk: Buffer) => answer.push(chunk))
    target.on('end', () => {
      if (isWrite && onWrite('after', writes)) client.destroy()
      else client.end(Buffer.concat(answer))
      target.end()
    })
    client.on('close', () => target.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Counts writes from now on, and calls `listener` around each. */
    watch(listener: typeof onWrite) {
      writes = 0
      onWrite = listener
    },
    close: () => server.close(),
  }
}

const folder = mkdtempSync(join(tmpdir(), 'changeover-kill-'))
const file = join(folder, 'changeover.yaml')
const clock = realClock()

let lab: Lab
let haproxy: Awaited<ReturnType<typeof startFakeHaproxy>>
let relay: Awaited<ReturnType<typeof startRelay>>
let url: string
let child: ReturnType<typeof startChild> | undefined

beforeAll(async () => {
  lab = await startLab({
    clock,
    random: seededRandom(5),
    streams: [{ name: 's1', segmentSeconds: 1 }],
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
  haproxy = await startFakeHaproxy(['a', 'b'])
  relay = await startRelay(haproxy.address)
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  writeFileSync(
    file,
    `
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:${port}" }
installation: { blast_radius: { groups: 100, fraction: 1, per: 1s } }
streams:
  channel-1:
    groups:
      cdn:
        paths:
          a: { type: hls, url: "${lab.urls.edges['edge-a']}/s1/main.m3u8" }
          b: { type: hls, url: "${lab.urls.edges['edge-b']}/s1/main.m3u8" }
        holddown: 1s
        budget: { changes: 1000 }
        failback: { auto: false }
        lease: { ttl: 3s, renew: 1s }
        call_timeout: 1s
        observe_every: 1s
        actuators:
          - { type: haproxy, socket: "${relay.address}", backend: live, servers: { a: a, b: b } }
`,
  )
})

afterAll(async () => {
  await child?.kill()
  relay?.close()
  await haproxy?.close()
  await lab?.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(): void {
  child = startChild(process.execPath, [main, 'run', file, '--log', 'json'], folder)
}

async function until<T>(what: string, withinMs: number, found: () => Promise<T | undefined>) {
  const end = clock.now() + withinMs
  for (;;) {
    const value = await found().catch(() => undefined)
    if (value !== undefined) return value
    if (clock.now() > end) {
      const seen = await group().catch(() => undefined)
      throw new Error(
        `${what} did not happen: ${seen?.state} ${seen?.says}; ${served()}; ${child?.errors()}`,
      )
    }
    await pause(50)
  }
}

async function group(): Promise<GroupView> {
  const view = (await (await fetch(`${url}/api/v1/state`)).json()) as WatchdogView
  const found = view.groups[0]
  if (found === undefined) throw new Error('no group')
  return found
}

async function journal(): Promise<readonly JournalEntry[]> {
  const answer = await fetch(`${url}/api/v1/journal?limit=1000`)
  return ((await answer.json()) as { entries: JournalEntry[] }).entries
}

/** What HAProxy serves now. */
function served(): string {
  return describeAllocation(weights())
}

function weights(): Allocation {
  return Object.fromEntries([...haproxy.servers].map(([server, { weight }]) => [server, weight]))
}

/** What the journal says is served: what was taken over or applied last. */
function told(entries: readonly JournalEntry[]): string | undefined {
  let last: Allocation | undefined
  for (const { kind, data } of entries) {
    if (kind === 'adopted') last = data?.['allocation'] as Allocation
    if (kind === 'applied') last = data?.['to'] as Allocation
  }
  return last === undefined ? undefined : describeAllocation(last)
}

/** Every entry of the file, read as a second process would. */
async function stored() {
  const store = await openSqliteStore({ file: join(folder, 'changeover.db'), clock })
  try {
    const head = await store.head()
    const entries = (await store.entries({ limit: 10_000 })).filter(({ seq }) => seq <= head.seq)
    return { entries, verdict: verifyChain(entries, { head }) }
  } finally {
    await store.close()
  }
}

async function settled(active?: string): Promise<GroupView> {
  return await until(`steady on ${active ?? 'any path'}`, 40_000, async () => {
    const seen = await group()
    if (seen.state === 'FROZEN') return seen
    const isThere = active === undefined || seen.active === active
    return seen.state === 'STEADY' && isThere && seen.intent === undefined ? seen : undefined
  })
}

test('killed at any moment of a failover, what is served and what the journal says agree afterwards', async () => {
  const acknowledged = new Map<number, string>()
  const story: string[] = []
  start()
  await settled('a')

  for (const moment of moments(11)) {
    await until('both paths up', 20_000, async () => {
      return (await group()).paths.every(({ health }) => health === 'up') || undefined
    })
    const from = (await group()).active ?? ''
    const to = from === 'a' ? 'b' : 'a'
    const victim = child
    let isKilled = false
    relay.watch((when, write) => {
      if (moment.at !== when || write !== 1) return false
      isKilled = true
      return victim?.signal('SIGKILL') === true
    })
    await lab.inject(`edge-${from}`, 'unavailable')
    const over = new AbortController()
    const follow = (async () => {
      while (!over.signal.aborted) {
        const entries = await journal().catch(() => [])
        for (const { seq, hash } of entries) acknowledged.set(seq, hash)
        await pause(20)
      }
    })()
    if (moment.at === 'time') {
      await pause(moment.ms)
      victim?.signal('SIGKILL')
    } else {
      await until('the write to be killed at', 30_000, async () => isKilled || undefined)
    }
    await victim?.kill()
    over.abort()
    await follow
    const between = served()
    relay.watch(() => false)

    start()
    const seen = await settled(to)

    // All weights go in one line: whenever it dies, they are those before or those after.
    expect([from, to]).toContain(between)
    story.push(
      `${JSON.stringify(moment)}: ${from} to ${to}, ${between} served when it died, then ${seen.state} on ${served()}`,
    )
    expect(seen.state).toBe('STEADY')
    expect(served()).toBe(to)

    const { entries, verdict } = await stored()
    expect(verdict).toMatchObject({ ok: true })
    expect(told(entries)).toBe(served())
    for (const [seq, hash] of acknowledged) expect(entries[seq - 1]).toMatchObject({ seq, hash })
    const intents = entries.filter(({ kind }) => kind === 'intent').map(intentOf)
    const applied = entries.filter(({ kind }) => kind === 'applied').map(intentOf)
    expect(new Set(applied).size).toBe(applied.length)
    expect(intents).toEqual(expect.arrayContaining(applied))
    await lab.healAll()
  }

  process.stdout.write(`${story.join('\n')}\n`)
  expect(haproxy.unexpected).toEqual([])
  child?.signal('SIGTERM')
  await until('its end', 10_000, async () => (child?.isRunning() === false ? true : undefined))
  const { entries, verdict } = await stored()
  expect(verdict).toMatchObject({ ok: true })
  expect(entries.at(-1)).toMatchObject({ kind: 'stop' })
}, 400_000)

function intentOf({ data }: JournalEntry): unknown {
  return data?.['intent'] ?? data?.['id']
}
