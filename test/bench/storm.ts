/**
 * What the worst moment costs: 1,000 paths in 500 groups, all of them down at once for ten minutes, with
 * an incident for each. CPU seconds of each virtual minute; above 60 the watchdog would fall behind.
 * Flags: --paths 1000 --minutes 3 (of each part).
 */
import { largeInstallation } from './apparatus/large-installation.ts'
import { flags, printEnvironment, printTable } from './apparatus/report.ts'

const { minutes, paths } = flags({ minutes: 3, paths: 1_000 })
const minuteMs = 60_000
const parts = ['all well', 'all down', 'all well again']
printEnvironment()

const { clock, watchdog } = await largeInstallation(
  paths,
  (_path, now) => Math.floor(now / (minutes * minuteMs)) === 1,
)
const rows: string[][] = []
for (const [index, part] of parts.entries()) {
  const startedAt = process.cpuUsage()
  await clock.runUntil((index + 1) * minutes * minuteMs)
  const { user, system } = process.cpuUsage(startedAt)
  const open = watchdog.alerting.view().length
  rows.push([part, String(open), ((user + system) / 1e6 / minutes).toFixed(1)])
}
printTable([`${paths} paths`, 'open incidents at the end', 'CPU s a virtual minute'], rows)
process.exit()
