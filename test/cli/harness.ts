import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createApi } from '../../src/api/create-api.ts'
import { serveApi } from '../../src/api/serve-api.ts'
import type { Composition } from '../../src/cli/composition.ts'
import type { Io } from '../../src/cli/io.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import type { Clock } from '../../src/core/clock.ts'
import { createNet } from '../../src/net/create-net.ts'
import type { Net } from '../../src/plugin/net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { storeFile } from '../../src/cli/store-file.ts'
import { FakeWatchdog } from '../api/fake-watchdog.ts'
import { operatorToken, tokens } from '../api/api-harness.ts'

export { operatorToken }

/** Wall time of every test here. */
export const wall = Date.parse('2026-03-04T05:06:07.890Z')

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A clock whose waits are over at once; monotonic time goes on by what was waited. */
export function hurriedClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wall: () => wall + now,
    async sleep(ms, signal) {
      // A turn of the event loop, so that sockets and promises get theirs.
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      if (signal?.aborted === true) return false
      now += ms
      return true
    },
  }
}

/** The real parts, but for time, signals and the watchdog. */
export function fakeComposition(parts: Partial<Composition> = {}): Composition {
  const clock = parts.clock ?? hurriedClock()
  let count = 0
  return {
    version: '1.2.3',
    clock,
    random: { next: () => 0.5 },
    ids: { next: () => `id-${(count += 1)}` },
    net: lazyNet(),
    plugins,
    environment: () => undefined,
    load: (text, fileName) => loadConfiguration(text, fileName, parts.plugins ?? plugins),
    openStore: (settings, fileName = '') =>
      openSqliteStore({ file: storeFile(settings, fileName), clock: realClock() }),
    startWatchdog: () => Promise.reject(new Error('no watchdog in this test')),
    untilStopped: () => new Promise(() => {}),
    ...parts,
  }
}

/** A real network that is opened, and closed with the test, only where the test uses it. */
function lazyNet(): Net {
  let net: ReturnType<typeof createNet> | undefined
  const opened = () => {
    if (net === undefined) {
      net = createNet({ clock: realClock() })
      onTestFinished(() => net?.close())
    }
    return net
  }
  return {
    http: (request) => opened().http(request),
    exchange: (request) => opened().exchange(request),
    connect: (request) => opened().connect(request),
    open: (request) => opened().open(request),
    datagram: (request) => opened().datagram(request),
    receive: (request) => opened().receive(request),
    nameServers: () => opened().nameServers(),
  }
}

/** Runs a command line and keeps what it prints. */
export async function run(
  argv: readonly string[],
  composition: Composition = fakeComposition(),
  shape: Partial<Omit<Io, 'out' | 'err'>> = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const io: Io = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    isTerminal: false,
    width: 120,
    color: false,
    errIsTerminal: false,
    errColor: false,
    ...shape,
  }
  const code = await runCli(argv, composition, io)
  return { code, out, err }
}

/** A folder of this test's own, removed at its end. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The real API over a watchdog that shows what a test sets, on a free port. */
export async function servedWatchdog(openForChanges = false) {
  const port = new FakeWatchdog(wall)
  const api = createApi({
    port,
    clock: realClock(),
    tokens,
    openForReading: true,
    openForChanges,
    hosts: [],
    page: '/nowhere',
  })
  const served = await serveApi({ api, host: '127.0.0.1', port: 0 })
  onTestFinished(() => served.close())
  return { port, url: served.url }
}
