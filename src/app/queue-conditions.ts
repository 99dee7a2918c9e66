import type { Condition } from '../core/condition.ts'
import type { Queue } from './installation.ts'

/** More groups fail at once than may be changed at once: one thing to tell, whoever waits (invariant 19). */
export function queueConditions(queue: Queue | undefined, wall: number): readonly Condition[] {
  if (queue === undefined) return []
  return [
    {
      key: 'installation#blast-radius',
      severity: 'critical',
      group: 'installation',
      // Who waits changes with every wave, and is no news by itself.
      title: `more groups fail at once than may be changed at once; ${queue.groups.length} wait`,
      did: 'Changes go on in waves, by priority.',
      todo: 'Look for what these groups share. Steer what cannot wait, with --bypass blast-radius.',
      since: wall,
      isOwn: true,
      details: { line: queue.says },
    },
  ]
}
