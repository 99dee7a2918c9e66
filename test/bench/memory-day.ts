/**
 * Whether memory stays flat: the whole watchdog with 1,000 paths in 500 groups for a simulated day,
 * one path in a hundred failing in any ten minutes, so that incidents, transitions and journal
 * entries come and go. The heap is measured after a collection, every simulated hour; the store keeps
 * nothing but the newest entries, as a disk would keep the rest. Flags: --hours 24 --paths 1000.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { largeInstallation } from './apparatus/large-installation.ts'
import { flags, printEnvironment, printTable, whole } from './apparatus/report.ts'

const { hours, paths } = flags({ hours: 24, paths: 1_000 })
const hourMs = 3_600_000
const failureMs = 600_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
printEnvironment()

const { clock, did } = await largeInstallation(
  paths,
  (path, now) => seededRandom(hashOf(path) + Math.floor(now / failureMs)).next() < 0.01,
)
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
    whole(did.looks),
    whole(did.entries),
    whole((user + system) / 1e6),
  ])
  process.stderr.write(`hour ${hour}: ${rows.at(-1)?.slice(1).join(' ')}\n`)
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
