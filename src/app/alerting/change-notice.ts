import type { Ids } from '../../core/clock.ts'
import { describeAllocation, type Allocation } from '../../core/allocation.ts'
import type { JournalEntry } from '../../core/journal.ts'
import type { Notice } from '../../core/notice.ts'

interface ChangeExtra {
  readonly ids: Ids
  /** Address of the status page. */
  readonly link?: string | undefined
  /** Tags of the stream. */
  readonly tags?: readonly string[] | undefined
}

/**
 * What is told of a change that was made: the journal's `applied` entry, whatever moved the traffic
 * (failover, failback, a step of a ramp, a steer, a drill). `undefined` for any other entry.
 */
export function changeNotice(
  { kind, group, path, actor, says, at, data }: JournalEntry,
  { ids, link, tags }: ChangeExtra,
): Notice | undefined {
  const { intent, reason, from, to } = data ?? {}
  if (kind !== 'applied' || group === undefined || typeof intent !== 'string') return undefined
  return {
    id: ids.next(),
    key: `change:${intent}`,
    action: 'change',
    severity: 'info',
    group,
    ...(path !== undefined && { path }),
    title: `${group}: ${typeof reason === 'string' ? `${reason}: ` : ''}${says}`,
    did: says,
    todo: 'Nothing.',
    since: at,
    wall: at,
    ...(link !== undefined && { link }),
    ...(tags !== undefined && { tags }),
    details: {
      intent,
      ...(typeof reason === 'string' && { reason }),
      ...(isAllocation(from) && { from: describeAllocation(from) }),
      ...(isAllocation(to) && { to: describeAllocation(to) }),
      ...(actor !== undefined && { actor }),
    },
  }
}

function isAllocation(value: unknown): value is Allocation {
  return typeof value === 'object' && value !== null
}
