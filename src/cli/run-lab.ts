import { startLab } from '../lab/start-lab.ts'
import type { Cli } from './cli.ts'
import type { ExitCode } from './io.ts'
import { painter } from './paint.ts'
import { textTable } from './text-table.ts'

/** The options of `lab`. */
export interface LabCommandOptions {
  readonly streams?: readonly string[]
  readonly edges?: readonly string[]
  readonly port: number
  readonly json?: true
}

/** Runs the lab until the process is asked to end. */
export async function runLab(
  { composition, io }: Cli,
  options: LabCommandOptions,
): Promise<ExitCode> {
  const { streams = ['channel-1'], edges = ['edge-a', 'edge-b'] } = options
  const { clock, random } = composition
  const lab = await startLab({
    clock,
    random,
    streams: streams.map((name) => ({ name })),
    edges: edges.map((name) => ({ name })),
    switch: {},
    rtmp: true,
    ports: { control: options.port },
  })
  try {
    if (options.json === true) io.out(`${JSON.stringify(lab.urls)}\n`)
    else io.out(labText(lab.urls, streams, io.width, painter(io)))
    await composition.untilStopped()
  } finally {
    await lab.close()
  }
  return 0
}

function labText(
  urls: Awaited<ReturnType<typeof startLab>>['urls'],
  streams: readonly string[],
  width: number,
  paint: ReturnType<typeof painter>,
): string {
  const [stream = ''] = streams
  const playlist = `/${stream}/main.m3u8`
  const [firstEdge = ''] = Object.keys(urls.edges)
  const rows = [
    ['viewer', `${urls.switch ?? ''}${playlist}`],
    ['origin', `${urls.origin}${playlist}`],
    ...Object.entries(urls.edges).map(([name, url]) => [name, `${url}${playlist}`]),
    ['ingest', `${urls.rtmp ?? ''}/${stream}`],
    ['control', `${urls.control}/lab/state`],
  ].map(([name = '', url = '']) => [name, paint('key', url)])
  const orders = [
    'Break it, look at it, heal it:',
    `  curl -s -H 'content-type: application/json' ${urls.control}/lab/faults \\`,
    `    -d '{ "target": "${firstEdge}", "fault": "freeze", "for": "20s" }'`,
    `  curl -s ${urls.control}/lab/faults`,
    `  curl -s -X DELETE ${urls.control}/lab/faults`,
    'Ctrl-C ends it.',
  ]
  const others = streams.length > 1 ? `  further streams: ${streams.slice(1).join(', ')}\n` : ''
  return `The lab runs.\n${textTable(rows, { width, indent: 2 })}${others}${orders.join('\n')}\n`
}
