import type { Clock, Ids } from '../../core/clock.ts'
import { describeAllocation, type Allocation } from '../../core/allocation.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { Notice } from '../../core/notice.ts'

interface ChangeExtra {
  readonly ids: Ids
  /** Address of the status page. */
  readonly link?: string | undefined
  /** Tags of the stream. */
  readonly tags?: readonly string[] | undefined
  readonly clock: Pick<Clock, 'wall'>
}

/**
 * What is told of a change that was made: what goes into the journal as `applied`, whatever moved the traffic
 * (failover, failback, a step of a ramp, a steer, a drill). `undefined` for any other entry.
 */
export function changeNotice(
  { kind, group, path, actor, says, data }: JournalDraft,
  { clock, ids, link, tags }: ChangeExtra,
): Notice | undefined {
  const { intent, reason, from, to } = data ?? {}
  if (kind !== 'applied' || group === undefined || typeof intent !== 'string') return undefined
  const wall = clock.wall()
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
    since: wall,
    wall,
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
