import { groupOf } from './world.ts'
import { isAutomatic, type Trace, type Violation } from './trace.ts'

/** 17, 18, 21: holddown from applied with its one exception, no return to a path left as down, budget in any window. */
export function rates(trace: Trace): Violation[] {
  const violations: Violation[] = []
  const { world } = trace
  for (const { at, group, intent } of trace.opened) {
    // A step of a ramp belongs to its change; what it may move, velocity says.
    if (!isAutomatic(intent) || intent.reason === 'ramp') continue
    // Coming back from a drill belongs to its change.
    if (intent.drill?.part === 'return') continue
    const { holddownMs, budget } = groupOf(world, group)
    const tell = (invariant: number, says: string) => violations.push({ invariant, at, says })
    // A person who looked forgives what was spent; what happened before tells nothing more.
    const forgivenAt = trace.of(group, 'ack').findLast((each) => each.at <= at)?.at ?? -1
    const before = trace.applied.filter(
      (each) => each.group === group && each.at <= at && each.intent.id !== intent.id,
    )
    const recent = before.filter((each) => at - each.at < holddownMs)
    const charged = recent.filter((each) => each.at > forgivenAt && each.intent.charge > 1)
    // A drill starts no holddown, and what was left as down on its way back is left all the same.
    const holding = recent.filter((each) => each.intent.reason !== 'drill')
    if (recent.some((each) => each.intent.leaving.includes(intent.target))) {
      tell(21, `returned to ${intent.target}, left as down`)
    }
    if (holding.length > 0) {
      const gap = at - (holding.at(-1)?.at ?? 0)
      if (intent.charge < 2 || intent.reason !== 'failover') {
        tell(17, `${intent.reason} at charge ${intent.charge}, ${gap} ms after a change`)
      }
      if (charged.length > 0) tell(17, 'a second exception within one holddown')
    }
    const doubtful = trace.isClockDoubtful(at - budget.perMs, at)
    const window = before.filter(
      (each) => each.isFirst && each.at > forgivenAt && at - each.at < budget.perMs,
    )
    const cost = window.reduce((sum, each) => sum + each.intent.charge, intent.charge)
    const reserve = intent.reason === 'failback' || intent.reason === 'drill' ? 1 : 0
    if (cost + reserve > budget.changes && !doubtful) {
      tell(18, `${intent.reason} brings the cost to ${cost} of ${budget.changes} within the window`)
    }
  }
  return violations
}

/** 19: over all groups together, only so many change within the window. */
export function blastRadius(trace: Trace): Violation[] {
  const { groups, fraction, perMs } = trace.world.settings.installation.blastRadius
  const limit = Math.max(groups, Math.floor(fraction * trace.world.settings.groups.length))
  return trace.opened
    .filter(({ intent }) => isAutomatic(intent) && intent.drill?.part !== 'return')
    .flatMap(({ at, group }) => {
      const changed = new Set(
        trace.applied
          .filter((each) => each.intent.reason !== 'drill')
          .filter((each) => each.at <= at && at - each.at < perMs)
          .map((each) => each.group),
      )
      if (changed.has(group) || changed.size < limit) return []
      if (trace.isClockDoubtful(at - perMs, at)) return []
      const says = `${group} moved after ${[...changed].join(', ')} within the window`
      return [{ invariant: 19, at, says }]
    })
}
