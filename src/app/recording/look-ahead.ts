import type { PlacedLine } from './reader.ts'
import type { RecordedLine, RecordedSample } from './recording-format.ts'

/** A line, and for a sample the next one of the same path and vantage, where it follows soon. */
export interface ForeseenLine extends PlacedLine {
  readonly next: RecordedSample | undefined
}

interface Held extends PlacedLine {
  next: RecordedSample | undefined
}

/** Looks come later than due now and then: a gap of more than this many cadences is a gap. */
const reachInCadences = 3

/**
 * Passes lines on a little later, when it is known what the next look at the same path showed.
 * Keeps the lines of a few cadences of the slowest path, and never looks into another run.
 */
export async function* lookAhead(lines: AsyncIterable<PlacedLine>): AsyncIterable<ForeseenLine> {
  let held: Held[] = []
  let first = 0
  let reachMs = 0
  let run: string | undefined
  const newest = new Map<string, Held>()
  for await (const placed of lines) {
    const { line } = placed
    if (line.kind === 'header' && line.run !== run) {
      yield* held.slice(first)
      held = []
      first = 0
      reachMs = 0
      newest.clear()
      run = line.run
    }
    reachMs = Math.max(reachMs, slowest(line) * reachInCadences)
    const entry: Held = { ...placed, next: undefined }
    if (line.kind === 'sample') {
      const key = `${line.vantage} ${line.path}`
      const before = newest.get(key)
      if (before !== undefined && line.at - before.line.at < reachMs) before.next = line
      newest.set(key, entry)
    }
    held.push(entry)
    for (let head = held[first]; head !== undefined; head = held[first]) {
      if (line.at - head.line.at < reachMs) break
      yield head
      first += 1
    }
    if (first > 1_024 && first * 2 > held.length) {
      held = held.slice(first)
      first = 0
    }
  }
  yield* held.slice(first)
}

function slowest(line: RecordedLine): number {
  if (line.kind !== 'header' && line.kind !== 'groups') return 0
  return Math.max(0, ...line.groups.flatMap(({ paths }) => paths.map(({ everyMs }) => everyMs)))
}
