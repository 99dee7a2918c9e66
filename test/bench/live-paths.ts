/**
 * What watching streams without end costs, by protocol: CPU and memory of the compiled program (for
 * SRT with the programs that it starts), and whether any look was missed. One clip of FFmpeg is sent
 * in real time from this process. Build first: `npm run build`. Flags: --seconds 30 --paths 50 --every 2
 * --only <words of a case>.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, start, usageOf } from './apparatus/processes.ts'
import { flags, printEnvironment, printTable } from './apparatus/report.ts'
import { constantStream } from './apparatus/transport-stream.ts'

const { seconds, paths, every, only } = flags({ seconds: 30, paths: 50, every: 2, only: '' })
const program = join(import.meta.dirname, '../../dist/src/main.js')
/** Until health is earned. */
const warmUpSeconds = 30
const datagramBytes = 1_316
const tickMs = 20

interface Source {
  /** The entry of each path in the configuration. */
  readonly path: (index: number) => string
  readonly send: (datagrams: readonly Buffer[]) => void
  readonly close: () => Promise<void>
}

const cases: readonly { readonly name: string; readonly open: () => Promise<Source> }[] = [
  { name: 'HTTP', open: overHttp },
  { name: 'UDP', open: () => overUdp(false) },
  { name: 'RTP', open: () => overUdp(true) },
  { name: 'SRT', open: overSrt },
]

if (!existsSync('/proc/self/stat')) {
  console.log('skipped: CPU time and memory are read from /proc, which only Linux has')
} else if (!existsSync(program)) {
  console.log('failed: there is no dist; run `npm run build` first')
  process.exitCode = 1
} else {
  printEnvironment()
  const clip = makeClip()
  const bitrate = 1_200_000
  const rows: string[][] = []
  for (const each of cases.filter(({ name }) => name.includes(only))) {
    rows.push(await measure(each.name, await each.open(), clip, bitrate))
  }
  printTable(
    [
      `${paths} paths of ${(bitrate / 1e6).toFixed(2)} Mbit/s, every ${every} s, ${seconds} s`,
      'CPU s per path-minute',
      'of it in child processes',
      'looks missed',
      'paths up',
      'resident MiB, children left out',
    ],
    rows,
  )
}

function makeClip(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  try {
    return constantStream(warmUpSeconds + seconds + 30, join(folder, 'clip.ts'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(
  name: string,
  source: Source,
  clip: Buffer,
  bitrate: number,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  const port = await freePort()
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, configuration(source, port))
  const ended = new AbortController()
  const sending = play(source, clip, bitrate, ended.signal)
  const args = [program, 'run', '--log', 'json', file]
  const changeover = await start(process.execPath, args, (line) =>
    line.includes('Changeover watches'),
  )
  try {
    await sleep(warmUpSeconds * 1_000)
    const take = async () => {
      const children = childrenOf(changeover.pid).map((pid) => usageOf(pid).cpuSeconds)
      return {
        at: performance.now(),
        own: usageOf(changeover.pid),
        children: children.reduce((sum, each) => sum + each, 0),
        looks: await looks(port),
      }
    }
    const before = await take()
    await sleep(seconds * 1_000)
    const after = await take()
    const minutes = (after.at - before.at) / 60_000
    const own = after.own.cpuSeconds - before.own.cpuSeconds
    const children = after.children - before.children
    const due = Math.floor((minutes * 60) / every)
    const missed = [...after.looks].reduce(
      (sum, [path, count]) => sum + Math.max(0, due - (count - (before.looks.get(path) ?? 0))),
      0,
    )
    return [
      name,
      ((own + children) / paths / minutes).toFixed(4),
      (children / paths / minutes).toFixed(4),
      `${missed} of ${due * paths}`,
      `${await up(port)} of ${paths}`,
      after.own.residentMiB.toFixed(0),
    ]
  } finally {
    ended.abort()
    await sending
    await changeover.stop()
    await source.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sends the clip at its own rate. */
async function play(source: Source, clip: Buffer, bitrate: number, signal: AbortSignal) {
  const begun = performance.now()
  let at = 0
  while (!signal.aborted && at < clip.length) {
    const until = ((performance.now() - begun) / 1_000) * (bitrate / 8)
    const datagrams: Buffer[] = []
    for (; at + datagramBytes <= until; at += datagramBytes) {
      datagrams.push(clip.subarray(at, at + datagramBytes))
    }
    source.send(datagrams)
    await sleep(tickMs)
  }
}

function configuration({ path }: Source, port: number): string {
  const entries = Array.from(
    { length: paths },
    (_, index) => `  channel-${index}: { groups: { in: { paths: { a: ${path(index)} } } } }`,
  )
  return `mode: advise
listen: { operator: "127.0.0.1:${port}" }
timing: { every: ${every}s }
streams:
${entries.join('\n')}
`
}

async function overHttp(): Promise<Source> {
  const open = new Set<ServerResponse>()
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'video/mp2t' })
    open.add(response)
    response.on('close', () => open.delete(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    path: (index) => `{ type: mpegts, url: "http://127.0.0.1:${port}/${index}.ts" }`,
    send: (datagrams) => {
      const bytes = Buffer.concat(datagrams)
      for (const response of open) response.write(bytes)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Ports of 127.0.0.1 that were free a moment ago. */
async function udpPorts(count: number): Promise<number[]> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = createSocket('udp4')
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
      return socket
    }),
  )
  return await Promise.all(
    sockets.map(async (socket) => {
      const { port } = socket.address()
      await new Promise<void>((resolve) => socket.close(resolve))
      return port
    }),
  )
}

async function overUdp(isRtp: boolean): Promise<Source> {
  const ports = await udpPorts(paths)
  const socket = createSocket('udp4')
  let sequence = 0
  const header = Buffer.alloc(12)
  header[0] = 0x80
  header[1] = 33
  header.writeUInt32BE(1, 8)
  return {
    path: (index) =>
      `{ type: mpegts, url: "${isRtp ? 'rtp' : 'udp'}://127.0.0.1:${ports[index]}" }`,
    send: (datagrams) => {
      for (const datagram of datagrams) {
        header.writeUInt16BE(sequence++ & 0xffff, 2)
        header.writeUInt32BE(Math.floor(performance.now() * 90) % 2 ** 32, 4)
        const whole = isRtp ? Buffer.concat([header, datagram]) : datagram
        for (const port of ports) socket.send(whole, port, '127.0.0.1')
      }
    },
    close: async () => void socket.close(),
  }
}

/** Listeners that send what they are sent: `srt-live-transmit` from UDP, one for each path. */
async function overSrt(): Promise<Source> {
  const all = await udpPorts(2 * paths)
  const [ins, outs] = [all.slice(0, paths), all.slice(paths)]
  const senders: ChildProcess[] = ins.map((port, index) => {
    const from = `udp://127.0.0.1:${port}`
    const to = `srt://127.0.0.1:${outs[index]}?mode=listener&latency=200`
    return spawn('srt-live-transmit', ['-loglevel:fatal', '-q', from, to], { stdio: 'ignore' })
  })
  const socket = createSocket('udp4')
  await sleep(1_000)
  return {
    path: (index) => `{ type: srt, url: "srt://127.0.0.1:${outs[index]}" }`,
    send: (datagrams) => {
      for (const datagram of datagrams)
        for (const port of ins) socket.send(datagram, port, '127.0.0.1')
    },
    close: async () => {
      socket.close()
      for (const sender of senders) sender.kill('SIGKILL')
    },
  }
}

/** By /proc (proc(5)). */
function childrenOf(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/u.test(name))
  return children.map(Number).filter((each) => {
    try {
      const stat = readFileSync(`/proc/${each}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
    } catch {
      return false
    }
  })
}

async function metrics(port: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}

async function looks(port: number): Promise<Map<string, number>> {
  const found = (await metrics(port)).matchAll(/^changeover_probe_samples_total\{(.*)\} (\d+)$/gmu)
  const counts = new Map<string, number>()
  for (const [, labels = '', count] of found) {
    const stream = /stream="([^"]*)"/u.exec(labels)?.[1] ?? labels
    counts.set(stream, (counts.get(stream) ?? 0) + Number(count))
  }
  return counts
}

async function up(port: number): Promise<number> {
  return [...(await metrics(port)).matchAll(/^changeover_path_health\{.*health="up".*\} 1$/gmu)]
    .length
}
