import { z } from 'zod'
import { defaultSettings } from '../../../src/app/scenarios/default-settings.ts'
import { Watchdog } from '../../../src/app/watchdog.ts'
import { silentLog } from '../../../src/core/log.ts'
import type { Observation } from '../../../src/core/sample.ts'
import { seededRandom } from '../../../src/core/seeded-random.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { ProbePlugin } from '../../../src/plugin/probe.ts'
import { memoryDisk, memoryStore } from '../../../src/simulation/memory-store.ts'
import { ownRules } from '../../../src/simulation/shapes.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'

/** Of the journal, so many entries stay in memory. */
const kept = 200

/** A whole watchdog on a simulated clock, and what it did so far. */
export interface LargeInstallation {
  readonly clock: SimulatedClock
  readonly watchdog: Watchdog
  readonly did: { looks: number; entries: number }
}

/**
 * The whole watchdog with `paths` paths, two to a group, each looked at as configured by default.
 * The store keeps nothing but the newest entries, as a disk would keep the rest.
 * @param isFailing whether a path, `<stream>/<group>/<path>`, fails at a monotonic millisecond
 */
export async function largeInstallation(
  paths: number,
  isFailing: (path: string, now: number) => boolean,
): Promise<LargeInstallation> {
  const clock = new SimulatedClock()
  const disk = memoryDisk(clock)
  const did = { looks: 0, entries: 0 }
  const push = disk.journal.push.bind(disk.journal)
  disk.journal.push = (...fresh) => {
    did.entries += fresh.length
    const length = push(...fresh)
    if (length > 2 * kept) disk.journal.splice(0, length - kept)
    return length
  }
  const loaded = defaultSettings({
    place: 'the benchmark',
    vantages: [{ name: 'local', domain: 'local' }],
    groups: Array.from({ length: paths / 2 }, (_, index) => ({
      name: `channel-${index}/cdn`,
      paths: [{ name: 'cdn-a' }, { name: 'cdn-b' }],
    })),
  })
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  const probe = { ...ownRules.probes[0], type: 'sim' }
  const plugin: ProbePlugin = {
    type: probe.type,
    summary: 'A path that fails now and then.',
    options: z.strictObject({ path: z.string() }),
    measures: probe.measures ?? [],
    async *observe(options, context): AsyncIterable<Observation> {
      const { path } = options as { path: string }
      for await (const _due of context.due) {
        did.looks += 1
        const measurements = { picture_age_seconds: 1, quality_ratio: 1 }
        if (!isFailing(path, clock.now())) yield { outcome: 'pass', measurements, findings: [] }
        else yield { outcome: 'fail', reason: 'connection refused', measurements: {}, findings: [] }
      }
    },
  }
  let ids = 0
  const watchdog = new Watchdog({
    clock,
    random: seededRandom(1),
    ids: { next: () => `id-${(ids += 1)}` },
    net: new ScriptedNet(clock),
    store: memoryStore(clock, { disk }),
    log: silentLog,
    plugins: { probes: [plugin], actuators: [], notifiers: [] },
    settings: {
      ...loaded.settings,
      groups: loaded.settings.groups.map((group) => ({
        ...groupSettings({}, ['cdn-a', 'cdn-b']),
        ...group,
        paths: group.paths.map((path) => ({
          ...path,
          type: probe.type,
          options: { path: `${group.name}/${path.name}` },
        })),
      })),
    },
    rules: ownRules.set,
    lagMs: () => 0,
  })
  await watchdog.start()
  return { clock, watchdog, did }
}
