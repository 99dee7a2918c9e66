import type { ActuatorPlugin, GroupPublished, GroupRequest } from '../../src/plugin/actuator.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

/** What is published where all is well: both paths up, nothing suspect. */
export function published(
  allocation: GroupPublished['allocation'],
  more: Partial<GroupPublished> = {},
): GroupPublished {
  const health = Object.fromEntries(Object.keys(allocation).map((path) => [path, 'up' as const]))
  return { allocation, serveAll: false, health, isSuspect: false, ...more }
}

/** A pull actuator of a group, opened for these paths with options as they stand in a file. */
export function openForGroup(
  plugin: ActuatorPlugin,
  given: object,
  paths: readonly string[],
  clock = new SimulatedClock(),
) {
  if (plugin.mode !== 'pull' || plugin.asks !== 'group') throw new Error('not asked for a group')
  let id = 0
  const ids = { next: () => `id-${(id += 1)}` }
  const answer = plugin.open(plugin.options.parse(given), { clock, ids, group: 'ch/g', paths })
  return (of: GroupPublished, request: Partial<GroupRequest> = {}) =>
    answer(of, { method: 'GET', query: {}, contentType: '', body: '', ...request })
}
