import type { GroupSettings } from '../../core/settings.ts'
import { rulesOf } from '../../engine/rules/rule-set.ts'
import { probeOf } from '../plugin-binding.ts'
import type { DrillHost } from './drill-host.ts'
import { PublicLooks } from './public-looks.ts'
import { feedOf, type ViewerFeed } from './viewer-feed.ts'

/** The public name is looked at this often in a drill, or at its own cadence where that is quicker. */
const gapEveryMs = 1_000

/** What looks at the public name of a group; `undefined` where it has none. */
export function publicLooksOf(host: DrillHost, group: GroupSettings): PublicLooks | undefined {
  const { path } = group.verify
  if (path === undefined) return undefined
  const { clock, log, net, plugins, processes, random } = host
  const everyMs = Math.min(path.everyMs, gapEveryMs)
  const settings = host.settings()
  return new PublicLooks({
    clock,
    random,
    net,
    processes,
    log,
    plugin: probeOf(plugins, path.type),
    settings: { ...path, everyMs },
    rules: rulesOf(host.rules(), `${group.name}/verify`),
    timing: { ...settings.timing, everyMs },
    path: `${group.name}/verify`,
    vantage: settings.vantage.name,
  })
}

/** Where virtual viewers of a path begin, and what they read manifests with; `undefined` where it is not pulled in segments. */
export function loadTarget(
  group: GroupSettings,
  path: string,
): { readonly url: string; readonly feed: () => ViewerFeed } | undefined {
  const found = group.paths.find(({ name }) => name === path)
  const { url } = (found?.options ?? {}) as { readonly url?: unknown }
  const { type = '' } = found ?? {}
  const first = feedOf(type)
  if (first === undefined || typeof url !== 'string') return undefined
  return { url, feed: () => feedOf(type) ?? first }
}
