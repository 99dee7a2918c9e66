import { describeAllocation, heaviest, serving } from '../../core/allocation.ts'
import type { Condition } from '../../core/condition.ts'
import { effects, remedies } from '../../core/diagnosis.ts'
import type { PathHealth } from '../../core/health.ts'
import type { Decision } from './decide.ts'
import { liveDrill } from './drill.ts'
import { partialTrouble } from './effect.ts'
import type { GroupTrouble } from './group-trouble.ts'
import { sharingTroubles } from './sharing-conditions.ts'
import type { Situation } from './situation.ts'

/**
 * What people should know about a group now (invariants 37, 43): a pure function, evaluated with
 * every decision. `wall` only stamps; every age is monotonic.
 */
export function conditionsOf(situation: Situation, decision: Decision, wall: number): Condition[] {
  const found: Condition[] = []
  const { settings, memory } = situation
  const group = settings.name
  const did = decision.kind === 'change' ? `moving: ${decision.says}` : decision.says
  const on = new Set(serving(memory.row.allocation ?? {}))
  for (const path of settings.paths) {
    const health = situation.paths.get(path.name)
    const isServing = on.has(path.name)
    const isVetoed = health?.vetoedBy !== undefined && isServing
    if (health === undefined || (health.health !== 'down' && !isVetoed)) continue
    const ageMs = situation.now - health.since
    // A standby, or a path that was left in time, is trouble too, but nobody is off air for it.
    if (isServing && ageMs < settings.pageAfterMs && !isStuck(decision)) continue
    found.push({
      key: `${group}/${path.name}`,
      severity: isServing ? 'critical' : 'warning',
      group,
      path: path.name,
      ...(health.diagnosis !== undefined && { diagnosis: health.diagnosis }),
      title: `${group}: ${path.name} is ${isVetoed ? 'down but for a witness' : 'down'}${isServing ? ' and carries the traffic' : ''}: ${health.says}`,
      did,
      todo: remedyOf(health),
      viewers: viewersOf(health, isServing, on.size),
      ...(health.runbook !== undefined && { runbook: health.runbook }),
      since: wall - ageMs,
      details: { state: stateOf(decision), serving: [...on].join(', ') },
    })
  }
  const troubles = [
    groupTrouble(situation, decision),
    unverified(situation),
    lagging(situation),
    notRestored(situation, decision),
    refused(situation, decision),
    partialTrouble(situation.effect, situation.now),
    ...sharingTroubles(situation, decision),
  ]
  for (const trouble of troubles) {
    if (trouble === undefined) continue
    found.push({
      key: `${group}#${trouble.name}`,
      severity: trouble.severity ?? 'critical',
      group,
      title: `${group}: ${trouble.title}`,
      did: trouble.did ?? did,
      todo: trouble.todo,
      ...(trouble.viewers !== undefined && { viewers: trouble.viewers }),
      ...(trouble.isOwn === true && { isOwn: true }),
      since: wall,
      details: { state: stateOf(decision), serving: [...on].join(', ') },
    })
  }
  return found
}

/** A change that did not show what it was made for is told, whatever became of it (invariant 43). */
function unverified({ memory, now }: Situation): GroupTrouble | undefined {
  const failed = memory.unverified
  if (failed === undefined || now >= failed.until) return undefined
  return {
    name: 'verify',
    severity: failed.reason === 'failback' ? 'warning' : 'critical',
    title: `a ${failed.reason} could not be verified: ${failed.says}`,
    todo: 'Look at the public name and at the targets: do viewers get what Changeover applied?',
  }
}

/** A drill is over its time, and traffic did not return (invariant 40). */
function notRestored(situation: Situation, decision: Decision): GroupTrouble | undefined {
  const drill = liveDrill(situation)
  const { memory, now, settings } = situation
  if (drill === undefined || now < (memory.drillTimes?.max ?? Number.POSITIVE_INFINITY)) {
    return undefined
  }
  return {
    name: 'drill-not-restored',
    title: `drill ${drill.plan} is over its time, and the traffic is not back on ${describeAllocation(drill.from)}`,
    did: decision.says,
    todo: `Look why it cannot return; by hand: changeover steer ${settings.name} ${heaviest(drill.from) ?? ''}`,
  }
}

/** Actuators that cannot be read, or do not follow: the next change may not be possible, or not be complete. */
function lagging({ actuators }: Situation): GroupTrouble | undefined {
  const bad = (actuators ?? []).filter((each) => !each.ok || each.lags === true)
  if (bad.length === 0) return undefined
  const says = bad.map(
    (each) => `${each.type} ${each.ok ? 'does not follow' : 'cannot be read'}: ${each.says}`,
  )
  return {
    name: 'actuator',
    isOwn: true,
    severity: 'warning',
    title: says.join('; '),
    todo: 'Check that the target can be reached and that its credentials still hold.',
  }
}

/** A failing path is not left because of where the traffic would go: nothing but a person changes that. */
function refused({ settings }: Situation, decision: Decision): GroupTrouble | undefined {
  const { guard, target } = refusalOf(decision) ?? {}
  if (guard === undefined || target === undefined) return undefined
  return {
    name: 'refused',
    title: `the failover to ${target} is refused: ${decision.says}`,
    did: 'Traffic stays where it is until that changes or a person moves it.',
    todo: `Look at ${target}; to move there all the same: changeover steer ${settings.name} ${target} --bypass ${guard}`,
  }
}

function refusalOf(decision: Decision) {
  if (decision.kind !== 'stay' || decision.state !== 'EVALUATE') return undefined
  const isRefusal = decision.whyNot?.guard === 'continuity' || decision.whyNot?.guard === 'capacity'
  return isRefusal ? decision.whyNot : undefined
}

/** Nothing can be done about a down path that serves: page at once. */
function isStuck(decision: Decision): boolean {
  if (decision.kind === 'freeze' || refusalOf(decision) !== undefined) return true
  return decision.kind === 'stay' && decision.state === 'ALL-DOWN'
}

/** What viewers get of a path that is down. Whoever shares the traffic has only a part of them. */
function viewersOf({ diagnosis, vetoedBy }: PathHealth, isServing: boolean, on: number): string {
  if (!isServing) return 'Viewers do not notice: the path carries no traffic.'
  const who = on > 1 ? 'Those on this path: ' : ''
  const effect = effects[diagnosis ?? 'unreachable']
  const doubt =
    vetoedBy === undefined ? '' : ` ${vetoedBy.join(' and ')} sees it differently, as a witness.`
  return `${who}${effect}${doubt}`
}

function stateOf(decision: Decision): string {
  if (decision.kind === 'change') return 'PRECHECK'
  return decision.kind === 'freeze' ? 'FROZEN' : decision.state
}

function remedyOf(health: PathHealth): string {
  return remedies[health.diagnosis ?? 'unreachable']
}

function groupTrouble(situation: Situation, decision: Decision): GroupTrouble | undefined {
  const { memory, store } = situation
  const active = heaviest(memory.row.allocation ?? {})
  if (!store.ok) {
    return {
      name: 'store',
      isOwn: true,
      title: `cannot act: ${store.says}`,
      did: 'Traffic stays where it is; watching and paging go on.',
      todo: 'Make the store writable again (disk space, permissions); until then no change is made.',
    }
  }
  if (decision.kind === 'freeze' || (decision.kind === 'stay' && decision.state === 'FROZEN')) {
    return {
      name: 'frozen',
      isOwn: true,
      title: `frozen: ${decision.says}`,
      todo: `Look at the group, put it right, then: changeover ack ${situation.settings.name}`,
    }
  }
  if (decision.kind !== 'stay') return undefined
  const state = decision.state === 'HELD' ? beneathHold(situation) : decision.state
  if (state === 'ALL-DOWN') {
    return {
      name: 'all-down',
      viewers:
        'No path carries the stream as it should: viewers get what the last path gives, or nothing.',
      title: decision.says,
      todo: 'Traffic was left where it is: look for the cause that the paths share (encoder, origin, packager).',
    }
  }
  if (state === 'BLIND') {
    return {
      name: 'blind',
      isOwn: true,
      viewers: 'Unknown: it may be fine for them.',
      title: `blind: nothing is known of ${active ?? 'the active path'}: ${decision.says}`,
      todo: remedies['cannot-see'],
    }
  }
  return undefined
}

/** A hold freezes traffic, not the pages. */
function beneathHold(situation: Situation): 'ALL-DOWN' | 'BLIND' | 'HELD' {
  const { memory, paths, settings } = situation
  const all = settings.paths.every((path) => paths.get(path.name)?.health === 'down')
  if (all) return 'ALL-DOWN'
  const active = heaviest(memory.row.allocation ?? {})
  const health = active === undefined ? undefined : paths.get(active)?.health
  return health === 'unknown' && situation.now - memory.observingSince >= settings.earnMs
    ? 'BLIND'
    : 'HELD'
}
