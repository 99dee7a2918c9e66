import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Net } from '../../src/plugin/net.ts'
import { visits } from './visits.ts'

const BINARY = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy', '/opt/homebrew/bin/haproxy'].find(
  (path) => existsSync(path),
)

/** The version of the HAProxy that is installed here; `undefined` where none is. */
export function haproxyVersion(): string | undefined {
  if (BINARY === undefined) return undefined
  return /version (\S+)/.exec(execFileSync(BINARY, ['-v']).toString())?.[1]
}

interface Setup {
  /** Server names; the first begins with weight 100 and the others with 0. */
  readonly servers: readonly string[]
  /** More of the backend section, such as another balance algorithm. */
  readonly backend?: string
  /** More of each server line, the same for all or by name. */
  readonly server?: string | ((name: string) => string)
  readonly level?: 'admin' | 'user'
  readonly drained?: boolean
  /** The same weight for all. */
  readonly weights?: number
  /** Ports on 127.0.0.1 of servers that run already, in the order of `servers`. */
  readonly ports?: readonly number[]
}

/**
 * A real HAProxy in its own folder, before the given ports or else before small backends that answer
 * with their names.
 */
export async function startHaproxy(net: Net, setup: Setup) {
  if (BINARY === undefined) throw new Error('haproxy is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-haproxy-'))
  const socket = join(folder, 's.sock')
  const own = setup.ports === undefined ? setup.servers : []
  const backends = await Promise.all(own.map((name) => startBackend(name)))
  const ports = setup.ports ?? backends.map(({ port }) => port)
  const [front, control] = [await freePort(), await freePort()]
  const lines = setup.servers.map(
    (name, index) =>
      `  server ${name} 127.0.0.1:${ports[index]} ` +
      `weight ${weightOf(setup, index)} ${moreOf(setup, name)}`,
  )
  const config = join(folder, 'haproxy.cfg')
  writeFileSync(
    config,
    [
      'global',
      `  stats socket ${socket} level ${setup.level ?? 'admin'} mode 600`,
      `  stats socket ipv4@127.0.0.1:${control} level ${setup.level ?? 'admin'}`,
      'defaults',
      '  mode http',
      '  timeout connect 1s',
      '  timeout client 10s',
      '  timeout server 10s',
      'frontend entry',
      `  bind 127.0.0.1:${front}`,
      '  default_backend live',
      'backend live',
      `  ${setup.backend ?? 'balance roundrobin'}`,
      ...lines,
      '',
    ].join('\n'),
  )
  const child = spawn(BINARY, ['-f', config, '-db'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = once(child, 'exit')

  /** One command of the runtime API, the way a person would type it. */
  async function say(command: string): Promise<string> {
    const payload = `${command}\n`
    const to = { socket }
    const result = await net.exchange({ to, payload, deadlineMs: 2_000, maxBytes: 1_000_000 })
    if (!result.ok) throw new Error(result.says)
    return result.body.toString()
  }

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  }

  for (let attempt = 0; !existsSync(socket); attempt += 1) {
    if (attempt === 200 || child.exitCode !== null) throw new Error(`haproxy: ${errors}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  if (setup.drained === true) {
    for (const name of setup.servers.slice(1)) await say(`set server live/${name} state drain`)
  }

  return {
    socket,
    control: `127.0.0.1:${control}`,
    /** The public name that clients use. */
    url: `http://127.0.0.1:${front}`,
    say,
    stop,
    /** Weight and administrative state of each server, as HAProxy shows them. */
    async state(): Promise<readonly string[]> {
      const table = await say('show servers state live')
      const rows = table.split('\n').filter((line) => / live /.test(line))
      return rows.map((row) => {
        const cells = row.split(' ')
        return `${cells[3]} admin ${cells[6]} weight ${cells[7]}`
      })
    },
    /** How many of `count` new clients each backend answered. */
    visits: (count: number) => visits(net, `http://127.0.0.1:${front}/`, count),
    async close() {
      await stop()
      for (const backend of backends) await backend.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function weightOf({ drained, weights }: Setup, index: number): number {
  if (weights !== undefined) return weights
  return drained === true ? 1 : index === 0 ? 100 : 0
}

function moreOf({ server = '' }: Setup, name: string): string {
  return typeof server === 'string' ? server : server(name)
}

/** A small HTTP server on 127.0.0.1 that answers everything with its name. */
export async function startBackend(name: string) {
  const server = createServer((_, response) => response.end(name))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A port on 127.0.0.1 that was free a moment ago, for a program that cannot listen on port 0. */
export async function freePort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  server.close()
  await closed
  return port
}
