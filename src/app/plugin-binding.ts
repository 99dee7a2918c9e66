import type { Clock, Ids } from '../core/clock.ts'
import type { GroupSettings, Settings } from '../core/settings.ts'
import type { ActuatorPlugin } from '../plugin/actuator.ts'
import type { Files } from '../plugin/files.ts'
import type { Net } from '../plugin/net.ts'
import type { NotifierPlugin } from '../plugin/notifier.ts'
import type { ProbePlugin } from '../plugin/probe.ts'
import type { Processes } from '../plugin/processes.ts'
import type { AlertRoute } from './alerting/deliveries.ts'
import type { BoundActuator } from './group/bound-actuator.ts'

/** The plug-ins that a watchdog may use, by kind. */
export interface Plugins {
  readonly probes: readonly ProbePlugin[]
  readonly actuators: readonly ActuatorPlugin[]
  readonly notifiers: readonly NotifierPlugin[]
}

interface Parts {
  readonly clock: Clock
  readonly net: Net
  readonly plugins: Plugins
}

/** What actuators may use beside the network. */
interface ActuatorParts extends Parts {
  readonly ids: Ids
  readonly processes?: Processes | undefined
  readonly files?: Files | undefined
}

const deliveryTimeoutMs = 10_000

/** The probe plug-in of a type; configuration has checked that it exists. */
export function probeOf(plugins: Plugins, type: string): ProbePlugin {
  return named('probe', type, plugins.probes)
}

/**
 * The actuators of a group, ready for use and in the order of applying: pulled and data-plane
 * targets first, because they fail static and take effect soonest; DNS last, because caches keep it.
 */
export function bindActuators(
  { clock, ids, net, processes, files, plugins }: ActuatorParts,
  group: GroupSettings,
): BoundActuator[] {
  const bound = group.actuators.map((settings): BoundActuator => {
    const plugin = named('actuator', settings.type, plugins.actuators)
    const capabilities = plugin.capabilities(settings.options)
    const { type, required } = settings
    if (plugin.mode === 'pull') return { type, required, capabilities }
    const target = plugin.create(settings.options, {
      clock,
      ids,
      net,
      processes,
      files,
      group: group.name,
      paths: group.paths.map((path) => path.name),
      callTimeoutMs: group.callTimeoutMs,
    })
    return { type, required, capabilities, target }
  })
  const rank = ({ capabilities: { mode, layer } }: BoundActuator) =>
    mode === 'pull' ? 0 : layer === 'dns' ? 2 : 1
  return bound.sort((a, b) => rank(a) - rank(b))
}

/** The configured ways to reach people. */
export function alertRoutes({ clock, net, plugins }: Parts, settings: Settings): AlertRoute[] {
  return settings.notify.map(({ type, options, togetherMs, ...rules }) => {
    const plugin = named('notifier', type, plugins.notifiers)
    const refreshEveryMs = plugin.refreshEveryMs?.(options)
    return {
      ...rules,
      ...(refreshEveryMs !== undefined && { refreshEveryMs }),
      ...(plugin.tellsSeveral === true && { togetherMs }),
      ...(plugin.takesChanges?.(options) === true && { takesChanges: true }),
      ...(plugin.reactions?.isOn(options) === true && {
        read: (request) =>
          plugin.reactions?.read(options, request, clock.wall()) ?? {
            ok: false,
            cause: 'unsigned',
          },
      }),
      send: (notice, receipt) =>
        plugin.send(options, notice, {
          clock,
          net,
          callTimeoutMs: deliveryTimeoutMs,
          ...(receipt !== undefined && { receipt }),
        }),
    }
  })
}

function named<T extends { readonly type: string }>(
  kind: string,
  type: string,
  plugins: readonly T[],
): T {
  const plugin = plugins.find((each) => each.type === type)
  if (plugin === undefined) throw new Error(`no ${kind} plug-in of type ${type}`)
  return plugin
}
