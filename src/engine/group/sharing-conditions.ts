import { serving } from '../../core/allocation.ts'
import { shortfallOf } from './capacity.ts'
import type { Decision } from './decide.ts'
import type { GroupTrouble } from './group-trouble.ts'
import type { Situation } from './situation.ts'

/** What is wrong with how a weighted group shares its traffic now; nothing for any other. */
export function sharingTroubles(situation: Situation, decision: Decision): GroupTrouble[] {
  const { memory, settings } = situation
  const { sharing } = settings
  if (sharing === undefined) return []
  const carried = memory.row.allocation ?? {}
  const on = serving(carried)
  const troubles: GroupTrouble[] = []
  const over = on.filter((name) => (carried[name] ?? 0) > (sharing.maxWeights[name] ?? 100))
  if (over.length > 0) {
    const says = over.map(
      (name) =>
        `${name} carries ${carried[name]} %, beyond its maximum of ${sharing.maxWeights[name]} %`,
    )
    troubles.push({
      name: 'max-weight',
      title: says.join('; '),
      todo: 'Watch how it bears that, and bring another path back; weight returns by itself as failback says.',
    })
  }
  const small = on.flatMap((name) => shortfallOf(situation, name, carried[name] ?? 0) ?? [])
  if (small.length > 0) {
    troubles.push({
      name: 'capacity',
      severity: 'warning',
      title: small.join('; '),
      todo: 'Bring another path back, or correct demand and capacity in the configuration.',
    })
  }
  if (decision.kind === 'stay' && decision.whyNot?.guard === 'panic') {
    troubles.push({
      name: 'panic',
      title: decision.whyNot.says,
      todo: 'Weights are not moved any more: bring paths back, or steer by weights yourself.',
    })
  }
  troubles.push(...unseen(situation, on))
  return troubles
}

/** Less than half of the traffic is unknown: no reason to call the group blind, and one to tell people. */
function unseen(
  { memory, now, paths, settings }: Situation,
  on: readonly string[],
): GroupTrouble[] {
  if (now - memory.observingSince < settings.earnMs) return []
  const dark = on.filter((name) => (paths.get(name)?.health ?? 'unknown') === 'unknown')
  if (dark.length === 0 || dark.length === on.length) return []
  return [
    {
      name: 'unknown',
      severity: 'warning',
      title: `nothing is known of ${dark.join(', ')}: weights there stay as they are`,
      todo: 'Look why it cannot be seen: a look that is not made proves nothing, good or bad.',
    },
  ]
}
