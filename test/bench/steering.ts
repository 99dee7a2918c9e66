/**
 * npm run bench -- steering: how many players one core answers, against a bare server of Node on the
 * same machine at the same time, and how long ten thousand of them wait.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { start, usageOf, type Started } from './apparatus/processes.ts'
import { flags, median, printEnvironment, printTable, quantile, whole } from './apparatus/report.ts'

const { runs, seconds, connections, sessions, every } = flags({
  runs: 7,
  seconds: 2,
  connections: 32,
  sessions: 10_000,
  every: 5,
})
const asks = '/steering/channel-1/cdn?session=viewer-'
/** What hls.js and dash.js add to each question. */
const added = '&_HLS_pathway=cdn-a&_HLS_throughput=5140000'

/** One connection that stays open, as a proxy in front keeps many; one question at a time. */
class Asker {
  readonly #socket: Socket
  #answered: ((ok: boolean) => void) | undefined
  #text = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('close', () => this.#answered?.(false))
    socket.on('error', () => {})
  }

  ask(session: number): Promise<boolean> {
    this.#socket.write(`GET ${asks}${session}${added} HTTP/1.1\r\nHost: steer.example\r\n\r\n`)
    return new Promise((resolve) => {
      this.#answered = resolve
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#text += text
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/^content-length: (\d+)/imu.exec(this.#text)?.[1] ?? Number.NaN)
    if (this.#text.length < end + 4 + length) return
    const isOk = this.#text.startsWith('HTTP/1.1 200') && this.#text.includes('"PATHWAY-PRIORITY"')
    this.#text = ''
    this.#answered?.(isOk)
  }
}

async function open(url: string, count: number): Promise<readonly Asker[]> {
  const { hostname, port } = new URL(url)
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      return new Asker(socket)
    }),
  )
}

/** Asks on every connection as fast as answers come: answers per second of the server's CPU. */
async function flood(server: Started & { readonly line: string }): Promise<number> {
  const askers = await open(server.line, connections)
  const before = usageOf(server.pid).cpuSeconds
  const until = performance.now() + seconds * 1_000
  let answers = 0
  let next = 0
  await Promise.all(
    askers.map(async (asker) => {
      while (performance.now() < until) {
        if (!(await asker.ask((next += 1) % sessions))) throw new Error('a wrong answer')
        answers += 1
      }
    }),
  )
  const spent = usageOf(server.pid).cpuSeconds - before
  for (const asker of askers) asker.close()
  return answers / spent
}

/** Every session asks once in `every` seconds, evenly spread: how long each waits, in milliseconds. */
async function pace(server: Started & { readonly line: string }): Promise<readonly number[]> {
  const askers = [...(await open(server.line, connections * 4))]
  const all = [...askers]
  const waits: number[] = []
  const startedAt = performance.now()
  const total = sessions * 2
  const one = async (asker: Asker, session: number) => {
    const askedAt = performance.now()
    if (!(await asker.ask(session))) throw new Error('a wrong answer')
    waits.push(performance.now() - askedAt)
    askers.push(asker)
  }
  const ending: Promise<void>[] = []
  for (let next = 0; next < total;) {
    const due = Math.min(total, ((performance.now() - startedAt) / 1_000) * (sessions / every))
    for (; next < due; next += 1) {
      const asker = askers.pop()
      if (asker !== undefined) ending.push(one(asker, next % sessions))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(ending)
  for (const asker of all) asker.close()
  return waits
}

printEnvironment()
const looked = createServer((_, response) => response.end('ok'))
looked.listen(0, '127.0.0.1')
await once(looked, 'listening')
const origin = `http://127.0.0.1:${(looked.address() as AddressInfo).port}`
const program = fileURLToPath(new URL('steering.process.ts', import.meta.url))
const launch = (kind: string) =>
  start(process.execPath, [program, kind, origin], (line) => line.startsWith('http://'))
const [ours, bare] = [await launch('changeover'), await launch('bare')]
try {
  // Both are warm before anything counts.
  for (let warm = 0; warm < 4; warm += 1) {
    await flood(ours)
    await flood(bare)
  }
  const rates = { ours: [] as number[], bare: [] as number[], ratio: [] as number[] }
  for (let run = 0; run < runs; run += 1) {
    const [a, b] = [await flood(ours), await flood(bare)]
    rates.ours.push(a)
    rates.bare.push(b)
    rates.ratio.push(a / b)
  }
  const row = (name: string, values: readonly number[], write: (value: number) => string) => [
    name,
    write(median(values)),
    write(Math.min(...values)),
    write(Math.max(...values)),
  ]
  printTable(
    [`answers per CPU second of the server, ${runs} runs`, 'median', 'lowest', 'highest'],
    [
      row('Changeover, weighted group of three', rates.ours, whole),
      row('a bare server of Node, one constant answer', rates.bare, whole),
      row('Changeover against the bare server', rates.ratio, (value) => `${value.toFixed(2)} ×`),
    ],
  )
  const waits = await pace(ours)
  const bareWaits = await pace(bare)
  const waited = (name: string, values: readonly number[]) => [
    name,
    whole(values.length),
    ...[0.5, 0.99, 0.999].map((share) => quantile(values, share).toFixed(2)),
  ]
  console.log('')
  printTable(
    [
      `${whole(sessions)} sessions, each every ${every} s (${whole(sessions / every)} a second)`,
      'answers',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
    ],
    [waited('Changeover', waits), waited('a bare server of Node', bareWaits)],
  )
} finally {
  await Promise.all([ours.stop(), bare.stop()])
  looked.close()
}
