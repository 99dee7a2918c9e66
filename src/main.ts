import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processIo } from './cli/io.ts'
import { runCli } from './cli/run-cli.ts'
import type { Composition } from './cli/composition.ts'
import { loadConfiguration } from './composition/configuration.ts'
import { withMissingPrograms } from './composition/missing-programs.ts'
import { startWatchdog, storeFile } from './composition/start-watchdog.ts'
import { redactText } from './core/redact.ts'
import { createNet } from './net/create-net.ts'
import { readEnvironment } from './platform/environment.ts'
import { onDefect } from './platform/last-resort.ts'
import { watchLoopLag } from './platform/loop-lag.ts'
import { realClock } from './platform/real-clock.ts'
import { realFiles } from './platform/real-files.ts'
import { realIds } from './platform/real-ids.ts'
import { realProcesses } from './platform/real-processes.ts'
import { realRandom } from './platform/real-random.ts'
import { watchSignals } from './platform/signals.ts'
import { plugins } from './plugins.ts'
import { openSqliteStore } from './stores/sqlite.ts'

/*
 * The composition root: everything real is built here, once, and handed down. The engine gets only
 * `now`; everything else gets clock, chance, network and store as arguments.
 */
onDefect((says) => {
  process.stderr.write(`error: Changeover ended by a defect: ${redactText(says)}\n`)
})
const clock = realClock()
const net = createNet({ clock })
const processes = realProcesses({ clock })
const ids = realIds()
const loopLag = watchLoopLag()
const version = readVersion()

const parts = {
  version,
  clock,
  random: realRandom(),
  ids,
  net,
  processes,
  files: realFiles({ ids }),
  plugins,
  environment: readEnvironment,
  load: (text: string, fileName: string) =>
    withMissingPrograms(loadConfiguration(text, fileName, plugins), plugins, processes),
  openStore: async (settings, fileName = 'changeover.yaml') =>
    await openSqliteStore({ file: storeFile(settings, fileName), clock }),
} satisfies Omit<Composition, 'startWatchdog' | 'untilStopped'>

const composition: Composition = {
  ...parts,
  startWatchdog: async (start) =>
    await startWatchdog(
      { ...parts, openStore: (settings) => parts.openStore(settings, start.fileName), loopLag },
      start,
    ),
  untilStopped: async (onReload) => {
    const signals = watchSignals({
      ...(onReload !== undefined && { onReload }),
      onImpatience: () => process.exit(1),
    })
    await new Promise<void>((resolve) => {
      signals.stop.addEventListener('abort', () => resolve(), { once: true })
    })
  },
}

const code = await runCli(process.argv.slice(2), composition, processIo())
loopLag.close()
await processes.close()
await net.close()
process.exitCode = code

function readVersion(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  for (const file of [join(here, '../package.json'), join(here, '../../package.json')]) {
    try {
      const { name, version: found } = JSON.parse(readFileSync(file, 'utf8')) as Record<
        string,
        string
      >
      if (name === 'changeover' && found !== undefined) return found
    } catch {
      // Not here: from `dist` the file lies one folder further up.
    }
  }
  return '0.0.0'
}
