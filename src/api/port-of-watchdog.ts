import type { Clock, Ids } from '../core/clock.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { DrillArchive } from '../app/drills/archive.ts'
import type { Plugins } from '../app/plugin-binding.ts'
import { PulledAnswers } from '../app/pulled-answers.ts'
import { stuckGroup } from '../app/loop-health.ts'
import { viewOf } from '../app/view.ts'
import type { Watchdog } from '../app/watchdog.ts'
import type { PullAnswer } from '../plugin/actuator.ts'
import type { Store } from '../plugin/store.ts'
import { silenceCommand } from './silence-command.ts'
import type { DemoPort, SelfReport, WatchdogPort } from './watchdog-port.ts'

/** What the port is made of. */
export interface PortParts {
  readonly watchdog: Watchdog
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly plugins: Plugins
  readonly version: string
  readonly metrics: WatchdogPort['metrics']
  readonly lagMs: () => number
  /** Listeners for journal entries as they are written. */
  readonly journalListeners: Set<(entry: JournalEntry) => void>
  /** Links that the page shows in the demo. */
  readonly links?: { readonly lab: string; readonly viewer: string }
  readonly demo?: DemoPort
  readonly drillArchive?: DrillArchive
}

/** A group that was not evaluated for this long is stuck; three evaluations of the slowest kind. */
const stuckAfterMs = 30_000
const maxLagMs = 5_000

/** Lets the HTTP API see and steer a running watchdog. */
export function portOf(parts: PortParts): WatchdogPort {
  const { watchdog, store, clock, plugins, demo, links } = parts
  const pulled = new PulledAnswers(parts)
  const groupOf = (name: string) => watchdog.settings.groups.find((group) => group.name === name)
  return {
    view: () => ({ ...viewOf(parts), ...(links !== undefined && { demo: links }) }),
    subscribe: (listener) => watchdog.subscribe(listener),
    journal: (query) => store.entries(query),
    onJournal: (listener) => {
      parts.journalListeners.add(listener)
      return () => parts.journalListeners.delete(listener)
    },
    command: async (command) => {
      if (command.kind === 'silence' || command.kind === 'end-silence') {
        return silenceCommand(watchdog.alerting, command, clock.wall())
      }
      if (command.kind !== 'ack-incident') return await watchdog.command(command)
      const { key, actor, reason } = command
      const came = watchdog.alerting.acknowledge(key, actor, reason)
      if (came === 'done') return { ok: true, says: `${actor} looks after ${key}` }
      if (came === 'elsewhere') {
        return {
          ok: false,
          code: 'unavailable',
          says: `another process judges ${key}, and would not hear of it here`,
          todo: 'Acknowledge it at the process that leads its group.',
        }
      }
      return {
        ok: false,
        code: 'not-found',
        says: `no incident ${key} is open`,
        todo: 'Open incidents: changeover status.',
      }
    },
    pull: (route, group, path, query): PullAnswer | undefined => {
      const settings = groupOf(group)
      const published = watchdog.published(group)
      if (settings === undefined || published === undefined) return undefined
      if (!settings.paths.some((each) => each.name === path)) return undefined
      for (const actuator of settings.actuators) {
        const plugin = plugins.actuators.find((each) => each.type === actuator.type)
        if (plugin?.mode !== 'pull' || plugin.asks === 'group') continue
        if (plugin.route !== route) continue
        return plugin.answer(actuator.options, published, { path, query })
      }
      return undefined
    },
    pullGroup: (route, group, request) => pulled.answer(route, group, request),
    receive: (notifier, request) => watchdog.alerting.receive(notifier, request),
    health: (group, path) => {
      const settings = groupOf(group)
      const health = settings && watchdog.board.health(settings).get(path)
      return health && { health: health.health, says: health.says }
    },
    picture: (group, path, kind) => watchdog.watched(`${group}/${path}`)?.pictures.of(kind),
    metrics: parts.metrics,
    ready: () => readiness(watchdog),
    alive: (): SelfReport => {
      const lag = parts.lagMs()
      if (lag > maxLagMs) return { ok: false, says: `the event loop is ${Math.round(lag)} ms late` }
      const groups = watchdog.settings.groups.map((settings) => ({
        settings,
        snapshot: watchdog.controller(settings.name)?.snapshot(),
      }))
      const stuck = stuckGroup(groups, clock.now(), stuckAfterMs)
      if (stuck !== undefined) return { ok: false, says: `${stuck} is not evaluated any more` }
      return { ok: true, says: 'every group is evaluated' }
    },
    ...(demo !== undefined && { demo }),
    drills: {
      view: (of) => watchdog.drills.view(of),
      outlook: (name, actor) => watchdog.drills.outlook(name, actor),
      reports: async () => (await parts.drillArchive?.ids()) ?? [],
      report: async (id, form) => await parts.drillArchive?.read(id, form),
      run: (name, actor, reason) => watchdog.drills.run(name, actor, reason),
      abort: (actor, reason, id) => watchdog.drills.abort(actor, reason, id),
    },
  }
}

/**
 * Ready: every group that this process leads has read its world back. A store that fails later
 * changes nothing: what was answered last stays good.
 */
function readiness(watchdog: Watchdog): SelfReport {
  for (const group of watchdog.settings.groups) {
    const snapshot = watchdog.controller(group.name)?.snapshot()
    if (snapshot === undefined) return { ok: false, says: `${group.name} has not started` }
    const { memory, lease, store } = snapshot.situation
    const isOurs = lease !== undefined || !store.ok
    if (isOurs && !memory.readBack) {
      return { ok: false, says: `${group.name}: ${snapshot.decision.says}` }
    }
  }
  return { ok: true, says: 'watching' }
}
