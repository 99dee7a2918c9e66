import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import { formatDuration } from '../core/duration.ts'
import { startLab, type Lab } from '../lab/start-lab.ts'
import type { JournalEntry, JournalKind } from '../core/journal.ts'
import { createApiClient } from './api-client.ts'
import type { Cli } from './cli.ts'
import type { RunningWatchdog } from './composition.ts'
import { breakNowAndThen, demoControls } from './demo-faults.ts'
import { freePort } from './free-port.ts'
import type { ExitCode, Io } from './io.ts'
import { createLogger } from './logger.ts'
import { painter } from './paint.ts'
import { padded } from './text-table.ts'
import { textWidth } from './text-width.ts'
import { timeOfDay } from './times.ts'

/** The options of `demo`. */
export interface DemoOptions {
  readonly port?: number
  /** Milliseconds between failures. */
  readonly every: number
  readonly faults: boolean
}

const usualPort = 8642
const stream = 'channel-1'
const group = `${stream}/cdn`
const edges = ['edge-a', 'edge-b'] as const

/** Runs lab and watchdog until the process is asked to end, and leaves nothing behind. */
export async function runDemo(cli: Cli, options: DemoOptions): Promise<ExitCode> {
  const { composition, io } = cli
  const { clock, random } = composition
  // From the first moment on, so that an early Ctrl-C leaves nothing behind either.
  const stopped = composition.untilStopped()
  const log = await createLogger(io, clock, 'lines')
  const port = await choosePort(options.port)
  const folder = mkdtempSync(join(tmpdir(), 'changeover-demo-'))
  const ending: (() => void | Promise<void>)[] = [
    () => rmSync(folder, { recursive: true, force: true }),
  ]
  try {
    const checks = Object.fromEntries(
      edges.map((edge) => [edge, `http://127.0.0.1:${port}/serve/${group}/${edge}`]),
    )
    const lab = await startLab({
      clock,
      random,
      streams: [{ name: stream }],
      edges: edges.map((name) => ({ name })),
      switch: { checks },
    })
    ending.unshift(() => lab.close())
    // Pictures where they cost nothing to have: the decoder is installed.
    const hasDecoder = composition.processes?.find('ffmpeg') !== undefined
    const text = demoConfiguration(lab.urls, port, folder, hasDecoder)
    const watchdog = await composition.startWatchdog({
      read: () => text,
      fileName: join(folder, 'demo.yaml'),
      log,
      demo: demoControls(lab, stream),
    })
    ending.unshift(() => watchdog.stop())
    io.out(welcome(io, watchdog, lab.urls, options, port))
    const stop = new AbortController()
    const { signal } = stop
    const breaking = options.faults
      ? breakNowAndThen(cli, { lab, log, everyMs: options.every, signal })
      : undefined
    const telling = tellJournal(cli, watchdog.url, signal)
    await stopped
    stop.abort()
    await Promise.all([breaking, telling])
    return 0
  } finally {
    for (const end of ending) await end()
  }
}

const tellEveryMs = 500
/** Kinds that a person who watches the demo wants to read as they happen. */
const told: readonly JournalKind[] = [
  'health',
  'decision',
  'applied',
  'verified',
  'verify-failed',
  'rolled-back',
  'frozen',
  'hold',
  'release',
  'steer',
]

/** That a path is not known yet is how everything begins, and no news. */
function isTold({ kind, data }: JournalEntry): boolean {
  return told.includes(kind) && data?.['health'] !== 'unknown'
}

/** Prints what the watchdog writes into its journal, until `signal` aborts. */
async function tellJournal(
  { composition, io }: Cli,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const client = createApiClient(composition.net, { url, token: undefined })
  const paint = painter(io)
  let after = 0
  while (await composition.clock.sleep(tellEveryMs, signal)) {
    // A busy moment of our own listener: the next round tells it all.
    const entries = await client.journal({ after, limit: 1_000 }).catch(() => [])
    after = entries.at(-1)?.seq ?? after
    for (const { at, kind, says } of entries.filter(isTold)) {
      io.out(`${paint('quiet', timeOfDay(at))} ${paint('key', kind)} ${says}\n`)
    }
  }
}

/** The port that was asked for or none; without a wish the usual one, or any when that is taken. */
async function choosePort(asked: number | undefined): Promise<number> {
  const port = await freePort(asked ?? usualPort)
  if (port !== undefined) return port
  const other = asked === undefined ? await freePort(0) : undefined
  if (other !== undefined) return other
  throw new ChangeoverError('USAGE', `Port ${asked ?? usualPort} on 127.0.0.1 is taken.`, {
    todo: 'End the program that has it, or take another with --port; 0 is any free one.',
  })
}

/** The configuration of the demo, as a person would write it. */
function demoConfiguration(
  urls: Lab['urls'],
  port: number,
  folder: string,
  hasDecoder: boolean,
): string {
  const deep = hasDecoder ? ', deep: { every: 10s }' : ''

  const playlist = `/${stream}/main.m3u8`
  const paths = edges.map(
    (edge) =>
      `          ${edge}: { type: hls, url: "${urls.edges[edge] ?? ''}${playlist}", domain: ${edge}${deep} }`,
  )
  return [
    'profile: demo',
    'mode: armed',
    `store: ${JSON.stringify(`sqlite:${join(folder, 'changeover.db')}`)}`,
    `listen: { operator: "127.0.0.1:${port}" }`,
    `vantage: { name: here, reference: ["${urls.control}/lab/state"] }`,
    'streams:',
    `  ${stream}:`,
    '    title: Channel One',
    '    groups:',
    '      cdn:',
    '        paths:',
    ...paths,
    `        verify: { url: "${urls.switch ?? ''}${playlist}" }`,
    '        actuators: [{ type: serve }]',
    '',
  ].join('\n')
}

function welcome(
  io: Io,
  watchdog: RunningWatchdog,
  urls: Lab['urls'],
  options: DemoOptions,
  port: number,
): string {
  const paint = painter(io)
  const rows = [
    ['Status page', `${watchdog.url}/`],
    ['Viewer', `${urls.switch ?? ''}/${stream}/main.m3u8`],
    ['Lab control', `${urls.control}/lab/state`],
  ].map(([name = '', url = '']) => `${padded(name, 13)}${paint('key', url)}`)
  const faults = options.faults
    ? `Every ${formatDuration(options.every)} the edge that carries the stream breaks for 20s.`
    : 'Nothing breaks by itself.'
  const moved =
    options.port === undefined && port !== usualPort ? [`Port ${usualPort} is taken.`] : []
  const url = port === usualPort ? '' : ` --url ${watchdog.url}`
  const lines = [
    ...rows,
    `${padded('Ask it', 13)}changeover explain ${group}${url}`,
    '',
    faults,
    'The status page has buttons to break it; or type what stands below.',
    '',
    ...moved,
    'Ctrl-C ends it and leaves nothing behind.',
  ]
  // Outside the frame, so that it can be copied.
  const order = [
    `curl -s -H 'content-type: application/json' ${urls.control}/lab/faults \\`,
    `  -d '{"target": "${edges[0]}", "fault": "freeze", "for": "20s"}'`,
    '',
  ].join('\n')
  return boxed(paint('strong', 'Changeover demo'), lines, io.width) + order
}

/** Lines with a frame around them where the terminal is wide enough. */
function boxed(title: string, lines: readonly string[], width: number): string {
  const inner = Math.max(textWidth(title), ...lines.map(textWidth))
  if (inner + 6 > width) return `${[title, ...lines].join('\n')}\n`
  const top = `╭─ ${title} ${'─'.repeat(inner - textWidth(title) + 1)}╮`
  const body = lines.map((line) => `│  ${padded(line, inner)}  │`)
  return `${[top, ...body, `╰${'─'.repeat(inner + 4)}╯`].join('\n')}\n`
}
