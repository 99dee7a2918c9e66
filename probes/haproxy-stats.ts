import { z } from 'zod'
import { redactUrl } from '../src/core/redact.ts'
import type { Measurements, Observation } from '../src/core/sample.ts'
import type { Net, NetFailure } from '../src/plugin/net.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import { present } from '../src/plugin/present.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { readRow } from './haproxy-stats/csv.ts'
import { measures } from './haproxy-stats/measures.ts'

const options = z
  .strictObject({
    socket: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('The stats socket of HAProxy: a file, or `host:port`.'),
    url: secretUrl('http', 'https')
      .optional()
      .describe('The statistics page as CSV, such as `http://host:8404/stats;csv`.'),
    backend: z.string().min(1).max(256).describe('The backend, or `listen` section.'),
    server: z
      .string()
      .min(1)
      .max(256)
      .default('BACKEND')
      .describe('The server in it that stands for this path; `BACKEND` for all of them together.'),
    timeout: duration('200ms', '30s').default(4_000).describe('The most that one look may take.'),
  })
  .refine(
    ({ socket, url }) => (socket === undefined) !== (url === undefined),
    'expected either socket or url',
  )

const maxBytes = 8 * 2 ** 20

/**
 * Reads what HAProxy itself sees of a server. A server in maintenance is unknown, not down: somebody
 * (perhaps Changeover) took it out, and HAProxy does not check it then.
 */
export default {
  type: 'haproxy-stats',
  summary: 'Reads from HAProxy how a server does: its state, sessions, bitrate, errors and weight.',
  options,
  measures,
  async *observe(settings, { clock, due, everyMs, net, signal }) {
    const { backend, server } = settings
    const deadlineMs = Math.min(settings.timeout, Math.max(2_000, everyMs))
    let before: Counters | undefined
    for await (const _ of due) {
      if (signal.aborted) return
      const startedAt = clock.now()
      const asked = await ask(net, settings, deadlineMs, signal)
      const at = clock.now()
      const always = { api_seconds: (at - startedAt) / 1_000 }
      if (!asked.ok) {
        yield cannotSee(asked.says, always)
        continue
      }
      const { isTable, row } = readRow(asked.text, backend, server)
      if (!isTable) {
        yield cannotSee('HAProxy answers something that is no statistics', always)
        continue
      }
      if (row === undefined) {
        yield cannotSee(`HAProxy has no server ${backend}/${server}`, always)
        continue
      }
      const now = countersOf(row, at)
      const measurements = { ...always, ...gauges(row), ...rates(before, now) }
      before = now
      yield judge(row, `${backend}/${server}`, measurements)
    }
  },
} satisfies ProbePlugin<typeof options>

async function ask(
  net: Net,
  { socket, url }: z.output<typeof options>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; says: string }> {
  if (url !== undefined) {
    const result = await net.http({ url, deadlineMs, maxBytes, maxRedirects: 0, signal })
    if (!result.ok) return failed(redactUrl(url), result)
    if (result.status === 200) return { ok: true, text: result.body.toString() }
    return { ok: false, says: `${redactUrl(url)} answers with status ${result.status}` }
  }
  const result = await net.exchange({
    to: addressOf(socket ?? ''),
    payload: 'show stat\n',
    deadlineMs,
    maxBytes,
    signal,
  })
  return result.ok ? { ok: true, text: result.body.toString() } : failed('HAProxy', result)
}

/** `host:port`, or a file: those have a slash in them, or no port. */
function addressOf(socket: string) {
  const match = /^(?<host>\[[^\]]+\]|[^/:]+):(?<port>\d{1,5})$/u.exec(socket)?.groups
  return match?.['host'] === undefined
    ? { socket }
    : { host: match['host'].replaceAll(/[[\]]/gu, ''), port: Number(match['port']) }
}

function failed(what: string, { phase, says }: NetFailure) {
  return { ok: false as const, says: `${what} does not answer (${phase}): ${says}` }
}

/** HAProxy's silence says nothing of the server behind it: viewers may reach it all the same. */
function cannotSee(says: string, measurements: Measurements): Observation {
  return {
    outcome: 'unknown',
    reason: `${says}: nothing is known of the server.`,
    measurements,
    findings: [],
  }
}

function judge(
  row: ReadonlyMap<string, string>,
  name: string,
  measurements: Measurements,
): Observation {
  const status = row.get('status') ?? ''
  if (status.startsWith('DOWN')) {
    const check = [row.get('check_status'), row.get('last_chk')].filter((part) => part).join(', ')
    const reason = `HAProxy sees ${name} as ${status}${check === '' ? '' : ` (${check})`}.`
    return { outcome: 'fail', reason, diagnosis: 'unreachable', measurements, findings: [] }
  }
  if (/^(?:UP|OPEN|DRAIN|NOLB)/u.test(status))
    return { outcome: 'pass', measurements, findings: [] }
  const why = status.startsWith('MAINT')
    ? `${name} is in maintenance (${status})`
    : `HAProxy does not check ${name} (${status === '' ? 'no status' : status})`
  return cannotSee(why, measurements)
}

interface Counters {
  readonly at: number
  readonly received: number | undefined
  readonly sent: number | undefined
  readonly sessions: number | undefined
  readonly errors: number | undefined
  readonly failedChecks: number | undefined
}

function countersOf(row: ReadonlyMap<string, string>, at: number): Counters {
  const connections = numberOf(row, 'econ')
  const responses = numberOf(row, 'eresp')
  return {
    at,
    received: numberOf(row, 'bin'),
    sent: numberOf(row, 'bout'),
    sessions: numberOf(row, 'stot'),
    errors:
      connections === undefined && responses === undefined
        ? undefined
        : (connections ?? 0) + (responses ?? 0),
    failedChecks: numberOf(row, 'chkfail'),
  }
}

function gauges(row: ReadonlyMap<string, string>): Measurements {
  return present({
    balancer_weight: numberOf(row, 'weight'),
    balancer_sessions: numberOf(row, 'scur'),
    balancer_state_age_seconds: numberOf(row, 'lastchg'),
  })
}

/** Counters begin anew when HAProxy restarts: what fell says nothing of the time between. */
function rates(before: Counters | undefined, now: Counters): Measurements {
  if (before === undefined || now.at <= before.at) return {}
  const seconds = (now.at - before.at) / 1_000
  const grown = (name: 'received' | 'sent' | 'sessions' | 'errors' | 'failedChecks') => {
    const was = before[name]
    const is = now[name]
    return was === undefined || is === undefined || is < was ? undefined : is - was
  }
  const received = grown('received')
  const sent = grown('sent')
  const sessions = grown('sessions')
  const errors = grown('errors')
  return present({
    balancer_incoming_bits_per_second:
      received === undefined ? undefined : (received * 8) / seconds,
    balancer_outgoing_bits_per_second: sent === undefined ? undefined : (sent * 8) / seconds,
    balancer_error_ratio:
      sessions === undefined || errors === undefined || sessions === 0
        ? undefined
        : Math.min(1, errors / sessions),
    balancer_failed_checks: grown('failedChecks'),
  })
}

function numberOf(row: ReadonlyMap<string, string>, column: string): number | undefined {
  const text = row.get(column)
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
