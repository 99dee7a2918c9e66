/**
 * What watching many DASH paths costs in CPU: sessions of the probe in this process, on loopback,
 * against an origin in a process of its own that serves a ladder of three in segments of `segment`
 * seconds. Segments found by the clock cost a HEAD for each representation; listed ones cost
 * nothing. Flags: --seconds 30 --paths 100 --every 3 --segment 6.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import dash from '../../probes/dash.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { start } from './apparatus/processes.ts'
import { flags, printEnvironment, printTable } from './apparatus/report.ts'

const { seconds, paths, every, segment } = flags({ seconds: 30, paths: 100, every: 3, segment: 6 })
const clock = realClock()
const warmUpSeconds = 10

printEnvironment()
const origin = await start(
  process.execPath,
  [join(import.meta.dirname, 'dash-origin.process.ts'), String(segment)],
  (line) => line.startsWith('http://'),
)
const rows: string[][] = []
try {
  for (const [name, file, fetch] of [
    ['listed, new segments', 'listed', 'newest'],
    ['listed, manifest only', 'listed', 'none'],
    ['by the clock, new segments', 'counted', 'newest'],
  ] as const) {
    rows.push([name, ...(await measure(`${origin.line}/${file}.mpd`, fetch))])
  }
} finally {
  await origin.stop()
}
printTable([`${paths} paths, every ${every} s`, 'CPU s per path-minute', 'looks', 'failed'], rows)

async function measure(url: string, fetch: 'newest' | 'none'): Promise<string[]> {
  const net = createNet({ clock })
  const end = new AbortController()
  let looks = 0
  let failed = 0
  const sessions = Array.from({ length: paths }, async (_, at) => {
    const due = dues((at / paths) * every * 1_000, end.signal)
    const context = {
      clock,
      random: realRandom(),
      net,
      due,
      signal: end.signal,
      everyMs: every * 1_000,
    }
    const options = dash.options.parse({ url: `${url}?path=${at}`, segments: { fetch } })
    for await (const { outcome } of dash.observe(options, context)) {
      looks += 1
      if (outcome !== 'pass' && !end.signal.aborted) failed += 1
    }
  })
  await sleep(warmUpSeconds * 1_000)
  const from = process.cpuUsage()
  const before = looks
  await sleep(seconds * 1_000)
  const { user, system } = process.cpuUsage(from)
  const counted = looks - before
  end.abort()
  await Promise.all(sessions)
  await net.close()
  const perMinute = ((user + system) / 1e6 / paths / seconds) * 60
  return [perMinute.toFixed(4), String(counted), String(failed)]
}

async function* dues(offsetMs: number, signal: AbortSignal) {
  for (let next = clock.now() + offsetMs; ; next += every * 1_000) {
    await clock.sleep(Math.max(0, next - clock.now()), signal)
    if (signal.aborted) return
    yield { at: clock.now(), purpose: 'interval' as const }
  }
}
