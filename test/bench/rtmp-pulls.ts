/**
 * What playing many RTMP streams costs, in CPU and memory of the compiled program alone, and whether
 * a sample is missed. nginx-rtmp carries what one FFmpeg publishes; beside Changeover, FFmpeg itself
 * plays the same stream without decoding it, which is what a watcher made of processes would cost.
 * Build first: `npm run build`. Needs Debian's nginx, libnginx-mod-rtmp, libnginx-mod-stream, ffmpeg
 * and openssl. Flags: --paths 50 --seconds 60 --every 1 --kbits 2000.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { eventually, startChild } from '../real/child.ts'
import { ffmpegBinary } from '../real/encoder.ts'
import { hasNginxRtmp, startNginxRtmp } from '../real/rtmp-servers.ts'
import { freePort, start, usageOf, type Usage } from './apparatus/processes.ts'
import { flags, printEnvironment, printTable } from './apparatus/report.ts'

const program = join(import.meta.dirname, '../../dist/src/main.js')
const { paths, seconds, every, kbits } = flags({ paths: 50, seconds: 60, every: 1, kbits: 2_000 })
/** Until health is earned and the compiler has seen the code that runs often. */
const warmUpSeconds = 25
const ffmpegs = 3

if (!existsSync('/proc/self/stat')) {
  console.log('skipped: CPU time and memory are read from /proc, which only Linux has')
} else if (ffmpegBinary === undefined || !hasNginxRtmp || !hasOpenssl()) {
  console.log('skipped: nginx with its RTMP and stream modules, ffmpeg or openssl is missing')
} else if (!existsSync(program)) {
  console.log('failed: there is no dist; run `npm run build` first')
  process.exitCode = 1
} else {
  printEnvironment()
  await measure(ffmpegBinary)
}

async function measure(ffmpeg: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  const server = await startNginxRtmp(makeCertificate('ingest.test', 2))
  const ends: (() => Promise<unknown>)[] = [() => server.close()]
  const run = (args: string) => {
    const child = startChild(ffmpeg, args.trim().split(/\s+/u), folder)
    ends.push(() => child.kill())
    return child
  }
  try {
    const url = `rtmp://127.0.0.1:${server.port}/live/bench`
    run(`-hide_banner -loglevel error -nostdin
      -re -f lavfi -i testsrc2=size=640x360:rate=25 -re -f lavfi -i sine=frequency=440:sample_rate=48000
      -map 0:v -map 1:a -pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -threads 1
      -b:v ${kbits}k -minrate ${kbits}k -maxrate ${kbits}k -bufsize ${kbits}k -nal-hrd cbr
      -g 50 -keyint_min 50 -sc_threshold 0 -c:a aac -b:a 64k -f flv ${url}`)
    await sleep(2_000)
    const others = Array.from({ length: ffmpegs }, () =>
      run(`-hide_banner -loglevel error -nostdin -i ${url} -c copy -f null -`),
    )
    const port = await freePort()
    const file = join(folder, 'changeover.yaml')
    writeFileSync(file, configuration(url, port))
    const args = [program, 'run', '--log', 'json', file]
    const changeover = await start(process.execPath, args, (line) =>
      line.includes('Changeover watches'),
    )
    ends.push(() => changeover.stop())
    await eventually(
      () => 'not every path came up',
      async () => (await up(port)) === paths,
    )
    await sleep(warmUpSeconds * 1_000)
    const take = async () => ({
      at: performance.now(),
      ours: usageOf(changeover.pid),
      theirs: others.map(({ pid }) => usageOf(pid)),
      samples: await samples(port),
    })
    const before = await take()
    await sleep(seconds * 1_000)
    const after = await take()

    const minutes = (after.at - before.at) / 60_000
    const passed = after.samples.pass - before.samples.pass
    const notPassed = after.samples.other - before.samples.other
    const due = (paths * minutes * 60) / every
    const row = (name: string, from: Usage, to: Usage, count: number, kept: string) => [
      name,
      ((to.cpuSeconds - from.cpuSeconds) / (count * minutes)).toFixed(3),
      (to.residentMiB / count).toFixed(1),
      kept,
    ]
    const kept = `${passed} of ${Math.round(due)} due, ${notPassed} failed or unknown`
    const sum = (all: readonly Usage[]): Usage => ({
      cpuSeconds: all.reduce((total, { cpuSeconds }) => total + cpuSeconds, 0),
      residentMiB: all.reduce((total, { residentMiB }) => total + residentMiB, 0),
      peakMiB: 0,
    })
    printTable(
      [
        `${paths} pulls of ${kbits} kbit/s, a look every ${every} s, ${seconds} s`,
        'CPU s per path-minute',
        'resident MiB per path',
        'samples that passed',
      ],
      [
        row('Changeover', before.ours, after.ours, paths, kept),
        row('ffmpeg -c copy -f null', sum(before.theirs), sum(after.theirs), ffmpegs, '–'),
      ],
    )
  } finally {
    for (const end of ends.toReversed()) await end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Two paths a group, which its readiness gate follows; the installation advises. */
function configuration(url: string, port: number): string {
  const groups = Array.from({ length: Math.ceil(paths / 2) }, (_, index) => {
    const second = 2 * index + 1 < paths ? `\n          b: { type: rtmp, url: "${url}" }` : ''
    return `  channel-${index}:
    groups:
      ingest:
        paths:
          a: { type: rtmp, url: "${url}" }${second}
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

async function samples(port: number): Promise<{ readonly pass: number; readonly other: number }> {
  const all = (await metrics(port)).matchAll(
    /^changeover_probe_samples_total\{.*outcome="(\w+)".*\} (\d+)$/gmu,
  )
  const count = { pass: 0, other: 0 }
  for (const [, outcome, value] of all) {
    count[outcome === 'pass' ? 'pass' : 'other'] += Number(value)
  }
  return count
}

/** Paths that are up. */
async function up(port: number): Promise<number> {
  const found = (await metrics(port)).matchAll(/^changeover_path_health\{.*health="up".*\} 1$/gmu)
  return [...found].length
}
