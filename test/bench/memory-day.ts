/**
 * Whether memory stays flat: the whole watchdog with 1,000 paths in 500 groups for a simulated day,
 * one path in a hundred failing in any ten minutes, so that incidents, transitions and journal
 * entries come and go. The heap is measured after a collection, every simulated hour; the store keeps
 * nothing but the newest entries, as a disk would keep the rest. Flags: --hours 24 --paths 1000.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { z } from 'zod'
import { defaultSettings } from '../../src/app/scenarios/default-settings.ts'
import { Watchdog } from '../../src/app/watchdog.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Observation } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { ProbePlugin } from '../../src/plugin/probe.ts'
import { memoryDisk, memoryStore } from '../../src/simulation/memory-store.ts'
import { ownRules } from '../../src/simulation/shapes.ts'
import { groupSettings } from '../fakes/group-settings.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { flags, printEnvironment, printTable, whole } from './apparatus/report.ts'

const { hours, paths } = flags({ hours: 24, paths: 1_000 })
const hourMs = 3_600_000
const failureMs = 600_000
/** Of the journal, so many entries stay in memory. */
const kept = 1_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
printEnvironment()

const clock = new SimulatedClock()
const disk = memoryDisk(clock)
const push = disk.journal.push.bind(disk.journal)
let entries = 0
disk.journal.push = (...fresh) => {
  entries += fresh.length
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
let looks = 0
const plugin: ProbePlugin = {
  type: probe.type,
  summary: 'A path that fails now and then.',
  options: z.strictObject({ path: z.string() }),
  measures: probe.measures ?? [],
  async *observe(options, context): AsyncIterable<Observation> {
    const { path } = options as { path: string }
    for await (const _due of context.due) {
      looks += 1
      const draw = seededRandom(hashOf(path) + Math.floor(clock.now() / failureMs)).next()
      const measurements = { picture_age_seconds: 1, quality_ratio: 1 }
      if (draw >= 0.01) yield { outcome: 'pass', measurements, findings: [] }
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
const rows: string[][] = []
const startedAt = process.cpuUsage()
for (let hour = 1; hour <= hours; hour += 1) {
  await clock.runUntil(hour * hourMs)
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage(startedAt)
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  rows.push([
    String(hour),
    mib(heapUsed),
    mib(rss),
    whole(looks),
    whole(entries),
    whole((user + system) / 1e6),
  ])
  if (process.stderr.isTTY) process.stderr.write(`hour ${hour}: ${mib(heapUsed)} MiB\n`)
}
printTable(
  [`hour, ${paths} paths`, 'heap MiB', 'resident MiB', 'looks', 'journal entries', 'CPU s'],
  rows,
)
process.exit()

function hashOf(text: string): number {
  let hash = 7
  for (const letter of text) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) | 0
  return Math.abs(hash % 1_000_000) * 1_000
}
