import type { Clock } from '../core/clock.ts'
import type { FaultBoard, FaultOrder } from './faults/fault-board.ts'
import { readDuration, readFaultOrder } from './fault-order.ts'

/** A fault that is planned: `{ at: '10s', for: '20s', target: 'edge-a/news', fault: 'freeze' }`. */
export interface TimelineEntry {
  /** When it begins, as a duration from the start of the lab. */
  readonly at: string
  /** How long it lasts; it stays when absent. */
  readonly for?: string
  readonly target: string
  readonly fault: string
  readonly value?: number
}

interface Planned {
  readonly at: number
  readonly order: FaultOrder
}

/** Reads a timeline, in order of time. Throws a usage error about the first entry that cannot be. */
export function readTimeline(
  entries: readonly TimelineEntry[],
  board: FaultBoard,
): readonly Planned[] {
  return entries
    .map((entry) => {
      const order = readFaultOrder(entry, ['at'])
      board.check(order)
      return { at: readDuration('at', entry.at), order }
    })
    .sort((a, b) => a.at - b.at)
}

/** Puts the planned faults in force as their time comes, counted from the call. Ends with `signal`. */
export async function runTimeline(
  planned: readonly Planned[],
  board: FaultBoard,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const start = clock.now()
  for (const { at, order } of planned) {
    const left = start + at - clock.now()
    if (left > 0 && !(await clock.sleep(left, signal))) return
    if (signal.aborted) return
    board.inject(order)
  }
}
