import { describeAllocation } from '../../core/allocation.ts'
import type { Proposal } from '../../engine/group/situation.ts'
import { decides, observeBounded } from './bound-actuator.ts'
import type { ChangeDeps } from './change-deps.ts'

/** The version of every actuator that a change may build on, or why none may be made now. */
export type ExpectedVersions =
  | { readonly ok: true; readonly versions: readonly (string | undefined)[] }
  | {
      readonly ok: false
      readonly says: string
      /** A target shows something else than what was applied: the world must be read back. */
      readonly isEdited: boolean
    }

/**
 * Reads the version of each push actuator right before a change (invariant 28). A target out of
 * line is somebody's edit. One that is not required and cannot be read, or shows what we never
 * applied, gets no version and is left alone: only our own lag is made up for.
 */
export async function expectedVersions(
  { clock, actuators, record, settings }: ChangeDeps,
  proposal: Proposal,
  signal: AbortSignal,
): Promise<ExpectedVersions> {
  const versions: (string | undefined)[] = []
  for (const [index, actuator] of actuators.entries()) {
    const { type, target } = actuator
    if (target === undefined) {
      versions.push(undefined)
      continue
    }
    const isDeciding = decides(actuator, actuators)
    const read = await observeBounded(clock, target, settings.callTimeoutMs, signal)
    if (!read.ok) {
      if (isDeciding) return { ok: false, says: `${type}: ${read.says}`, isEdited: false }
      versions.push(undefined)
      continue
    }
    const { allocation, version } = read.observed
    const isInLine = target.plan(read.observed, proposal.from).length === 0
    if (!isInLine && isDeciding) {
      const says = `${type} shows ${describeAllocation(allocation)}, not what was applied`
      return { ok: false, says, isEdited: true }
    }
    const isOwnLag = record.memory.lagging?.get(index) === version
    versions.push(isInLine || isOwnLag ? version : undefined)
  }
  return { ok: true, versions }
}
