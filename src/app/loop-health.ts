import type { GroupSettings } from '../core/settings.ts'
import type { GroupSnapshot } from './group/controller-deps.ts'

/** A change may be made, made elsewhere and taken back, each with its calls and its verification. */
const attemptsOfChange = 3
const callsOfAttempt = 8

/** One group, and what its controller shows; `undefined` before it began. */
export interface LoopGroup {
  readonly settings: GroupSettings
  readonly snapshot: Pick<GroupSnapshot, 'busy' | 'lastTurn'> | undefined
}

/**
 * The name of a group that was not evaluated for longer than `afterMs` of the monotonic clock, and
 * for the longest change that may be under way; `undefined` while every group is.
 */
export function stuckGroup(
  groups: readonly LoopGroup[],
  now: number,
  afterMs: number,
): string | undefined {
  return groups.find(({ settings, snapshot }) => {
    if (snapshot === undefined) return false
    const changeMs = snapshot.busy === undefined ? 0 : longestChangeMs(settings)
    return now - snapshot.lastTurn > afterMs + changeMs
  })?.settings.name
}

function longestChangeMs({ verify, callTimeoutMs }: GroupSettings): number {
  return attemptsOfChange * (verify.forMs + callsOfAttempt * callTimeoutMs)
}
