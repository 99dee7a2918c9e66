import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../core/clock.ts'
import type { Delivery, Reply } from './reply.ts'

/** What an edge or a fault holds in memory of one body, at most. */
const LARGEST_BODY = 16 * 2 ** 20
/** Time for the first half to arrive before the connection breaks: a reset overtakes data. */
const RESET_AFTER_MS = 50
/** Pace of a throttled body: often enough to be even, seldom enough to cost nothing. */
const TICK_MS = 50
const ENDLESS_EVERY_MS = 100
const ENDLESS_BYTES = 1_000_000

/** The way to one viewer. */
export interface Way {
  readonly response: ServerResponse
  readonly clock: Clock
  /** Aborts when the viewer is gone. */
  readonly signal: AbortSignal
}

/**
 * Sends an answer the way that `how` says. Resolves when nothing more will be sent, also when the
 * viewer went away; rejects when the source of a streamed body breaks.
 */
export async function deliver(reply: Reply, how: Delivery, way: Way): Promise<void> {
  const { response, clock, signal } = way
  if (how.end === 'hang') return
  if (how.end === 'refuse') return breakOff(response)
  if (how.delayMs > 0 && !(await clock.sleep(how.delayMs, signal))) return
  const untouched = how.end === 'whole' && how.bytesPerSecond === Number.POSITIVE_INFINITY
  if (!Buffer.isBuffer(reply.body)) {
    if (untouched) {
      begin(reply, way)
      return pipeline(reply.body, response)
    }
    const { 'content-length': _, ...headers } = reply.headers
    const whole = { ...reply, headers, body: await collect(reply.body) }
    return deliver(whole, { ...how, delayMs: 0 }, way)
  }
  begin(reply, way, how.end === 'endless' ? undefined : reply.body.length)
  if (response.req.method === 'HEAD') return void response.end()
  if (untouched) return void response.end(reply.body)
  const half = reply.body.subarray(0, Math.ceil(reply.body.length / 2))
  const halved = how.end === 'reset' || how.end === 'stall'
  await pour(halved ? half : reply.body, how.bytesPerSecond, way)
  if (signal.aborted) return
  if (how.end === 'whole') response.end()
  if (how.end === 'endless') await pourForEver(filler(reply), way)
  if (how.end === 'reset' && (await clock.sleep(RESET_AFTER_MS, signal))) breakOff(response)
}

/** Reads a body whole. Rejects when it breaks, or is larger than any the lab makes. */
export async function collect(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length
    if (length > LARGEST_BODY) throw new Error(`body larger than ${LARGEST_BODY} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Ends the connection with a TCP reset. */
export function breakOff(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
}

/** Sends status line and headers; any page may read them, since players run in browsers. */
function begin({ status, headers }: Reply, { response, clock }: Way, length?: number): void {
  response.sendDate = false
  response.writeHead(status, {
    ...headers,
    ...(length === undefined ? {} : { 'content-length': length }),
    date: new Date(clock.wall()).toUTCString(),
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'age, via, date',
  })
}

async function pour(body: Buffer, bytesPerSecond: number, way: Way): Promise<void> {
  const { response, clock, signal } = way
  if (bytesPerSecond === Number.POSITIVE_INFINITY) return void response.write(body)
  const tick = Math.max(TICK_MS, 1_000 / bytesPerSecond)
  const start = clock.now()
  for (let sent = 0; sent < body.length;) {
    const due = Math.round(((clock.now() - start + tick) / 1_000) * bytesPerSecond)
    if (due > sent) response.write(body.subarray(sent, due))
    sent = Math.max(sent, due)
    if (!(await clock.sleep(tick, signal))) return
  }
}

async function pourForEver(piece: Buffer, { response, clock, signal }: Way): Promise<void> {
  do {
    if (response.write(piece)) continue
    await once(response, 'drain', { signal }).catch(() => undefined)
  } while (await clock.sleep(ENDLESS_EVERY_MS, signal))
}

/** What an endless body goes on with: null packets (ISO 13818-1, 2.4.3.3) or comments. */
function filler({ headers }: Reply): Buffer {
  if (headers['content-type'] !== 'video/mp2t') return Buffer.alloc(ENDLESS_BYTES, '# more\n')
  const packet = Buffer.alloc(188, 0xff)
  Buffer.of(0x47, 0x1f, 0xff, 0x10).copy(packet)
  return Buffer.alloc(Math.floor(ENDLESS_BYTES / 188) * 188, packet)
}
