import type { Clock } from '../core/clock.ts'
import type { GroupSettings } from '../core/settings.ts'
import { intentBudgetMs } from './group/change-deps.ts'
import type { GroupController } from './group/group-controller.ts'

/** How often it is looked whether a change has come to its end. Milliseconds. */
const lookEveryMs = 200

interface Led {
  readonly settings: GroupSettings
  readonly controller: GroupController
}

/**
 * Waits until no group that this process leads has an open intent: each comes to its commit, its
 * abort or its deadline, with verification and one compensation. Never longer than the longest of
 * them may take, nor after `signal`. `onWait` is told once which groups are waited for.
 */
export async function settleChanges(
  clock: Clock,
  groups: () => Iterable<Led>,
  onWait: (groups: readonly string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const first = [...groups()].filter((each) => isChanging(each))
  if (first.length === 0) return
  onWait(first.map(({ settings }) => settings.name))
  const longest = Math.max(...first.map(({ settings }) => longestMs(settings)))
  const until = clock.now() + longest
  while (clock.now() < until && [...groups()].some((each) => isChanging(each))) {
    if (!(await clock.sleep(lookEveryMs, signal))) return
  }
}

function isChanging({ controller }: Led): boolean {
  const { memory, lease } = controller.snapshot().situation
  return lease !== undefined && memory.row.intent !== undefined
}

/** A change and its compensation: each writes within its budget and is verified, and judging one waits first. */
function longestMs(settings: GroupSettings): number {
  return 2 * (intentBudgetMs(settings) + settings.verify.forMs + 2 * settings.callTimeoutMs)
}
