import { describeAllocation, type Allocation } from '../../core/allocation.ts'
import type { GroupRow, Hold } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Actuator, Observed } from '../../plugin/actuator.ts'
import { decides, observeBounded } from './bound-actuator.ts'
import { initialAllocation } from '../../engine/group/initial-allocation.ts'
import { heldUntil } from '../../engine/group/memory.ts'
import type { ChangeDeps } from './change-deps.ts'

/** What one actuator showed at the last read-back. */
export interface ActuatorReading {
  readonly type: string
  readonly ok: boolean
  readonly says: string
  /** Milliseconds until an applied write is in effect everywhere. */
  readonly settleMs: number
  readonly observed?: Observed
  /** Not required, and it does not follow what was applied. */
  readonly lags?: boolean
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
  /** Targets disagree with each other: somebody edited some of them. */
  | {
      readonly result: 'split'
      readonly readings: readonly ActuatorReading[]
      readonly says: string
    }
  /** Somebody edited the target since our last write, or all of them alike. */
  | {
      readonly result: 'edited'
      readonly readings: readonly ActuatorReading[]
      readonly observed: Allocation
      readonly says: string
    }

/**
 * Observes every push actuator and compares it with the applied allocation; reads only. Required
 * actuators decide (all, where none is required): one that is not, and lags behind, is only named.
 */
export async function readBack(deps: ChangeDeps, signal: AbortSignal): Promise<ReadBack> {
  const { clock, settings, record } = deps
  const readings: ActuatorReading[] = []
  const judged: { target: Actuator; observed: Observed; type: string }[] = []
  let refusal: string | undefined
  const applied = record.memory.row.allocation
  for (const actuator of deps.actuators) {
    const { type, target } = actuator
    const { settleMs } = actuator.capabilities
    if (target === undefined) {
      const says = 'answers from the applied allocation'
      readings.push({ type, ok: true, says, settleMs })
      continue
    }
    const isDeciding = decides(actuator, deps.actuators)
    const read = await observeBounded(clock, target, settings.callTimeoutMs, signal)
    if (!read.ok) {
      readings.push({ type, ok: false, says: read.says, settleMs })
      if (isDeciding) refusal ??= `cannot read ${type}: ${read.says}`
      continue
    }
    const { observed } = read
    const lags = !isDeciding && applied !== undefined && target.plan(observed, applied).length > 0
    readings.push({
      type,
      ok: true,
      says: observed.says,
      settleMs,
      observed,
      ...(lags && { lags }),
    })
    if (isDeciding) judged.push({ type, target, observed })
  }
  if (refusal !== undefined) return { result: 'unreadable', readings, says: refusal }
  if (applied === undefined) {
    const { published } = record.memory.row
    const observed = judged[0]?.observed.allocation ?? published ?? initialAllocation(settings)
    const stranger = judged.find((each) => !each.observed.ours)
    // What was published once is ours: after an `ack` nobody needs to adopt it again.
    if (stranger !== undefined && published === undefined) {
      const says = `the target is not ours: ${stranger.observed.says}; take it over with: changeover adopt ${settings.name}`
      return { result: 'foreign', readings, says, observed }
    }
    return { result: 'first', readings, observed }
  }
  const edited = judged.find(
    (each) => each.target.plan(each.observed, applied).length > 0,
  )?.observed
  if (edited === undefined) return { result: 'same', readings }
  const agree = judged.every(
    (each) => each.target.plan(each.observed, edited.allocation).length === 0,
  )
  if (agree) return { result: 'edited', readings, observed: edited.allocation, says: edited.says }
  const shown = judged.map(
    ({ type, observed }) => `${type} shows ${describeAllocation(observed.allocation)}`,
  )
  return { result: 'split', readings, says: shown.join(', ') }
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

/** A foreign edit is believed, never overwritten, and holds the group: "a person edits the record" in docs/safety.md. */
export async function acceptEdit(
  deps: ChangeDeps,
  observed: Allocation,
  says: string,
): Promise<boolean> {
  const entry: JournalDraft = {
    kind: 'foreign-edit',
    group: deps.settings.name,
    says: `the target was changed by somebody else and now serves ${describeAllocation(observed)}; held for a while`,
    data: { allocation: observed },
  }
  return await holdForEdit(deps, entry, says, { allocation: observed, published: observed })
}

/** Targets that disagree: nothing is believed yet, and nothing written, while a person brings them in line. */
export async function acceptSplit(deps: ChangeDeps, says: string): Promise<boolean> {
  const entry: JournalDraft = {
    kind: 'foreign-edit',
    group: deps.settings.name,
    says: `somebody else changed some of the targets: ${says}; held for a while`,
  }
  return await holdForEdit(deps, entry, says, {})
}

async function holdForEdit(
  deps: ChangeDeps,
  entry: JournalDraft,
  says: string,
  believed: Partial<Pick<GroupRow, 'allocation' | 'published'>>,
): Promise<boolean> {
  const { clock, record, settings } = deps
  const wall = clock.wall()
  const held = heldUntil(record.memory)
  const implied: Hold = {
    owner: 'changeover',
    reason: `somebody else changed the target: ${says}`,
    since: wall,
    until: wall + settings.impliedHoldMs,
  }
  const saved = await record.save(
    (row) => {
      // A hold that lasts longer was given by somebody who meant it.
      const isLonger = row.hold !== undefined && row.hold.until > implied.until
      return { ...row, ...believed, state: 'OBSERVE', ...(!isLonger && { hold: implied }) }
    },
    [entry],
  )
  if (!saved.ok) return false
  record.remember((memory) => ({
    ...memory,
    holdUntil: Math.max(held, clock.now() + settings.impliedHoldMs),
  }))
  return true
}
