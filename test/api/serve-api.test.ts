import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createApi } from '../../src/api/create-api.ts'
import { type ServedApi, serveApi } from '../../src/api/serve-api.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { FakeWatchdog } from './fake-watchdog.ts'

const served: ServedApi[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(served.splice(0).map((each) => each.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function start(page = '/nowhere') {
  const port = new FakeWatchdog(Date.now())
  const api = createApi({
    port,
    clock: realClock(),
    tokens: [],
    openForReading: true,
    openForChanges: true,
    hosts: [],
    page,
  })
  const running = await serveApi({ api, host: '127.0.0.1', port: 0 })
  served.push(running)
  return { url: running.url, running, port }
}

function builtPage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-page-'))
  folders.push(folder)
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>wall</title>')
  writeFileSync(join(folder, 'assets', 'index-abc.js'), 'export const wall = 1')
  writeFileSync(join(folder, 'secret.key'), 'not for anybody')
  return folder
}

describe('serveApi', () => {
  it('listens on a free port and answers', async () => {
    const { url } = await start()

    const response = await fetch(`${url}/readyz`)

    expect(await response.json()).toEqual({ ok: true, says: 'ready' })
  })

  it('rejects where the address is taken', async () => {
    const { url } = await start()
    const port = Number(new URL(url).port)
    const { Hono } = await import('hono')

    await expect(serveApi({ api: new Hono(), host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  it('ends event streams when it closes, and the watchdog is free of them', async () => {
    const { url, port, running } = await start()
    const response = await fetch(`${url}/api/v1/events`)
    const reader = response.body?.getReader()
    await reader?.read()
    expect(port.listeners).toBe(2)

    await running.close()

    await expect(
      (async () => {
        while (!(await reader?.read())?.done);
      })(),
    ).rejects.toThrow('terminated')
    await expect.poll(() => port.listeners).toBe(0)
  })

  it('frees the watchdog when a reader goes away', async () => {
    const { url, port } = await start()
    const leaving = new AbortController()
    const response = await fetch(`${url}/api/v1/events`, { signal: leaving.signal })
    await response.body?.getReader().read()

    leaving.abort()

    await expect.poll(() => port.listeners).toBe(0)
  })
})

describe('a body without a length', () => {
  function send(url: string, size: number) {
    const text = JSON.stringify({ reason: 'x'.repeat(size) })
    return fetch(`${url}/api/v1/groups/channel-1/cdn/ack`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit)
  }

  it('is read', async () => {
    const { url, port } = await start()

    const response = await send(url, 10)

    expect(response.status).toBe(200)
    expect(port.commands).toHaveLength(1)
  })

  it('is refused beyond 64 KiB', async () => {
    const { url, port } = await start()

    const response = await send(url, 70_000)

    expect(response.status).toBe(413)
    expect(port.commands).toEqual([])
  })

  it('may be absent where none is wanted', async () => {
    const { url, port } = await start()
    port.withDemo()
    await port.demo?.inject({ target: 'cdn-a', fault: 'freeze', forMs: 1_000 })

    const response = await fetch(`${url}/api/v1/demo/faults/fault-0`, {
      method: 'DELETE',
      headers: { 'content-type': 'application/json', origin: url },
    })

    expect(response.status).toBe(200)
    expect(port.demo?.faults().active).toEqual([])
  })
})

describe('the page', () => {
  it('says how to build it where it is not built', async () => {
    const { url } = await start()

    const text = await (await fetch(`${url}/`)).text()

    expect(text).toContain('npm run build:ui')
  })

  it('is served with its assets, packed where the browser can unpack', async () => {
    const { url } = await start(builtPage())

    const index = await fetch(`${url}/`)
    const script = await fetch(`${url}/assets/index-abc.js`)
    const plain = await fetch(`${url}/assets/index-abc.js`, {
      headers: { 'accept-encoding': 'identity' },
    })

    expect(await index.text()).toContain('<title>wall</title>')
    expect(index.headers.get('cache-control')).toBe('no-cache')
    expect(script.headers.get('content-encoding')).toBe('gzip')
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect(await script.text()).toBe('export const wall = 1')
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await plain.text()).toBe('export const wall = 1')
  })

  it.each(['/assets/secret.key', '/secret.key', '/assets/..%2Findex.html', '/assets/nothing.js'])(
    'does not give %s',
    async (path) => {
      const { url } = await start(builtPage())

      expect((await fetch(url + path)).status).toBe(404)
    },
  )
})
