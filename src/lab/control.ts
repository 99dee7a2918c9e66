import type { IncomingMessage, ServerResponse } from 'node:http'
import { ChangeoverError } from '../core/errors.ts'
import type { ActiveFault, FaultOrder } from './faults/fault-board.ts'
import { faultKind, faultNames } from './faults/faults.ts'
import { quoted } from './faults/target.ts'
import { readFaultOrder } from './fault-order.ts'
import { Listener } from './listener.ts'

const LARGEST_ORDER = 64 * 2 ** 10
const loopback = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/u

/** What the control API drives. */
export interface Controlled {
  state(): unknown
  faults(): readonly ActiveFault[]
  order(order: FaultOrder): Promise<ActiveFault>
  heal(id: string): Promise<boolean>
  healAll(): Promise<number>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

/**
 * The listener of the control API: `GET /lab/state`, `GET /lab/faults`, `POST /lab/faults`,
 * `DELETE /lab/faults` and `DELETE /lab/faults/<id>`. It answers JSON, mistakes with
 * `{ error, todo }`. Web pages of other origins can neither read nor change anything.
 */
export function controlListener(lab: Controlled): Listener {
  return new Listener((request, response) => {
    void respond(lab, request, response)
  })
}

async function respond(
  lab: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await answer(lab, request).catch(mistake)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  })
  response.end(`${JSON.stringify(body)}\n`)
}

async function answer(lab: Controlled, request: IncomingMessage): Promise<Answer> {
  if (!loopback.test(request.headers.host ?? '')) {
    throw new ChangeoverError('REFUSED', 'The lab is controlled from this machine only.', {
      todo: 'Use the address 127.0.0.1.',
    })
  }
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  const { method = 'GET' } = request
  const [, id] = /^\/lab\/faults\/([^/]+)$/u.exec(path) ?? []
  if (method === 'GET' && path === '/lab/state') return { status: 200, body: lab.state() }
  if (method === 'GET' && path === '/lab/faults') {
    return { status: 200, body: { active: lab.faults(), available: faultList() } }
  }
  if (method === 'POST' && path === '/lab/faults') {
    return { status: 201, body: await lab.order(readFaultOrder(await readJson(request))) }
  }
  if (method === 'DELETE' && path === '/lab/faults') {
    return { status: 200, body: { healed: await lab.healAll() } }
  }
  if (method === 'DELETE' && id !== undefined) {
    if (await lab.heal(id)) return { status: 200, body: { healed: 1 } }
    throw new ChangeoverError('NOT_FOUND', `No fault ${quoted(id)} is in force.`, {
      todo: 'GET /lab/faults lists the faults in force.',
    })
  }
  throw new ChangeoverError('NOT_FOUND', `There is no ${method} ${quoted(path)} here.`, {
    todo: 'Use GET /lab/state, or GET, POST and DELETE on /lab/faults.',
  })
}

function faultList(): readonly unknown[] {
  return faultNames.map((name) => {
    const { says, on, value } = faultKind(name)
    return { name, says, on, ...(value ? { value } : {}) }
  })
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const todo = 'Send JSON such as {"target": "edge-a", "fault": "freeze", "for": "20s"}.'
  // A page of another origin may send a form or plain text unasked, but not this type.
  if (!/^application\/json\b/u.test(request.headers['content-type'] ?? '')) {
    throw new ChangeoverError('USAGE', 'The content type is not application/json.', { todo })
  }
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > LARGEST_ORDER) throw new ChangeoverError('USAGE', 'The order is too long.')
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw new ChangeoverError('USAGE', 'The body is not JSON.', { todo })
  }
}

function mistake(error: unknown): Answer {
  if (!(error instanceof ChangeoverError)) {
    return { status: 500, body: { error: 'The lab failed.', todo: 'Start it again.' } }
  }
  const statuses: Partial<Record<string, number>> = { REFUSED: 403, NOT_FOUND: 404 }
  const body = { error: error.message, todo: error.todo }
  return { status: statuses[error.code] ?? 400, body }
}
