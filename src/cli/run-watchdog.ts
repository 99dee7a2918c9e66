import type { Log } from '../core/log.ts'
import type { Cli } from './cli.ts'
import type { RunningWatchdog } from './composition.ts'
import {
  loadConfiguration,
  readConfiguration,
  warningLines,
  type UsableConfiguration,
} from './configuration.ts'
import { watchText } from './file-watch.ts'
import type { ExitCode, Io } from './io.ts'
import { createLogger, type LogForm } from './logger.ts'
import { painter } from './paint.ts'
import { textTable } from './text-table.ts'

/** Runs the watchdog until the process is asked to end. */
export async function runWatchdog(
  cli: Cli,
  config: string,
  form: LogForm = cli.io.isTerminal ? 'lines' : 'json',
): Promise<ExitCode> {
  const { composition, io } = cli
  const loaded = loadConfiguration(composition, io, config)
  if (typeof loaded === 'number') return loaded
  const log = await createLogger(io, composition.clock, form)
  const read = () => readConfiguration(config)
  let reload = () => {}
  const stopped = composition.untilStopped(() => {
    log.info({}, 'SIGHUP: reading the configuration again')
    reload()
  })
  const watchdog = await composition.startWatchdog({ read, fileName: config, log })
  if (form === 'lines') io.out(welcome(loaded, watchdog, io))
  else announce(loaded, watchdog, log)

  const stop = new AbortController()
  reload = oneAtATime(() => reloadNow(watchdog, log))
  const watching = watchText(composition.clock, read, stop.signal, () => {
    log.info({ file: config }, 'the configuration has changed: reading it again')
    reload()
  })
  await stopped
  stop.abort()
  await watching
  log.info({}, 'stopping; traffic stays as it is')
  await watchdog.stop()
  return 0
}

async function reloadNow(watchdog: RunningWatchdog, log: Log): Promise<void> {
  try {
    const result = await watchdog.reload()
    if (!result.ok) {
      const says = 'the configuration was not taken over; the running one is kept'
      return log.error({ errors: result.errors }, says)
    }
    log.info({}, 'the new configuration is in force')
    for (const warning of result.warnings) log.warn({}, warning)
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    log.error({ error: says }, 'the configuration could not be read; the running one is kept')
  }
}

/** Two reloads never overlap; what is asked for meanwhile is done once, afterwards. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isWanted = false
  let isRunning = false
  const run = async () => {
    isRunning = true
    while (isWanted) {
      isWanted = false
      await work()
    }
    isRunning = false
  }
  return () => {
    isWanted = true
    if (!isRunning) void run()
  }
}

function welcome(
  { settings, warnings }: UsableConfiguration,
  watchdog: RunningWatchdog,
  io: Io,
): string {
  const paint = painter(io)
  const rows = [
    ['status page', paint('key', watchdog.url)],
    ...(watchdog.publicUrl === undefined ? [] : [['public', watchdog.publicUrl]]),
    ...(watchdog.agent === undefined
      ? []
      : [['agent-checks', `${watchdog.agent.host}:${watchdog.agent.port}`]]),
    ...(watchdog.tokenFile === undefined ? [] : [['token', `in ${watchdog.tokenFile}`]]),
    ['mode', settings.mode],
    ['groups', settings.groups.map(({ name }) => name).join(', ')],
  ]
  return `Changeover watches.\n${textTable(rows, { width: io.width, indent: 2 })}${warningLines(io, warnings)}`
}

function announce(
  { settings, warnings }: UsableConfiguration,
  { url, publicUrl, tokenFile }: RunningWatchdog,
  log: Log,
): void {
  log.info(
    {
      url,
      ...(publicUrl !== undefined && { publicUrl }),
      ...(tokenFile !== undefined && { file: tokenFile }),
      mode: settings.mode,
      profile: settings.profile,
      groups: settings.groups.map(({ name }) => name),
    },
    'Changeover watches',
  )
  for (const warning of warnings) log.warn({}, warning)
}
