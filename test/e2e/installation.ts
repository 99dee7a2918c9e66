import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WatchdogView } from '../../src/core/view.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { startWatchdog, storeFile } from '../../src/composition/start-watchdog.ts'
import { createNet } from '../../src/net/create-net.ts'
import { watchLoopLag } from '../../src/platform/loop-lag.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'

/** A whole Changeover in this process: real clock, network, store and API on free ports. */
export interface Installation {
  readonly url: string
  readonly folder: string
  view(): Promise<WatchdogView>
  journal(): Promise<readonly JournalEntry[]>
  get(path: string): Promise<Response>
  post(path: string, body: unknown): Promise<Response>
  reload(text: string): Promise<{ readonly ok: boolean }>
  /** Polls every 100 ms until `found` gives something; throws with `what` after `withinMs`. */
  until<T>(what: string, withinMs: number, found: () => Promise<T | undefined>): Promise<T>
  stop(): Promise<void>
}

const clock = realClock()

/** Waits in real time: end-to-end tests run against real servers. */
export async function pause(ms: number): Promise<void> {
  await clock.sleep(ms)
}

/** Starts an installation with this configuration text. */
export async function install(configuration: string): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-e2e-'))
  const fileName = join(folder, 'changeover.yaml')
  const net = createNet({ clock })
  const ids = realIds()
  const processes = realProcesses({ clock })
  const loopLag = watchLoopLag()
  let text = configuration
  const running = await startWatchdog(
    {
      version: 'test',
      clock,
      random: seededRandom(7),
      ids,
      net,
      processes,
      files: realFiles({ ids }),
      plugins,
      environment: () => undefined,
      load: (source, name) => loadConfiguration(source, name, plugins),
      openStore: async (settings) =>
        await openSqliteStore({ file: storeFile(settings, fileName), clock }),
      loopLag,
    },
    { read: () => text, fileName, log: silentLog },
  )
  const { readFileSync } = await import('node:fs')
  const token =
    running.tokenFile === undefined ? '' : readFileSync(running.tokenFile, 'utf8').trim()
  const get = async (path: string) => await fetch(running.url + path)
  const installation: Installation = {
    url: running.url,
    folder,
    get,
    view: async () => (await (await get('/api/v1/state')).json()) as WatchdogView,
    journal: async () => {
      const answer = await get('/api/v1/journal?limit=1000')
      return ((await answer.json()) as { entries: JournalEntry[] }).entries
    },
    post: async (path, body) =>
      await fetch(running.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      }),
    reload: async (next) => {
      text = next
      return await running.reload()
    },
    until: async (what, withinMs, found) => {
      const end = clock.now() + withinMs
      for (;;) {
        const value = await found()
        if (value !== undefined) return value
        if (clock.now() > end) {
          const view = await installation.view()
          const seen = view.groups.map((group) => {
            const paths = group.paths.map((path) => `${path.name} ${path.health}: ${path.says}`)
            return `${group.name} ${group.state}: ${group.says}\n  ${paths.join('\n  ')}`
          })
          throw new Error(`${what} did not happen within ${withinMs} ms\n${seen.join('\n')}`)
        }
        await clock.sleep(100)
      }
    },
    stop: async () => {
      await running.stop()
      await processes.close()
      loopLag.close()
      await net.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return installation
}
