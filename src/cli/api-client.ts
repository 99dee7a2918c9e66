import { ChangeoverError, type ErrorCode } from '../core/errors.ts'
import type { JournalEntry } from '../core/journal.ts'
import { nearest } from '../core/nearest.ts'
import type { DrillsView, GroupView, WatchdogView } from '../core/view.ts'
import type { HttpAnswer, Net } from '../plugin/net.ts'
import { clean, cleanJson } from './clean.ts'
import type { Server } from './server.ts'

/** Which entries of the journal are read. */
export interface JournalRequest {
  readonly limit: number
  readonly after?: number
  readonly before?: number
  readonly group?: string
}

/** A running watchdog as commands speak to it. Every method rejects with a `ChangeoverError`. */
export interface ApiClient {
  state(): Promise<WatchdogView>
  group(name: string): Promise<GroupView>
  /** Newest first, or oldest first after `after`. */
  journal(request: JournalRequest): Promise<readonly JournalEntry[]>
  drills(): Promise<DrillsView>
  /** Begins a drill and gives its id. */
  beginDrill(name: string, body: Readonly<Record<string, unknown>>): Promise<string>
  /** The report of a drill as it was kept. */
  drillReport(id: string, form: 'json' | 'html' | 'xml'): Promise<string>
  /** Sends a change and gives its sentence; `what` is the path below `/api/v1/`. */
  change(what: string, body: Readonly<Record<string, unknown>>): Promise<string>
}

/** A change may wait for an open intent and its verification. */
const changeDeadlineMs = 120_000
const readDeadlineMs = 10_000
const mostBytes = 64 * 2 ** 20

/** The errors of the API as errors of the command line; every other one is our own fault or theirs. */
const codes: Readonly<Record<string, ErrorCode>> = {
  'not-found': 'NOT_FOUND',
  refused: 'REFUSED',
  conflict: 'REFUSED',
  invalid: 'REFUSED',
  'body-invalid': 'USAGE',
  'query-invalid': 'USAGE',
  'host-not-allowed': 'USAGE',
  'token-missing': 'USAGE',
  'token-unknown': 'USAGE',
  'role-missing': 'USAGE',
  'changes-closed': 'USAGE',
  'cross-site': 'USAGE',
}

/** A client of the API at `server`. What it answers is cleaned of control characters. */
export function createApiClient(net: Pick<Net, 'http'>, server: Server): ApiClient {
  async function call(path: string, body?: unknown): Promise<unknown> {
    const url = `${server.url}/api/v1/${path}`
    const result = await net.http({
      url,
      deadlineMs: body === undefined ? readDeadlineMs : changeDeadlineMs,
      maxBytes: mostBytes,
      maxRedirects: 0,
      headers: {
        accept: 'application/json',
        // Without a token a change is taken where none is needed, from no other site.
        ...(server.token === undefined
          ? { origin: new URL(server.url).origin }
          : { authorization: `Bearer ${server.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!result.ok) {
      throw new ChangeoverError(
        'UNREACHABLE',
        `No watchdog answers at ${server.url}: ${result.says}.`,
        { todo: 'Start one with `changeover run`, or give its address with --url.' },
      )
    }
    return answerOf(result, server)
  }

  return {
    state: async () => (await call('state')) as WatchdogView,
    async group(name) {
      const { groups } = (await call('state')) as WatchdogView
      const found = groups.find((group) => group.name === name)
      if (found !== undefined) return found
      const near = nearest(
        name,
        groups.map((group) => group.name),
      )
      const guess = near === undefined ? '' : `; did you mean ${near}?`
      throw new ChangeoverError('NOT_FOUND', `There is no group ${name}${guess || '.'}`, {
        todo: '`changeover status` lists the groups.',
      })
    },
    async journal({ limit, after, before, group }) {
      const query = new URLSearchParams({ limit: String(limit) })
      if (after !== undefined) query.set('after', String(after))
      if (before !== undefined) query.set('before', String(before))
      if (group !== undefined) query.set('group', group)
      const { entries } = (await call(`journal?${query}`)) as { entries: readonly JournalEntry[] }
      return entries
    },
    drills: async () => (await call('drills')) as DrillsView,
    async beginDrill(name, body) {
      const { id } = (await call(`drills/plans/${encodeURIComponent(name)}/run`, body)) as {
        id: string
      }
      return id
    },
    async drillReport(id, form) {
      const path = `drills/reports/${encodeURIComponent(id)}.${form}`
      const url = `${server.url}/api/v1/${path}`
      const headers = server.token === undefined ? {} : { authorization: `Bearer ${server.token}` }
      const result = await net.http({
        url,
        headers,
        deadlineMs: readDeadlineMs,
        maxBytes: mostBytes,
        maxRedirects: 0,
      })
      if (result.ok && result.status === 200) return result.body.toString()
      // Whatever is wrong is said as for every other call.
      await call(path)
      throw new ChangeoverError('NOT_FOUND', `There is no report of ${id}.`, {
        todo: 'changeover drill list',
      })
    },
    async change(what, body) {
      const { says } = (await call(what, body)) as { says: string }
      return says
    },
  }
}

/** A full name as it stands in an address. */
export function inPath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}

function answerOf({ status, body }: HttpAnswer, server: Server): unknown {
  const value = parsed(body)
  if (status === 200 && typeof value === 'object' && value !== null) return cleanJson(value)
  const error = (
    value as { error?: Partial<Record<'code' | 'says' | 'todo', unknown>> } | undefined
  )?.error
  if (typeof error?.code !== 'string' || typeof error.says !== 'string') {
    const says = `What answers at ${server.url} is no watchdog (status ${status}).`
    throw new ChangeoverError('UNREACHABLE', says, { todo: 'Give its address with --url.' })
  }
  const code = Object.hasOwn(codes, error.code) ? codes[error.code] : undefined
  const more = typeof error.todo === 'string' ? { todo: clean(error.todo) } : {}
  throw new ChangeoverError(code ?? 'UNREACHABLE', clean(error.says), more)
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
