import { movedPoints, raisedPaths, serving, type Allocation } from '../core/allocation.ts'
import { asShares } from '../engine/group/weights.ts'
import { isBarred } from './invariants-evidence.ts'
import { isAutomatic, type Opened, type Trace, type Violation } from './trace.ts'
import { groupOf } from './world.ts'

/** 3, 11, 12, 20: weights add up, nobody unseen is touched, and maxima and velocity hold on what is left behind. */
export function shares(trace: Trace): Violation[] {
  return trace.opened
    .filter(({ intent }) => isAutomatic(intent))
    .flatMap((each) => sharesOf(trace, each))
}

function sharesOf(trace: Trace, { at, group, intent }: Opened): Violation[] {
  const { sharing } = groupOf(trace.world, group)
  if (sharing === undefined) return []
  const violations: Violation[] = []
  const tell = (invariant: number, says: string) => violations.push({ invariant, at, says })
  const { to, leaving, reason, basis } = intent
  const from = asShares(intent.from)
  const health = (name: string) => basis.paths[name]?.health
  const sum = Object.values(to).reduce((all, weight) => all + weight, 0)
  if (sum !== 100) tell(11, `${intent.id} wants weights that add up to ${sum}`)
  const raised = raisedPaths(from, to)
  for (const name of Object.keys(to)) {
    const isLess = (to[name] ?? 0) < (from[name] ?? 0)
    // A drill gives back what it took also where that cannot be seen any more.
    if (isLess && intent.drill?.part === 'return') continue
    if (health(name) === 'unknown' && (to[name] ?? 0) !== (from[name] ?? 0)) {
      tell(3, `${name} is unknown and goes from ${from[name]} to ${to[name]}`)
    }
  }
  if (reason === 'spread') return violations
  for (const name of raised) {
    if (health(name) !== 'up' && health(name) !== 'degraded') {
      tell(9, `${name} is ${health(name)} and is given more`)
    }
  }
  const over = raised.filter((name) => (to[name] ?? 0) > (sharing.maxWeights[name] ?? 100))
  const others = serving(to).filter(
    (name) =>
      health(name) === 'up' && !over.includes(name) && !isBarred(trace, group, name, at, intent.id),
  )
  if (over.length > 0 && (over.length > 1 || others.length > 0)) {
    tell(12, `${over.join(', ')} beyond its maximum, while ${others.join(', ')} is up and serves`)
  }
  const { velocity } = sharing
  if (velocity === undefined || leaving.length > 0) return violations
  const before = trace.applied.filter(
    (each) =>
      each.group === group &&
      each.intent.id !== intent.id &&
      each.at <= at &&
      at - each.at < velocity.perMs,
  )
  const points = before.reduce((all, each) => all + pointsOf(each.intent), movedPoints(from, to))
  const doubtful = trace.isClockDoubtful(at - velocity.perMs, at)
  if (points > velocity.points && before.every((each) => each.isFirst) && !doubtful) {
    tell(20, `${points} points of ${velocity.points} within the time`)
  }
  return violations
}

function pointsOf({ from, to }: { readonly from: Allocation; readonly to: Allocation }): number {
  return movedPoints(asShares(from), to)
}
