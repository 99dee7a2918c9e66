import { movedPoints, serving, type Allocation } from '../../core/allocation.ts'
import type { Guard } from './guard.ts'
import type { Proposal, Situation } from './situation.ts'
import { takers } from './targets.ts'
import { describeVelocity, pointsLeft } from './velocity.ts'
import { hasRoom } from './weighted.ts'
import { asShares } from './weights.ts'

const yes = (says: string) => ({ pass: true, says })
const no = (says: string) => ({ pass: false, says })

const standby = yes('one path carries everything')

/** Fewer than configured are accepted only where there were fewer still before (invariant 12). */
const minServingGuard: Guard = {
  name: 'min-serving',
  bypassable: true,
  ask: (proposal, situation) => {
    const { sharing } = situation.settings
    if (sharing === undefined) return standby
    if (proposal.reason === 'spread') return yes('waived for the last resort')
    const before = alive(situation, proposal.from)
    const after = alive(situation, proposal.to)
    const says = `${after} ${after === 1 ? 'path that is not down would serve' : 'paths that are not down would serve'}, at least ${sharing.minServing} must`
    return after >= sharing.minServing || after > before ? yes(says) : no(says)
  },
}

/** Waived for the last path that can take anything, and for what was above its maximum before and gets less (invariant 12). */
const maxWeightGuard: Guard = {
  name: 'max-weight',
  bypassable: true,
  ask: (proposal, situation) => {
    const { sharing } = situation.settings
    if (sharing === undefined) return standby
    const { to } = proposal
    const from = asShares(proposal.from)
    const over = serving(to).filter(
      (name) =>
        (to[name] ?? 0) > (sharing.maxWeights[name] ?? 100) && (to[name] ?? 0) > (from[name] ?? 0),
    )
    if (over.length === 0) return yes('no path would get more than its maximum')
    const says = over
      .map((name) => `${name} would get ${to[name]}, its maximum is ${sharing.maxWeights[name]}`)
      .join('; ')
    const isLast = over.length === 1 && isLastPath(situation, proposal, over[0] ?? '')
    return isLast ? yes(`${says}: waived, because it is the only path left`) : no(says)
  },
}

/** Waived where a down path is left for paths that, as far as is declared, can carry it (invariant 20). */
const velocityGuard: Guard = {
  name: 'velocity',
  bypassable: true,
  ask: (proposal, situation) => {
    if (situation.settings.sharing === undefined) return standby
    const { to, drill, leaving, reason } = proposal
    const from = asShares(proposal.from)
    const points = movedPoints(from, to)
    const says = `${describeVelocity(situation)}, this would move ${points}`
    if (points <= pointsLeft(situation)) return yes(says)
    const isRescue = leaving.length > 0 && hasRoom(situation, from, to)
    if (isRescue) return yes(`${says}: waived, because a down path is left`)
    if (reason === 'spread') return yes(`${says}: waived for the last resort`)
    if (drill?.part === 'return') return yes(`${says}: waived for the way back of a drill`)
    return no(says)
  },
}

/** Guards over weights, in order: they look at the allocation as it would be after the change. */
export const sharingGuards: readonly Guard[] = [minServingGuard, maxWeightGuard, velocityGuard]

/** How many paths serve that are not down. */
function alive({ paths }: Situation, allocation: Allocation): number {
  return serving(allocation).filter((name) => paths.get(name)?.health !== 'down').length
}

/** Whether no other path could take any of it. */
function isLastPath(situation: Situation, { leaving }: Proposal, name: string): boolean {
  return takers(situation, leaving).every((each) => each === name)
}
