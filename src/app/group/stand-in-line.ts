import type { GroupSettings } from '../../core/settings.ts'
import type { Decision } from '../../engine/group/decide.ts'
import type { Installation } from '../installation.ts'

/** Stands in line for the blast radius as long as nothing else keeps a change from being made. */
export function standInLine(
  installation: Installation,
  { name, priority }: Pick<GroupSettings, 'name' | 'priority'>,
  decision: Decision,
): void {
  const vetoes = decision.guards.filter((answer) => !answer.pass)
  const isDue = decision.kind === 'change' || vetoes.length > 0
  // A drill keeps nobody waiting, and waits for nobody on its way back.
  const isDrill = decision.kind === 'change' && decision.proposal.reason === 'drill'
  const waits = isDue && !isDrill && vetoes.every((answer) => answer.guard === 'blast-radius')
  const isUrgent = decision.kind === 'change' && decision.proposal.reason !== 'failback'
  const isStuck = decision.kind === 'stay' && decision.state === 'EVALUATE'
  if (waits && decision.kind !== 'freeze') {
    installation.want(name, priority, isUrgent || isStuck)
  } else installation.leave(name)
}
