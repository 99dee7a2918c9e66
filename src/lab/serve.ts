import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../core/clock.ts'
import { breakOff, collect, deliver } from './deliver.ts'
import type { FaultBoard, Strike } from './faults/fault-board.ts'
import { rewriteOf } from './faults/fault-kind.ts'
import { faultKind } from './faults/faults.ts'
import { promptDelivery, textReply, type Reply } from './reply.ts'
import { viewerSignal } from './viewer-signal.ts'
import { readPath, readView, VIEW_HEADER, type View, type Wanted } from './wanted.ts'

/** A server that can be broken. */
export interface Breakable {
  /** Its name in fault targets. */
  readonly name: string
  readonly clock: Clock
  readonly board: FaultBoard
  /** Makes the answer of a healthy server. Rejects when the source breaks. */
  get(ask: Ask): Promise<Reply>
}

/** One request as a server sees it, after its faults have changed the view. */
export interface Ask {
  readonly wanted: Wanted
  readonly path: string
  /** What follows the question mark; empty where nothing does. */
  readonly query: string
  readonly view: View
  /** Whether this is the present, unchanged programme. */
  readonly plain: boolean
  /** Aborts when the viewer is gone. */
  readonly signal: AbortSignal
}

/**
 * Answers one request through the faults in force: first they change what is looked at, then the
 * answer, then the way in which it is sent. Of two faults that contradict each other the later wins.
 */
export async function serve(
  server: Breakable,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { clock, board } = server
  const way = { response, clock, signal: viewerSignal(response) }
  const [path = '/', query = ''] = (request.url ?? '/').split('?')
  const wanted = readPath(path)
  const strikes = board.striking(server.name, wanted)
  const how = strikes.reduce(
    (way, { fault, value }) => faultKind(fault).deliver?.(way, value) ?? way,
    promptDelivery,
  )
  if (how.end === 'hang') return
  if (how.end === 'refuse') return breakOff(response)
  try {
    const view = readView(request.headers[VIEW_HEADER]?.toString(), clock.wall())
    const reply = await answer(server, request, { wanted, path, query, view, strikes }, way.signal)
    await deliver(reply, how, way)
  } catch {
    response.destroy()
  }
}

interface Struck {
  readonly wanted: Wanted | undefined
  readonly path: string
  readonly query: string
  readonly view: View
  readonly strikes: readonly Strike[]
}

async function answer(
  server: Breakable,
  { method, headers }: IncomingMessage,
  { wanted, path, query, view, strikes }: Struck,
  signal: AbortSignal,
): Promise<Reply> {
  if (method !== 'GET' && method !== 'HEAD') return textReply(405, 'only GET and HEAD')
  if (!wanted) return textReply(404, 'no such address; try /<stream>/main.m3u8')
  const replace = strikes.findLast(({ fault }) => faultKind(fault).replace)
  const replaced = replace && faultKind(replace.fault).replace?.(path)
  if (replaced) return replaced
  const seen = strikes.reduce(
    (view, { fault, since }) => faultKind(fault).view?.(view, since) ?? view,
    view,
  )
  const plain = seen === view && headers[VIEW_HEADER] === undefined
  const reply = await server.get({ wanted, path, query, view: seen, plain, signal })
  const rewrites = strikes.flatMap(({ fault, value }) => {
    const rewrite = rewriteOf(faultKind(fault), wanted)
    return rewrite === undefined ? [] : [(body: Buffer) => rewrite(body, value)]
  })
  if (rewrites.length === 0 || reply.status !== 200) return reply
  const body = rewrites.reduce(
    (body, rewrite) => rewrite(body),
    Buffer.isBuffer(reply.body) ? reply.body : await collect(reply.body),
  )
  return { ...reply, body }
}
