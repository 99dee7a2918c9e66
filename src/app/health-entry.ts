import type { JournalDraft } from '../core/journal.ts'
import type { Transition } from './health-board.ts'

/** What the journal says of a path whose health changed. */
export function healthEntry({ group, path, from, to }: Transition): JournalDraft {
  return {
    kind: 'health',
    group,
    path,
    says: `${path} is ${to.health}${from === undefined ? '' : `, was ${from.health}`}: ${to.says}`,
    data: { health: to.health, ...(to.diagnosis !== undefined && { diagnosis: to.diagnosis }) },
  }
}
