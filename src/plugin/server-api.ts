import { z } from 'zod'
import { redactUrl } from '../core/redact.ts'
import type { Observation } from '../core/sample.ts'
import type { HttpAnswer } from './net.ts'
import { bitRate, duration, secretUrl } from './option-types.ts'
import type { ProbeContext } from './probe.ts'
import { ServerTrack, type ServerAnswer } from './server-reading.ts'

/** The options that every reader of a server's own API shares. */
export const serverOptions = {
  url: secretUrl('http', 'https').describe(
    'Where the API listens, with user and password if it asks for them: `http://host:port`.',
  ),
  headers: z
    .record(z.string().min(1).max(128), z.string().max(8_192))
    .default({})
    .describe('Headers sent with every request, such as a token.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Connect to this IP address instead of what DNS says.'),
  timeout: duration('200ms', '30s').default(4_000).describe('The most that one look may take.'),
  expected_bitrate: bitRate('1kbps', '10Gbps')
    .optional()
    .describe('What the encoder sends; rules judge the incoming bitrate against it.'),
  when_unreachable: z
    .enum(['fail', 'unknown'])
    .default('fail')
    .describe(
      'What it means that the API does not answer: `fail` where it is part of the process that carries the stream, `unknown` where it stands apart.',
    ),
}

export interface ServerSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly address?: string | undefined
  readonly timeout: number
  readonly expected_bitrate?: number | undefined
  readonly when_unreachable: 'fail' | 'unknown'
  readonly token_file?: string | undefined
  readonly ca_file?: string | undefined
}

/** One question to a server; the base URL, credentials and what is left of the deadline are added. */
export interface Question {
  /** Path and query below the base URL. */
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Statuses that are answers; any other ends the look. Default 200 alone. */
  readonly statuses?: readonly number[]
}

export type Asked = { readonly ok: true; readonly answer: HttpAnswer } | Unread
export type AskedJson<Value> = { readonly ok: true; readonly value: Value } | Unread
type Unread = Extract<ServerAnswer, { ok: false }>

/** Asks one server the questions of one look. */
export interface ServerApi {
  ask(question: Question): Promise<Asked>
  /** Asks for JSON and takes what `schema` keeps of it. */
  json<Value>(question: Question, schema: z.ZodType<Value>): Promise<AskedJson<Value>>
}

/** More than any server says of its streams. */
const maxBytes = 8 * 2 ** 20

/**
 * The looks of a reader: `read` asks what it needs, and rates, ages and restarts are derived from
 * its readings. A server that refuses our credentials or answers something else than its API makes
 * the path unknown, because nothing is known of the stream then.
 */
export async function* readServer(
  settings: ServerSettings,
  context: ProbeContext,
  read: (api: ServerApi) => Promise<ServerAnswer>,
): AsyncGenerator<Observation> {
  const { clock, due, signal } = context
  const track = new ServerTrack()
  const expected =
    settings.expected_bitrate === undefined
      ? {}
      : { expected_bits_per_second: settings.expected_bitrate }
  for await (const _ of due) {
    if (signal.aborted) return
    const startedAt = clock.now()
    const answer = await read(apiOf(settings, context, startedAt))
    const now = clock.now()
    const always = { api_seconds: (now - startedAt) / 1_000, ...expected }
    if (answer.ok) {
      const measurements = {
        ...always,
        ...track.measure(answer.reading, now),
        ...answer.measurements,
      }
      yield { outcome: 'pass', measurements, findings: answer.findings ?? [] }
      continue
    }
    const { outcome, reason, diagnosis } = answer
    const measurements =
      outcome === 'unknown'
        ? always
        : { ...always, ...track.lose(answer.reading, now), ...answer.measurements }
    yield {
      outcome,
      reason,
      measurements,
      findings: [],
      ...(outcome === 'fail' && diagnosis !== undefined && { diagnosis }),
    }
  }
}

function apiOf(settings: ServerSettings, context: ProbeContext, startedAt: number): ServerApi {
  const { clock, everyMs, net, signal } = context
  const budgetMs = Math.min(settings.timeout, Math.max(2_000, everyMs))
  const base = settings.url.replace(/\/+$/u, '')
  const shown = redactUrl(base)
  const { token_file: bearer, ca_file: ca } = settings
  const files =
    bearer === undefined && ca === undefined
      ? undefined
      : { ...(bearer !== undefined && { bearer }), ...(ca !== undefined && { ca }) }
  const unread = (says: string): Unread => ({
    ok: false,
    outcome: 'unknown',
    reason: `${shown} ${says}: nothing is known of the stream.`,
  })

  async function ask(question: Question): Promise<Asked> {
    const { path, method, body, headers, statuses = [200] } = question
    const result = await net.http({
      url: `${base}${path}`,
      headers: { accept: 'application/json', ...settings.headers, ...headers },
      deadlineMs: Math.max(1, budgetMs - (clock.now() - startedAt)),
      maxBytes,
      maxRedirects: 0,
      signal,
      ...(method !== undefined && { method }),
      ...(body !== undefined && { body }),
      ...(settings.address !== undefined && { address: settings.address }),
      ...(files !== undefined && { files }),
    })
    if (!result.ok) {
      const reason = `${shown} does not answer (${result.phase}): ${result.says}.`
      const isOurs = result.fault === 'local' || result.fault === 'aborted'
      if (isOurs || settings.when_unreachable === 'unknown') {
        return { ok: false, outcome: 'unknown', reason }
      }
      return { ok: false, outcome: 'fail', reason, diagnosis: 'unreachable' }
    }
    if (!statuses.includes(result.status)) {
      const isRefusal = result.status === 401 || result.status === 403
      return unread(
        isRefusal
          ? `refuses our credentials (${result.status})`
          : `answers with status ${result.status}`,
      )
    }
    if (result.truncated) return unread(`answers with more than ${maxBytes} bytes`)
    return { ok: true, answer: result }
  }

  return {
    ask,
    async json(question, schema) {
      const asked = await ask(question)
      if (!asked.ok) return asked
      const value = parseJson(asked.answer.body)
      if (value === undefined) return unread('answers something that is no JSON')
      const parsed = schema.safeParse(value)
      if (parsed.success) return { ok: true, value: parsed.data }
      const [issue] = parsed.error.issues
      const where = issue === undefined ? '' : ` (${issue.path.join('.')})`
      return unread(`answers JSON of another shape than its API${where}`)
    },
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
