import { z } from 'zod'
import { formatDuration, parseDuration } from '../core/duration.ts'

/**
 * A duration in configuration (`2s`, `1m30s`) that becomes milliseconds, from `min` to `max`
 * (both written as durations too, both included). A plain number is an error: it has no unit.
 * Give a default with `.default(ms)`.
 */
export function duration(min: string, max: string) {
  const low = limit(min)
  const high = limit(max)
  const range = `a duration from ${formatDuration(low)} to ${formatDuration(high)}`
  return z
    .string({ error: `expected ${range} with its unit, such as ${formatDuration(low || 1_000)}` })
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= low && ms <= high) return ms
      context.addIssue({
        code: 'custom',
        message: `expected ${range}, got ${JSON.stringify(text)}`,
      })
      return z.NEVER
    })
    .meta({
      format: 'duration',
      bounds: `${formatDuration(low)} to ${formatDuration(high)}`,
      description: `From ${formatDuration(low)} to ${formatDuration(high)}.`,
    })
}

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** Bytes of a size such as `512KiB` or `8MiB`; `undefined` for anything else. */
function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB)$/u.exec(text)
  if (match === null) return undefined
  const bytes = Math.round(Number(match[1]) * (byteUnits[match[2] ?? 'B'] ?? 1))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A size in configuration (`8MiB`) that becomes bytes, from `min` to `max` (both included). */
export function byteSize(min: string, max: string) {
  const low = parseByteSize(min) ?? 0
  const high = parseByteSize(max) ?? Number.MAX_SAFE_INTEGER
  const range = `a size from ${min} to ${max}`
  return z
    .string({ error: `expected ${range} with its unit, such as ${max}` })
    .transform((text, context) => {
      const bytes = parseByteSize(text)
      if (bytes !== undefined && bytes >= low && bytes <= high) return bytes
      context.addIssue({
        code: 'custom',
        message: `expected ${range}, got ${JSON.stringify(text)}`,
      })
      return z.NEVER
    })
    .meta({
      format: 'byte-size',
      bounds: `${min} to ${max}`,
      description: `From ${min} to ${max}.`,
    })
}

const bitRateUnits: Readonly<Record<string, number>> = {
  bps: 1,
  kbps: 1e3,
  Mbps: 1e6,
  Gbps: 1e9,
  Tbps: 1e12,
}

/** Bits a second of a rate such as `6Mbps` or `400Gbps`; `undefined` for anything else. */
function parseBitRate(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([kMGT]?bps)$/u.exec(text)
  if (match === null) return undefined
  const bits = Math.round(Number(match[1]) * (bitRateUnits[match[2] ?? ''] ?? 1))
  return Number.isSafeInteger(bits) ? bits : undefined
}

/** A rate in configuration (`6Mbps`) that becomes bits a second, from `min` to `max` (both included). */
export function bitRate(min: string, max: string) {
  const low = parseBitRate(min) ?? 0
  const high = parseBitRate(max) ?? Number.MAX_SAFE_INTEGER
  const range = `a bit rate from ${min} to ${max}`
  return z
    .string({ error: `expected ${range} with its unit, such as ${max}` })
    .transform((text, context) => {
      const bits = parseBitRate(text)
      if (bits !== undefined && bits >= low && bits <= high) return bits
      context.addIssue({
        code: 'custom',
        message: `expected ${range}, got ${JSON.stringify(text)}`,
      })
      return z.NEVER
    })
    .meta({
      format: 'bit-rate',
      bounds: `${min} to ${max}`,
      description: `From ${min} to ${max}.`,
    })
}

/**
 * An absolute URL with one of these schemes. It may carry credentials or signed query values, so
 * its error message never repeats it.
 */
export function secretUrl(...schemes: readonly string[]) {
  const expected = `an absolute ${schemes.join(' or ')} URL`
  return z
    .string({ error: `expected ${expected}` })
    .refine(
      (text) => schemes.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ''),
      `expected ${expected}`,
    )
}

/**
 * A map with one entry for each path of the group, by short name, such as the server that stands
 * for it at a load balancer. Configuration refuses one that leaves a path out or names another.
 */
export function perPath<Value extends z.ZodType>(value: Value) {
  return z.record(z.string(), value).meta({ perPath: true })
}

/** A map with an entry for some paths of the group, by short name. */
export function somePaths<Value extends z.ZodType>(value: Value) {
  return z.record(z.string(), value).meta({ somePaths: true })
}

/** The short name of a path of the group, as a field of an entry of `perPath` or `somePaths`. */
export function pathName() {
  return z.string().min(1).meta({ pathName: true })
}

function limit(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new RangeError(`not a duration: ${text}`)
  return ms
}
