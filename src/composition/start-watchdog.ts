import { dirname, resolve } from 'node:path'
import { createApi, createPublicApi } from '../api/create-api.ts'
import { directSteering } from '../api/direct-steering.ts'
import { portOf } from '../api/port-of-watchdog.ts'
import { serveAgent, type ServedAgent } from '../api/serve-agent.ts'
import { serveApi, type ServedApi } from '../api/serve-api.ts'
import type { DemoPort } from '../api/watchdog-port.ts'
import { folderArchive } from '../app/drills/archive.ts'
import { Recorder, type KnownGroup } from '../app/recording/recorder.ts'
import { tappedStore } from '../app/tapped-store.ts'
import { viewOf } from '../app/view.ts'
import { Watchdog } from '../app/watchdog.ts'
import type {
  Composition,
  DemoControls,
  RunningWatchdog,
  WatchdogStart,
} from '../cli/composition.ts'
import { reloadRefusal } from '../config/reload.ts'
import { ChangeoverError } from '../core/errors.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { Settings } from '../core/settings.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { cronSchedules } from '../platform/cron-schedules.ts'
import type { LoopLagWatch } from '../platform/loop-lag.ts'
import type { Store } from '../plugin/store.ts'
import { operatorToken } from './operator-token.ts'

/** The profile `demo` evaluates faster than the others; it is shown on the page. */
const tickMs = { default: 1_000, broadcast: 500, demo: 100 } as const
const lagReadEveryMs = 1_000

/** The file of a store setting such as `sqlite:./changeover.db`. */
export function storeFile(settings: Settings, fileName: string): string {
  return resolve(dirname(resolve(fileName)), settings.store.replace(/^sqlite:/u, ''))
}

/** Where reports of drills are kept: beside the store, unless told. */
function reportFolder(settings: Settings, fileName: string): string {
  const { directory } = settings.drillReports
  if (directory === undefined) return `${storeFile(settings, fileName)}.drills`
  return resolve(dirname(resolve(fileName)), directory)
}

/** Starts a watchdog with its store, API and metrics; everything is taken down again where a part fails. */
export async function startWatchdog(
  parts: Omit<Composition, 'startWatchdog' | 'untilStopped'> & { readonly loopLag: LoopLagWatch },
  start: WatchdogStart,
): Promise<RunningWatchdog> {
  const { clock, random, ids, net, processes, files, plugins, version } = parts
  const { log, fileName, demo } = start
  const loaded = parts.load(start.read(), fileName)
  if (!loaded.ok) {
    throw new ChangeoverError('CONFIG_INVALID', loaded.errors.join('\n'))
  }
  const { settings } = loaded
  const metrics = createMetrics({
    clock,
    declarations: plugins.probes.flatMap((probe) => probe.measures),
    version,
    process: true,
  })
  const journalListeners = new Set<(entry: JournalEntry) => void>()
  const opened = await parts.openStore(settings)
  const recorder = await startRecorder({ clock, ids, version }, settings, opened, start)
  const store = tappedStore(opened, (entries) => {
    for (const entry of entries) {
      metrics.journal(entry)
      recorder?.journal(entry)
      for (const listener of journalListeners) listener(entry)
    }
  })
  const drillArchive = folderArchive(reportFolder(settings, fileName), settings.drillReports.keep)
  const lag = lagReader(parts.loopLag, () => clock.now())
  const watchdog = new Watchdog({
    clock,
    random,
    ids,
    net,
    processes,
    files,
    store,
    log,
    plugins,
    settings,
    rules: loaded.rules,
    schedules: cronSchedules(),
    drillArchive,
    version,
    lagMs: () => lag().p99Ms,
    tickMs: ({ profile }) => tickMs[profile],
    hooks: {
      onSample: (sample) => {
        metrics.sample(sample)
        recorder?.sample(sample)
      },
      onLag: (ms) => metrics.lag(ms),
      onPhase: (phase, ms) => metrics.phase(phase, ms),
      onDelivered: (route, delivery) => metrics.notification(route, delivery),
      onHeartbeat: (isTaken) => metrics.heartbeat(isTaken),
      onForget: (path) => metrics.forget(path),
      onTurn: () => metrics.tick(),
    },
  })
  watchdog.subscribe(() => recorder?.self(watchdog.self))
  const token = operatorToken(storeFile(settings, fileName))
  const port = portOf({
    watchdog,
    store,
    clock,
    ids,
    plugins,
    version,
    journalListeners,
    drillArchive,
    lagMs: () => lag().p99Ms,
    metrics: async () => {
      metrics.show(viewOf({ watchdog, clock, plugins, version }))
      metrics.loopLag(lag())
      return await metrics.text()
    },
    ...(demo !== undefined && {
      demo: demoPort(demo),
      links: { lab: demo.lab, viewer: demo.viewer },
    }),
  })
  const served: ServedApi[] = []
  let agent: ServedAgent | undefined
  try {
    const api = createApi({
      port,
      clock,
      hosts: hostsOf(settings),
      tokens: [
        ...settings.tokens,
        ...(token === undefined
          ? []
          : [{ role: 'operator' as const, token: token.token, name: 'local operator' }]),
      ],
      openForReading: settings.tokens.length === 0,
      openForChanges: demo !== undefined,
      log: (says) => log.error({}, says),
    })
    const direct = directSteering(port)
    served.push(await listen({ api, direct }, settings.listen.operator))
    if (settings.listen.public !== undefined) {
      served.push(
        await listen({ api: createPublicApi({ port, clock }), direct }, settings.listen.public),
      )
    }
    if (settings.listen.agent !== undefined) {
      agent = await listening(settings.listen.agent, (at) => serveAgent({ clock, port, at }))
    }
  } catch (error) {
    await watchdog.stop()
    for (const each of served) await each.close()
    await agent?.close()
    await recorder?.close()
    await store.close()
    throw error
  }
  await watchdog.start()
  let current = settings
  return {
    url: served[0]?.url ?? '',
    publicUrl: served[1]?.url,
    agent: agent && { host: agent.host, port: agent.port },
    tokenFile: token?.file,
    reload: async () => {
      const text = readAgain(start)
      if (!text.ok) return text
      const next = parts.load(text.text, fileName)
      if (!next.ok) return next
      const objection = () =>
        reloadRefusal(current, next.settings, (group) => watchdog.serving(group))
      const refusal =
        objection() ??
        needsRestart(current, next.settings) ??
        (await watchdog.reload(next.settings, next.rules, objection))
      if (refusal !== undefined) return { ok: false, errors: [refusal] }
      current = next.settings
      recorder?.reload(next.settings)
      return { ok: true, warnings: next.warnings }
    },
    stop: async () => {
      // Pull actuators answer until the end; balancers keep their last answer after it.
      await watchdog.stop()
      for (const each of served) await each.close()
      await agent?.close()
      await recorder?.close()
      await store.close()
    },
  }
}

/** What records this watchdog, where its configuration asks for it. */
async function startRecorder(
  parts: Pick<Composition, 'clock' | 'ids' | 'version'>,
  settings: Settings,
  store: Store,
  { fileName, log }: WatchdogStart,
): Promise<Recorder | undefined> {
  const { clock, ids, version } = parts
  if (settings.recording === undefined) return undefined
  const directory = resolve(dirname(resolve(fileName)), settings.recording.directory)
  const known = new Map<string, KnownGroup>()
  for (const { name } of settings.groups) {
    // A store that cannot be read now is told of elsewhere; what serves shows with the next change.
    const row = await store.group(name).catch(() => undefined)
    if (row === undefined) continue
    known.set(name, {
      ...(row.allocation !== undefined && { allocation: row.allocation }),
      ...(row.hold !== undefined && { heldBy: row.hold.owner }),
    })
  }
  const recording = { ...settings.recording, directory }
  return new Recorder({ clock, log, recording, version, run: ids.next(), settings, known })
}

/** The text of the configuration now: an editor may have taken the file away for a moment. */
function readAgain(
  start: WatchdogStart,
):
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly errors: readonly string[] } {
  try {
    return { ok: true, text: start.read() }
  } catch (error) {
    return { ok: false, errors: [error instanceof Error ? error.message : String(error)] }
  }
}

/** What only a new process can take over. */
function needsRestart(old: Settings, next: Settings): string | undefined {
  if (old.store !== next.store) return 'store: a change needs a restart'
  if (JSON.stringify(old.listen) !== JSON.stringify(next.listen)) {
    return 'listen: a change needs a restart'
  }
  if (JSON.stringify(old.tokens) !== JSON.stringify(next.tokens)) {
    return 'tokens: a change needs a restart'
  }
  if (JSON.stringify(old.recording) !== JSON.stringify(next.recording)) {
    return 'recording: a change needs a restart'
  }
  if (JSON.stringify(old.drillReports) !== JSON.stringify(next.drillReports)) {
    return 'drill_reports: a change needs a restart'
  }
  if (old.vantage.name !== next.vantage.name) return 'vantage.name: a change needs a restart'
  if (JSON.stringify(hostsOf(old)) !== JSON.stringify(hostsOf(next))) {
    return 'public_url: a change of its host needs a restart'
  }
  return undefined
}

async function listen(
  answers: Pick<Parameters<typeof serveApi>[0], 'api' | 'direct'>,
  at: Settings['listen']['operator'],
): Promise<ServedApi> {
  return await listening(at, () => serveApi({ ...answers, ...at }))
}

async function listening<Served>(
  at: Settings['listen']['operator'],
  serve: (at: Settings['listen']['operator']) => Promise<Served>,
): Promise<Served> {
  try {
    return await serve(at)
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    throw new ChangeoverError('LISTEN_FAILED', `cannot listen on ${at.host}:${at.port}: ${says}`)
  }
}

/** Names under which people reach the operator listener, besides loopback names. */
function hostsOf(settings: Settings): string[] {
  const { host } = settings.listen.operator
  const named = settings.publicUrl === undefined ? [] : [new URL(settings.publicUrl).hostname]
  return host === '0.0.0.0' || host === '::' ? named : [host, ...named]
}

function lagReader(watch: LoopLagWatch, now: () => number): () => ReturnType<LoopLagWatch['read']> {
  let last = watch.read()
  let readAt = now()
  return () => {
    if (now() - readAt >= lagReadEveryMs) {
      last = watch.read()
      readAt = now()
    }
    return last
  }
}

function demoPort(demo: DemoControls): DemoPort {
  return {
    faults: () => ({ offers: demo.offers(), active: demo.active() }),
    inject: async ({ target, fault, forMs }) => {
      try {
        return { ok: true, says: await demo.inject(target, fault, forMs) }
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error)
        return {
          ok: false,
          code: 'invalid',
          says,
          todo: 'Choose one of the faults that are offered.',
        }
      }
    },
    heal: async (id) =>
      (await demo.heal(id))
        ? { ok: true, says: 'healed' }
        : {
            ok: false,
            code: 'not-found',
            says: `no fault ${id}`,
            todo: 'Look at the list of faults.',
          },
  }
}
