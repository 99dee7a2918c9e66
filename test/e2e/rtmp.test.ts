import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { PathView } from '../../src/core/view.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { install, pause, type Installation } from './installation.ts'

/** The names of streams are credentials: whoever knows one may publish under it. */
const keys = { main: 'k3y-of-main', backup: 'k3y-of-backup' }

let lab: Lab
let changeover: Installation

async function path(name: 'main' | 'backup'): Promise<PathView | undefined> {
  const [group] = (await changeover.view()).groups
  return group?.paths.find((each) => each.name === name)
}

async function active(): Promise<string | undefined> {
  const [group] = (await changeover.view()).groups
  return group?.paths.find(({ weight }) => weight > 0)?.name
}

beforeAll(async () => {
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(1),
    streams: Object.values(keys).map((name) => ({ name })),
    edges: [{ name: 'edge' }],
    rtmp: true,
  })
  const url = (name: 'main' | 'backup') => `"${lab.urls.rtmp}/${keys[name]}"`
  changeover = await install(`
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:
  channel-1:
    groups:
      ingest:
        paths:
          main: { type: rtmp, url: ${url('main')}, timeout: 3s }
          backup: { type: rtmp, url: ${url('backup')}, timeout: 3s }
        holddown: 2s
        budget: { changes: 50, per: 1h }
        actuators: [ { type: serve } ]
`)
  await changeover.until('both paths up', 30_000, async () => {
    const all = [await path('main'), await path('backup')]
    return all.every((each) => each?.health === 'up') || undefined
  })
})

afterEach(() => lab.healAll())

afterAll(async () => {
  await changeover.stop()
  await lab.close()
})

describe('a group of RTMP paths', () => {
  it('leaves a stream that freezes, and says why', async () => {
    const before = await active()
    const frozen = before === 'backup' ? 'backup' : 'main'

    await lab.inject(`ingest/${keys[frozen]}`, 'freeze')
    const down = await changeover.until('the path going down', 20_000, async () => {
      const seen = await path(frozen)
      return seen?.health === 'down' ? seen : undefined
    })
    await changeover.until('the change', 20_000, async () => {
      const now = await active()
      return (now !== undefined && now !== frozen) || undefined
    })

    expect(down.diagnosis).toBe('ingest-lost')
    expect(down.says).toMatch(/no picture or sound/u)
  })

  it('stays where a connection breaks for a moment', async () => {
    const before = await changeover.until('a group at rest', 30_000, async () => {
      const all = [await path('main'), await path('backup')]
      return all.every((each) => each?.health === 'up') ? await active() : undefined
    })
    const key = before === 'backup' ? keys.backup : keys.main

    await lab.inject(`ingest/${key}`, 'reset', { forMs: 100 })
    await pause(3_000)

    expect(await active()).toBe(before)
    const seen = await path(before === 'backup' ? 'backup' : 'main')
    expect(seen?.measurements.find(({ name }) => name === 'stream_breaks')?.value).toBe(1)
  })

  it('shows the name of no stream anywhere', async () => {
    await lab.inject('ingest', 'refuse')
    await changeover.until('a failed look', 20_000, async () => {
      return (await path('main'))?.health === 'down' || undefined
    })

    const outputs = await Promise.all(
      ['/api/v1/state', '/api/v1/journal?limit=1000', '/metrics'].map(async (address) => {
        return await (await changeover.get(address)).text()
      }),
    )
    for (const text of outputs) {
      expect(text).toContain('channel-1')
      for (const secret of Object.values(keys)) expect(text).not.toContain(secret)
    }
  })
})
