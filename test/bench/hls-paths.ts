/**
 * What watching many HLS paths costs, in CPU and memory of the compiled program alone; the lab runs
 * in a process of its own. In the same minute prometheus-blackbox-exporter asks for one media
 * playlist of each path at the same cadence, and undici alone makes the same requests as Changeover
 * without reading the answers, which is the least that the same client can need. The goal is 0.010
 * CPU seconds per stream-minute and 100 MiB. Build first: `npm run build`. Flags: --seconds 60
 * --paths 200 --every 3 --segment 6 --only <words of a case> --node-flags=<flags for Changeover>.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { blackboxMissing, startBlackbox, type Blackbox } from './apparatus/blackbox.ts'
import { startLabProcess, streamName, type LabProcess } from './apparatus/lab.ts'
import { freePort, start, usageOf, type Started, type Usage } from './apparatus/processes.ts'
import { flags, printEnvironment, printTable } from './apparatus/report.ts'

interface Case {
  readonly name: string
  readonly playlist: 'main' | '360p'
  readonly fetch: 'newest' | 'none'
}

const cases: readonly Case[] = [
  { name: 'multivariant, 2 media playlists, new segments', playlist: 'main', fetch: 'newest' },
  { name: 'multivariant, 2 media playlists', playlist: 'main', fetch: 'none' },
  { name: '1 media playlist, new segments', playlist: '360p', fetch: 'newest' },
  { name: '1 media playlist', playlist: '360p', fetch: 'none' },
]

const bareScript = join(import.meta.dirname, 'requests.process.ts')
const program = join(import.meta.dirname, '../../dist/src/main.js')
const {
  seconds,
  paths,
  every,
  segment,
  only,
  'node-flags': nodeFlags,
} = flags({
  seconds: 60,
  paths: 200,
  every: 3,
  segment: 6,
  only: '',
  'node-flags': '',
})
/** Until health is earned and the compiler has seen the code that runs often. */
const warmUpSeconds = 40
const scrapes = 5

if (!existsSync('/proc/self/stat')) {
  console.log('skipped: CPU time and memory are read from /proc, which only Linux has')
} else if (!existsSync(program)) {
  console.log('failed: there is no dist; run `npm run build` first')
  process.exitCode = 1
} else {
  printEnvironment()
  const missing = blackboxMissing()
  if (missing !== undefined) console.log(`blackbox_exporter skipped: ${missing}\n`)
  const rows: string[][] = []
  for (const each of cases.filter(({ name }) => name.includes(only))) {
    rows.push(...(await measure(each)))
  }
  printTable(
    [
      `${paths} paths every ${every} s, ${seconds} s`,
      'CPU s per stream-minute',
      'CPU ms per look',
      'looks per s',
      'requests per look',
      'resident MiB (peak)',
      'CPU ms per scrape',
    ],
    rows,
  )
}

/** One case: everybody side by side, over the same minute. */
async function measure(which: Case): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  const order = { streams: paths, segmentSeconds: segment, edges: ['edge'] }
  // A lab of its own counts what Changeover asks for.
  const lab = await startLabProcess(order)
  const { origin, ...second } = await startLabProcess(order)
  const started: Started[] = [lab, second]
  try {
    const targets = Array.from({ length: paths }, (_, index) => {
      return `${origin}/${streamName(index)}/360p.m3u8`
    })
    const blackbox =
      blackboxMissing() === undefined
        ? await startBlackbox(folder, targets, every * 1_000)
        : undefined
    if (blackbox !== undefined) started.push(blackbox)
    const numbers = [paths, every, segment].map(String)
    const args = [bareScript, origin, ...numbers, which.playlist, which.fetch]
    const bare = await start(process.execPath, args, (line) => line === 'ready')
    started.push(bare)
    return await sideBySide(which, folder, lab, { blackbox, bare })
  } finally {
    for (const each of started.toReversed()) await each.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What runs beside Changeover. */
interface Others {
  readonly blackbox: Blackbox | undefined
  readonly bare: Started
}

async function sideBySide(
  which: Case,
  folder: string,
  lab: LabProcess,
  { blackbox, bare }: Others,
): Promise<string[][]> {
  const port = await freePort()
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, configuration(which, lab.origin, port))
  const options = nodeFlags.split(' ').filter((flag) => flag !== '')
  const args = [...options, program, 'run', '--log', 'json', file]
  const changeover = await start(process.execPath, args, (line) =>
    line.includes('Changeover watches'),
  )
  const take = () => ({
    at: performance.now(),
    ours: usageOf(changeover.pid),
    bare: usageOf(bare.pid),
    blackbox: blackbox === undefined ? undefined : usageOf(blackbox.pid),
    probes: blackbox?.counts() ?? { asked: 0, passed: 0 },
  })
  try {
    await sleep(warmUpSeconds * 1_000)
    const looksBefore = await looks(port)
    const requestsBefore = await lab.requests('origin')
    const before = take()
    await sleep(seconds * 1_000)
    const after = take()
    const requests = (await lab.requests('origin')) - requestsBefore
    const asked = (await looks(port)) - looksBefore
    const scrape = await scrapeSeconds(changeover.pid, port)
    const bad = await unhealthy(port)
    if (bad > 0) console.log(`attention: ${bad} of ${paths} paths were not up at the end`)

    const minutes = (after.at - before.at) / 60_000
    const row = (name: string, from: Usage, to: Usage, counted: string, perLook: string) => {
      const perMinute = (to.cpuSeconds - from.cpuSeconds) / (paths * minutes)
      const perLookMs = perMinute * (every / 60) * 1_000
      const memory = `${to.residentMiB.toFixed(0)} (${to.peakMiB.toFixed(0)})`
      return [name, perMinute.toFixed(4), perLookMs.toFixed(2), counted, perLook, memory]
    }
    const perSecond = (count: number) => (count / minutes / 60).toFixed(1)
    const perLook = (requests / asked).toFixed(2)
    const rows = [
      [
        ...row(which.name, before.ours, after.ours, perSecond(asked), perLook),
        (scrape * 1_000).toFixed(0),
      ],
      [...row('– undici alone, the same requests', before.bare, after.bare, '–', '–'), '–'],
    ]
    if (before.blackbox !== undefined && after.blackbox !== undefined) {
      const probes = after.probes.asked - before.probes.asked
      const share = (after.probes.passed - before.probes.passed) / probes
      const name = `– blackbox_exporter, 1 media playlist (${(100 * share).toFixed(0)} % passed)`
      rows.push([...row(name, before.blackbox, after.blackbox, perSecond(probes), '1'), '–'])
    }
    return rows
  } finally {
    await changeover.stop()
  }
}

/** Two paths a group, which its readiness gate follows; the installation advises. */
function configuration({ playlist, fetch }: Case, origin: string, port: number): string {
  const path = (index: number) => {
    const url = `${origin}/${streamName(index)}/${playlist}.m3u8`
    return `{ type: hls, url: "${url}", segments: { fetch: ${fetch} } }`
  }
  const groups = Array.from({ length: Math.ceil(paths / 2) }, (_, index) => {
    const second = 2 * index + 1 < paths ? `\n          b: ${path(2 * index + 1)}` : ''
    return `  channel-${index}:
    groups:
      cdn:
        paths:
          a: ${path(2 * index)}${second}
        actuators: [{ type: serve }]`
  })
  return `mode: advise
listen: { operator: "127.0.0.1:${port}" }
timing: { every: ${every}s }
streams:
${groups.join('\n')}
`
}

async function metrics(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`)
  return await answer.text()
}

/** What Prometheus costs: CPU seconds of one scrape. */
async function scrapeSeconds(pid: number, port: number): Promise<number> {
  const before = usageOf(pid).cpuSeconds
  for (let index = 0; index < scrapes; index += 1) await metrics(port)
  return (usageOf(pid).cpuSeconds - before) / scrapes
}

async function looks(port: number): Promise<number> {
  const samples = (await metrics(port)).matchAll(/^changeover_probe_samples_total\{.*\} (\d+)$/gmu)
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function unhealthy(port: number): Promise<number> {
  const up = (await metrics(port)).matchAll(/^changeover_path_health\{.*health="up".*\} 0$/gmu)
  return [...up].length
}
