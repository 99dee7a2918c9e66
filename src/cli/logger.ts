import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { redactText } from '../core/redact.ts'
import { isSecretName } from '../config/mask.ts'
import { clean } from './clean.ts'
import type { Io } from './io.ts'
import { painter, type Tone } from './paint.ts'
import { timeOfDay } from './times.ts'

/** `json`: one object per line, for collectors. `lines`: short lines, for people. */
export type LogForm = 'json' | 'lines'

type Fields = Readonly<Record<string, unknown>>
type Level = keyof Log

const hidden = '[hidden]'
const deepest = 6

/** The log of a command on standard output. Secrets are taken out of whatever comes in. */
export async function createLogger(io: Io, clock: Clock, form: LogForm): Promise<Log> {
  return form === 'lines' ? lineLog(io, clock) : await jsonLog(io, clock)
}

async function jsonLog(io: Io, clock: Clock): Promise<Log> {
  const { pino } = await import('pino')
  const logger = pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.wall()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => io.out(line) },
  )
  const write = (level: Level) => (fields: Fields, message: string) =>
    logger[level](redacted(fields) as Fields, redactText(message))
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

const tones: Readonly<Record<Level, Tone>> = { info: 'quiet', warn: 'warn', error: 'bad' }

function lineLog(io: Io, clock: Clock): Log {
  const paint = painter(io)
  const write = (level: Level) => (fields: Fields, message: string) => {
    const rest = Object.entries(redacted(fields) as Fields)
      .map(([name, value]) => `${paint('quiet', `${name}=`)}${shown(value)}`)
      .join(' ')
    const mark = level === 'info' ? '' : `${paint(tones[level], level)} `
    const at = paint('quiet', timeOfDay(clock.wall()))
    io.out(`${at} ${mark}${clean(redactText(message))}${rest === '' ? '' : `  ${rest}`}\n`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return clean(text.includes(' ') && typeof value === 'string' ? JSON.stringify(text) : text)
}

/** URLs lose their credentials and query values, what is named like a secret is hidden. */
function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return redactText(value.message)
  if (depth === deepest) return '…'
  if (Array.isArray(value)) return value.map((each) => redacted(each, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      isSecretName(name) && isSecretValue(each) ? hidden : redacted(each, depth + 1),
    ]),
  )
}

/** A fencing token is a number and no secret. */
function isSecretValue(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}
