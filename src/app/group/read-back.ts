import { allTo, describeAllocation, type Allocation } from '../../core/allocation.ts'
import type { GroupRow } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Observed } from '../../plugin/actuator.ts'
import { observeBounded } from './bound-actuator.ts'
import type { ChangeDeps } from './change.ts'

/** What one actuator showed at the last read-back. */
export interface ActuatorReading {
  readonly type: string
  readonly ok: boolean
  readonly says: string
  /** Milliseconds until an applied write is in effect everywhere. */
  readonly settleMs: number
  readonly observed?: Observed
}

/** What came of reading back every actuator of a group. */
export type ReadBack =
  | { readonly result: 'same'; readonly readings: readonly ActuatorReading[] }
  /** A required actuator could not be read: nothing may be decided on it. */
  | {
      readonly result: 'unreadable'
      readonly readings: readonly ActuatorReading[]
      readonly says: string
    }
  /** Never seen before, and not marked as ours: a person must adopt it. */
  | {
      readonly result: 'foreign'
      readonly readings: readonly ActuatorReading[]
      readonly says: string
      readonly observed: Allocation
    }
  /** First boot: the world as it is becomes the allocation. */
  | {
      readonly result: 'first'
      readonly readings: readonly ActuatorReading[]
      readonly observed: Allocation
    }
  /** Somebody edited a target since our last write. */
  | {
      readonly result: 'edited'
      readonly readings: readonly ActuatorReading[]
      readonly observed: Allocation
      readonly says: string
    }

/** Observes every push actuator and compares it with the applied allocation; reads only. */
export async function readBack(deps: ChangeDeps, signal: AbortSignal): Promise<ReadBack> {
  const { clock, settings, record } = deps
  const readings: ActuatorReading[] = []
  let refusal: string | undefined
  let first: Observed | undefined
  let edited: Observed | undefined
  const applied = record.memory.row.allocation
  for (const actuator of deps.actuators) {
    const { type } = actuator
    const { settleMs } = actuator.capabilities
    if (actuator.target === undefined) {
      const says = 'answers from the applied allocation'
      readings.push({ type, ok: true, says, settleMs })
      continue
    }
    const read = await observeBounded(clock, actuator.target, settings.callTimeoutMs, signal)
    if (!read.ok) {
      readings.push({ type, ok: false, says: read.says, settleMs })
      if (actuator.required) refusal ??= `cannot read ${type}: ${read.says}`
      continue
    }
    const { observed } = read
    readings.push({ type, ok: true, says: observed.says, settleMs, observed })
    first ??= observed
    const isInLine = applied === undefined || actuator.target.plan(observed, applied).length === 0
    if (!isInLine) edited ??= observed
  }
  if (refusal !== undefined) return { result: 'unreadable', readings, says: refusal }
  if (applied === undefined) {
    const { published } = record.memory.row
    const names = settings.paths.map((path) => path.name)
    const observed = first?.allocation ?? published ?? allTo(names[0] ?? '', names)
    // What was published once is ours: after an `ack` nobody needs to adopt it again.
    if (first !== undefined && !first.ours && published === undefined) {
      const says = `the target is not ours: ${first.says}; take it over with: changeover adopt ${settings.name}`
      return { result: 'foreign', readings, says, observed }
    }
    return { result: 'first', readings, observed }
  }
  if (edited !== undefined) {
    return { result: 'edited', readings, observed: edited.allocation, says: edited.says }
  }
  return { result: 'same', readings }
}

/** Takes the world's allocation into the row: at first boot, or when a person says `adopt`. */
export async function adoptWorld(
  deps: ChangeDeps,
  observed: Allocation,
  actor: string | undefined,
): Promise<boolean> {
  const { record, settings } = deps
  const says = `${describeAllocation(observed)} serves: taken over as it is`
  const saved = await record.save(
    (row) => ({ ...row, state: 'OBSERVE', allocation: observed, published: observed }),
    [
      {
        kind: 'adopted',
        group: settings.name,
        says,
        ...(actor !== undefined && { actor }),
        data: { allocation: observed },
      },
    ],
  )
  return saved.ok
}

/** A foreign edit is believed, never overwritten, and holds the group (SAFETY: a person edits the record). */
export async function acceptEdit(
  deps: ChangeDeps,
  observed: Allocation,
  says: string,
): Promise<boolean> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const hold = {
    owner: 'changeover',
    reason: `somebody else changed the target: ${says}`,
    since: wall,
    until: wall + settings.impliedHoldMs,
  }
  const entries: JournalDraft[] = [
    {
      kind: 'foreign-edit',
      group: settings.name,
      says: `the target was changed by somebody else and now serves ${describeAllocation(observed)}; held for a while`,
      data: { allocation: observed },
    },
  ]
  const update = (row: GroupRow): GroupRow => ({
    ...row,
    state: 'OBSERVE',
    allocation: observed,
    published: observed,
    hold,
  })
  const saved = await record.save(update, entries)
  if (saved.ok) {
    record.remember((memory) => ({ ...memory, holdUntil: clock.now() + settings.impliedHoldMs }))
  }
  return saved.ok
}
