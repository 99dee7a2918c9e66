import { bySeverity, wording, type Incident } from './incident.ts'

/** A change of wording waits this long, each further one twice as long; a worse severity never. */
const UPDATE_AFTER_MS = 15_000
const LONGEST_UPDATE_MS = 300_000

/**
 * The monotonic time, in milliseconds, at which people are to be told something about an incident:
 * that it changed, or that it was gone for `clearForMs`. `Infinity` where there is nothing to tell.
 */
export function dueAt(
  { ending, goneAt, isNew, now, record, toldAt, updates }: Incident,
  clearForMs: number,
): number {
  if (isNew) return Infinity
  if (goneAt !== undefined) return ending === undefined ? goneAt + clearForMs : Infinity
  const told = record.condition
  if (wording(now) === wording(told)) return Infinity
  if (bySeverity(now.severity, told.severity) < 0) return toldAt
  return toldAt + Math.min(UPDATE_AFTER_MS * 2 ** Math.min(updates, 10), LONGEST_UPDATE_MS)
}
