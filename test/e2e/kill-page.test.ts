import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JournalEntry } from '../../src/core/journal.ts'
import type { WatchdogView } from '../../src/core/view.ts'
import type { OutboxItem } from '../../src/plugin/store.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { eventually, startChild } from '../real/child.ts'
import { freePort } from '../real/haproxy-process.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What a webhook is posted, as far as it matters here. */
interface Posted {
  readonly id: string
  readonly key: string
}

const folder = mkdtempSync(join(tmpdir(), 'changeover-kill-page-'))
const file = join(folder, 'changeover.yaml')
/** Every attempt, taken or not. */
const attempts: { readonly posted: Posted; readonly taken: boolean }[] = []
let isTaking = false
let receiver: Server
let url = ''
let child: ReturnType<typeof startChild> | undefined

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      attempts.push({ posted: JSON.parse(body) as Posted, taken: isTaking })
      response.writeHead(isTaking ? 204 : 503).end()
    })
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const [port, dead] = [await freePort(), await freePort()]
  url = `http://127.0.0.1:${port}`
  writeFileSync(
    file,
    `
mode: advise
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:${port}" }
notify:
  - { type: webhook, name: pager, url: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/page" }
streams:
  channel-1:
    groups:
      cdn:
        paths:
          a: { type: tcp, url: "tcp://127.0.0.1:${dead}" }
          b: { type: tcp, url: "tcp://127.0.0.1:${dead}" }
        actuators: [ { type: serve } ]
        lease: { ttl: 3s, renew: 1s }
        call_timeout: 1s
`,
  )
})

afterAll(async () => {
  await child?.kill()
  receiver?.close()
  receiver?.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

function start(): void {
  child = startChild(process.execPath, [main, 'run', file, '--log', 'json'], folder)
}

async function until(what: string, found: () => Promise<boolean> | boolean): Promise<void> {
  await eventually(
    () => `${what} did not happen; attempts: ${JSON.stringify(attempts)}; ${child?.errors()}`,
    async () => await Promise.resolve(found()).catch(() => false),
  )
}

async function journal(): Promise<readonly JournalEntry[]> {
  const answer = await fetch(`${url}/api/v1/journal?limit=1000`)
  return ((await answer.json()) as { entries: JournalEntry[] }).entries
}

/** What the dead process left in the outbox. */
async function left(): Promise<readonly OutboxItem[]> {
  const store = await openSqliteStore({ file: join(folder, 'changeover.db'), clock: realClock() })
  try {
    return await store.due(Number.MAX_SAFE_INTEGER, 1_000)
  } finally {
    await store.close()
  }
}

test('a page that nobody took before the process was killed is taken from the next one, under its key', async () => {
  start()
  await until('the page was refused', () => attempts.length > 0)
  await until('the journal knows of the incident', async () =>
    (await journal()).some(({ kind, data }) => kind === 'incident' && data?.['event'] === 'opened'),
  )
  child?.signal('SIGKILL')
  await child?.kill()
  const waiting = (await left()).map(({ notice }) => notice)
  expect(waiting.map(({ action }) => action)).toContain('trigger')
  expect(attempts.some(({ taken }) => taken)).toBe(false)
  const refused = attempts.length

  isTaking = true
  start()
  // The very notices that waited, not others about the same: whoever keeps identities apart drops a second one.
  const taken = () => attempts.slice(refused).filter((each) => each.taken)
  await until('what waited was taken', () => {
    const ids = taken().map(({ posted }) => posted.id)
    return waiting.every(({ id }) => ids.includes(id))
  })
  await until('the journal says that it was taken', async () => {
    const told = (await journal()).filter(({ data }) => data?.['end'] === 'delivered')
    return waiting.every(({ id }) => told.some(({ data }) => data?.['notice'] === id))
  })

  // One incident stays one incident: the next process opens none of its own.
  const entries = (await journal()).filter(({ kind }) => kind === 'incident')
  const opened = entries.filter(({ data }) => data?.['event'] === 'opened')
  const keys = opened.map(({ data }) => data?.['key'])
  expect(keys).toEqual([...new Set(keys)])
  const state = (await (await fetch(`${url}/api/v1/state`)).json()) as WatchdogView
  const open = state.incidents.map(({ key }) => key)
  for (const { key, action } of waiting) if (action === 'trigger') expect(open).toContain(key)

  child?.signal('SIGTERM')
  await until('its end', () => child?.isRunning() === false)
}, 60_000)
