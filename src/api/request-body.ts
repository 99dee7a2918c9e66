import type { Context } from 'hono'
import { z } from 'zod'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { LONGEST_SILENCE_MS } from '../core/silence.ts'
import { refuse } from './api-error.ts'

/** Largest body of a change, in bytes. */
const BODY_LIMIT = 64 * 1024

/** One line of text by a person: no control characters, which could forge lines in a terminal. */
function line(most: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(most, `must not be longer than ${most} characters`)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
}

/** A duration with its unit, such as `30m`, between `min` and `max` milliseconds; gives milliseconds. */
function duration(min: number, max: number) {
  return z.string().transform((text, issues) => {
    const ms = parseDuration(text)
    if (ms !== undefined && ms >= min && ms <= max) return ms
    const message = `must be a duration from ${formatDuration(min)} to ${formatDuration(max)}, such as "30m"`
    issues.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

const DAY = 86_400_000
const person = { actor: line(80).optional(), reason: line(500) }

export const steerBody = z
  .strictObject({
    path: line(200).optional(),
    weights: z.record(line(200), z.number()).optional(),
    ...person,
    apply: z.boolean().default(false),
    bypass: z.array(line(60)).max(20).default([]),
  })
  .refine(({ path, weights }) => (path === undefined) !== (weights === undefined), {
    path: ['path'],
    message: 'must be given, or weights in its place',
  })

export const holdBody = z.strictObject({ ...person, for: duration(1_000, 30 * DAY) })

export const reasonBody = z.strictObject(person)

export const drillAbortBody = z.strictObject({ ...person, id: line(200).optional() })

export const incidentBody = z.strictObject({
  actor: line(80).optional(),
  reason: line(500).optional(),
})

export const silenceBody = z
  .strictObject({
    stream: line(200).optional(),
    group: line(200).optional(),
    path: line(200).optional(),
    tag: line(200).optional(),
    key: line(500).optional(),
    ...person,
    for: duration(60_000, LONGEST_SILENCE_MS),
    in: duration(0, LONGEST_SILENCE_MS).default(0),
  })
  .refine(({ stream, group, path, tag, key }) => [stream, group, path, tag, key].some(isGiven), {
    path: ['group'],
    message: 'or stream, path, tag or key must say what is silenced',
  })

function isGiven(value: unknown): boolean {
  return value !== undefined
}

export const faultBody = z.strictObject({
  target: line(80),
  fault: line(80),
  for: duration(1_000, 600_000).default(20_000),
})

/** The JSON body of a change as `schema` wants it; ends the request with `body-invalid` otherwise. */
export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readText(c.req.raw.body)))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  const message = issue?.message ?? 'is not as expected'
  return refuse(
    'body-invalid',
    field === '' ? `The body is not as expected: ${message}.` : `"${field}" ${lower(message)}.`,
    'Compare it with /api/v1/openapi.json.',
  )
}

/** A body of at most 64 KiB as text; ends the request with `body-too-large` otherwise. */
export async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  return (await readBytes(body, BODY_LIMIT)).toString()
}

/**
 * A body of at most `limit` bytes; ends the request with `body-too-large` otherwise. Stops reading at
 * the limit, also where the caller did not say how long the body is.
 */
export async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > limit) {
      refuse('body-too-large', `The body is larger than ${limit} bytes.`, 'Send less.')
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('body-invalid', 'The body is not JSON.', 'Send one JSON object.')
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
