import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Net } from '../../src/plugin/net.ts'
import { eventually, installed, startChild } from './child.ts'
import { freePort, startBackend } from './haproxy-process.ts'
import { visits } from './visits.ts'

/** The Caddy that is installed here; `undefined` where none is. */
export const caddyBinary = installed('/usr/bin/caddy', '/usr/local/bin/caddy')

/** A real Caddy before two small servers, with a reverse proxy of the name `live`. */
export async function startCaddy(net: Net, setup: { readonly ports?: readonly number[] } = {}) {
  if (caddyBinary === undefined) throw new Error('caddy is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-caddy-'))
  const own = setup.ports === undefined ? ['a', 'b'] : []
  const backends = await Promise.all(own.map((name) => startBackend(name)))
  const ports = setup.ports ?? backends.map(({ port }) => port)
  const [front, admin] = [await freePort(), await freePort()]
  const dials = ports.map((port) => `127.0.0.1:${port}`)
  const proxy = {
    '@id': 'live',
    handler: 'reverse_proxy',
    upstreams: [{ dial: dials[0] }],
    load_balancing: { selection_policy: { policy: 'round_robin' } },
  }
  const server = { listen: [`127.0.0.1:${front}`], routes: [{ handle: [proxy] }] }
  writeFileSync(
    join(folder, 'caddy.json'),
    JSON.stringify({
      admin: { listen: `127.0.0.1:${admin}`, config: { persist: false } },
      storage: { module: 'file_system', root: join(folder, 'storage') },
      logging: { logs: { default: { level: 'ERROR' } } },
      apps: { http: { servers: { srv0: server } } },
    }),
  )
  const child = startChild(caddyBinary, ['run', '--config', 'caddy.json'], folder)
  const url = `http://127.0.0.1:${front}`
  const api = `http://127.0.0.1:${admin}`
  await eventually(
    () => `caddy did not start: ${child.errors()}`,
    async () => {
      if (!child.isRunning()) throw new Error(`caddy ended: ${child.errors()}`)
      return await fetch(`${api}/config/`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
  )
  return {
    url,
    options: {
      url: api,
      upstreams: '/id/live/upstreams',
      servers: { 'cdn-a': dials[0], 'cdn-b': dials[1] },
    },
    visits: (count: number) => visits(net, url, count),
    async upstreams(): Promise<readonly { readonly dial: string }[]> {
      const answer = await fetch(`${api}/id/live/upstreams`)
      return (await answer.json()) as { dial: string }[]
    },
    /** What a person types. */
    async patch(path: string, body: unknown): Promise<number> {
      const headers = { 'content-type': 'application/json' }
      const sent = { method: 'PATCH', headers, body: JSON.stringify(body) }
      return (await fetch(`${api}${path}`, sent)).status
    },
    freeze: () => child.signal('SIGSTOP'),
    stop: () => child.kill(),
    async close() {
      await child.kill()
      for (const backend of backends) await backend.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
