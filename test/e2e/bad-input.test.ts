import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { GroupView } from '../../src/core/view.ts'
import { verifyChain } from '../../src/formats/journal-chain.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { install, pause, type Installation } from './installation.ts'

let lab: Lab
let changeover: Installation

beforeAll(async () => {
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(4),
    streams: ['s1', 's2', 's3'].map((name) => ({ name, segmentSeconds: 1 })),
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
})

afterEach(async () => {
  await lab.healAll()
})

afterAll(async () => {
  await lab.close()
})

/** One stream over both edges. */
function stream(name: string, { withoutA = false, more = '' } = {}): string {
  const a = `
          cdn-a: { type: hls, url: "${lab.urls.edges['edge-a']}/${name}/main.m3u8" }`
  return `
  ${name}:
    groups:
      cdn:
        paths:${withoutA ? '' : a}
          cdn-b: { type: hls, url: "${lab.urls.edges['edge-b']}/${name}/main.m3u8" }
        holddown: 2s${more}
        actuators: [ { type: serve } ]`
}

function configuration(streams: readonly string[], store = './changeover.db', more = ''): string {
  return `
mode: armed
profile: demo
store: sqlite:${store}
listen: { operator: "127.0.0.1:0" }
installation: { blast_radius: { groups: 100, fraction: 1, per: 1s } }
${more}
streams:${streams.join('')}
`
}

async function group(name: string): Promise<GroupView> {
  const found = (await changeover.view()).groups.find((each) => each.stream === name)
  if (found === undefined) throw new Error(`no group of ${name}`)
  return found
}

async function allUp(): Promise<void> {
  await changeover.until('every path up', 30_000, async () => {
    const { groups } = await changeover.view()
    const isUp = groups.every(({ state, paths }) => {
      return state === 'STEADY' && paths.every(({ health }) => health === 'up')
    })
    return isUp || undefined
  })
}

async function movesToB(name: string, withinMs: number): Promise<GroupView> {
  return await changeover.until(`${name} on cdn-b`, withinMs, async () => {
    const seen = await group(name)
    return seen.active === 'cdn-b' ? seen : undefined
  })
}

describe('a reload', () => {
  const good = () => configuration([stream('s1'), stream('s2')])

  beforeAll(async () => {
    changeover = await install(good())
    await allUp()
  })

  afterAll(async () => {
    await changeover.stop()
  })

  /** Health entries of the journal since then, as sentences. */
  async function turnedSince(at: number): Promise<string[]> {
    const journal = await changeover.journal()
    return journal.filter((each) => each.kind === 'health' && each.at >= at).map(({ says }) => says)
  }

  async function refusal(text: string): Promise<string> {
    const answer = (await changeover.reload(text)) as {
      readonly ok: boolean
      readonly errors?: readonly string[]
    }
    expect(answer.ok).toBe(false)
    return answer.errors?.join('\n') ?? ''
  }

  test.each([
    ['a misspelt key', () => good().replace('holddown: 2s', 'holdown: 2s'), /holdown.*holddown/su],
    ['a number without its unit', () => good().replace('holddown: 2s', 'holddown: 2'), /holddown/u],
    ['broken YAML', () => `${good()}\n  - [`, /changeover\.yaml/u],
    ['nothing at all', () => '', /expected a map, got nothing$/u],
    ['rules that are not there', () => `${good()}\nrules: [ ./nowhere ]\n`, /rules folder.*rules/u],
    [
      'a path of the group that carries its traffic gone',
      () => configuration([stream('s1', { withoutA: true }), stream('s2')]),
      /^the path s1\/cdn\/cdn-a cannot be removed: it carries traffic; steer away first$/u,
    ],
    [
      'a group that carries traffic gone',
      () => configuration([stream('s2')]),
      /^the group s1\/cdn cannot be removed: its path cdn-a carries traffic$/u,
    ],
    [
      'another listener',
      () => good().replace('127.0.0.1:0', '127.0.0.1:1'),
      /^listen: a change needs a restart$/u,
    ],
  ])('with %s is refused with its sentence, and all goes on', async (_what, text, says) => {
    const at = Date.now()

    const said = await refusal(text())

    expect(said).toMatch(says)
    await pause(1_000)
    const { groups } = await changeover.view()
    expect(groups.map(({ name, state, active }) => `${name} ${state} ${active}`)).toEqual([
      's1/cdn STEADY cdn-a',
      's2/cdn STEADY cdn-a',
    ])
    expect(await turnedSince(at)).toEqual([])
  })

  test('that adds a group watches it too, and disturbs no other', async () => {
    const at = Date.now()

    const answer = await changeover.reload(
      configuration([stream('s1'), stream('s2'), stream('s3')]),
    )

    expect(answer.ok).toBe(true)
    await allUp()
    expect((await group('s3')).active).toBe('cdn-a')
    const turned = (await changeover.journal()).filter(
      (each) => each.kind === 'health' && each.at >= at && each.group !== 's3/cdn',
    )
    expect(turned.map(({ says }) => says)).toEqual([])
  })

  test('leaves a watchdog that still acts', async () => {
    await refusal('mode: armed\nstreams: 7\n')
    await lab.inject('edge-a/s1', 'freeze')

    const moved = await movesToB('s1', 20_000)

    expect(moved.lastChange).toMatchObject({ reason: 'failover', leaving: ['cdn-a'] })
    expect((await group('s2')).active).toBe('cdn-a')
  })
})

/** A small disk of its own; throws where this user may not mount one. */
function mountDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'pipe' })
    return folder
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
}

function unmountDisk(folder: string): void {
  execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
}

function mayMount(): boolean {
  try {
    unmountDisk(mountDisk())
    return true
  } catch {
    return false
  }
}

/** Takes every byte that is left. */
function fill(file: string): void {
  const block = Buffer.alloc(4_096)
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' })
  } catch {
    // No space left: that was the point.
  }
}

/** A receiver of webhooks: the titles of what was sent, by action. */
async function startReceiver(): Promise<{ server: Server; url: string; notices: string[] }> {
  const notices: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { action, title } = JSON.parse(body) as { action: string; title: string }
      notices.push(`${action}: ${title}`)
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, url: `http://127.0.0.1:${port}/`, notices }
}

const isPossible = mayMount()
const note = isPossible ? '' : ' (skipped: this user may not mount a small disk)'

describe.skipIf(!isPossible)(`a disk that is full${note}`, () => {
  let folder: string
  let filler: string
  let receiver: Awaited<ReturnType<typeof startReceiver>>

  beforeAll(async () => {
    folder = mountDisk()
    filler = join(folder, 'filler')
    receiver = await startReceiver()
    changeover = await install(
      configuration(
        [stream('s1', { more: '\n        failback: { auto: false }' })],
        join(folder, 'changeover.db'),
        `notify: [ { type: webhook, url: "${receiver.url}" } ]`,
      ),
    )
    await allUp()
  })

  afterAll(async () => {
    await changeover.stop()
    receiver.server.close()
    receiver.server.closeAllConnections()
    unmountDisk(folder)
  })

  const isServed = async (path: string) =>
    (await changeover.get(`/serve/s1/cdn/${path}`)).status === 200

  test('stops every change and no observation, pages, and acts again once there is space', async () => {
    fill(filler)

    const seen = await changeover.until(
      'the view says that the store is gone',
      20_000,
      async () => {
        const view = await changeover.view()
        return view.store.ok ? undefined : view
      },
    )
    expect(seen.store.says).toMatch(/unavailable: the disk is full/u)
    await changeover.until('the page "cannot act"', 10_000, async () => {
      return receiver.notices.find((each) => /^trigger: s1\/cdn: cannot act: .*full/u.test(each))
    })

    await lab.inject('edge-a/s1', 'freeze')
    const down = await changeover.until('cdn-a down', 20_000, async () => {
      const path = (await group('s1')).paths[0]
      return path?.health === 'down' ? path : undefined
    })
    expect(down.diagnosis).toBe('playlist-stalled')
    await changeover.until('the page of the path', 20_000, async () => {
      return receiver.notices.find((each) =>
        each.startsWith('trigger: s1/cdn: cdn-a is down and carries the traffic'),
      )
    })
    // Beyond the lease, which cannot be renewed either.
    await pause(18_000)
    const stuck = await group('s1')
    expect(stuck.active).toBe('cdn-a')
    expect(stuck.whyNot?.says).toMatch(
      /^cannot lead, because the store cannot be written: .*the disk is full/u,
    )
    expect([await isServed('cdn-a'), await isServed('cdn-b')]).toEqual([true, false])
    expect((await changeover.get('/healthz')).status).toBe(200)

    expect(existsSync(filler)).toBe(true)
    rmSync(filler)
    const moved = await movesToB('s1', 20_000)
    expect(moved.lastChange).toMatchObject({ reason: 'failover', leaving: ['cdn-a'] })
    expect([await isServed('cdn-a'), await isServed('cdn-b')]).toEqual([false, true])
    expect((await changeover.view()).store.ok).toBe(true)
    const entries = (await changeover.journal()).toSorted((a, b) => a.seq - b.seq)
    expect(verifyChain(entries)).toMatchObject({ ok: true })
    await changeover.until('the page is over', 20_000, async () => {
      return receiver.notices.find((each) => each.startsWith('resolve: s1/cdn: cannot act'))
    })
  })
})
