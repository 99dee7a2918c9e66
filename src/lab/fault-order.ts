import { parseDuration } from '../core/duration.ts'
import { ChangeoverError } from '../core/errors.ts'
import type { FaultOrder } from './faults/fault-board.ts'
import { quoted } from './faults/target.ts'

const keys = ['target', 'fault', 'value', 'for'] as const

/**
 * Reads `{ target, fault, value?, for? }` from outside, strictly; `for` is a duration such as `20s`.
 * Throws a usage error about the first thing wrong. Whether the names exist is the board's to say.
 */
export function readFaultOrder(from: unknown, more: readonly string[] = []): FaultOrder {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) {
    throw usage('A fault is described by an object.', 'Send { "target": …, "fault": … }.')
  }
  const known: readonly string[] = [...keys, ...more]
  const stray = Object.keys(from).find((key) => !known.includes(key))
  if (stray !== undefined) {
    throw usage(`A fault has no ${quoted(stray)}.`, `Use ${known.join(', ')}.`)
  }
  const { target, fault, value, for: lasting } = from as Partial<Record<string, unknown>>
  if (typeof target !== 'string') {
    throw usage('The target is missing.', 'Use "target": "<server>/<stream>/<rendition>".')
  }
  if (typeof fault !== 'string') {
    throw usage('The fault is missing.', 'GET /lab/faults lists the faults.')
  }
  if (value !== undefined && typeof value !== 'number') {
    throw usage('The value is not a number.', 'Use a number in the unit of the fault.')
  }
  const forMs = lasting === undefined ? undefined : readDuration('for', lasting)
  return { target, fault, value, forMs }
}

/** Reads a duration in milliseconds. Throws a usage error that names `key`. */
export function readDuration(key: string, from: unknown): number {
  const ms = typeof from === 'string' ? parseDuration(from) : undefined
  if (ms !== undefined) return ms
  throw usage(`${quoted(key)} is not a duration.`, 'Use a text such as "500ms", "20s" or "1m30s".')
}

function usage(says: string, todo: string): ChangeoverError {
  return new ChangeoverError('USAGE', says, { todo })
}
