import { raisedPaths, serving } from '../core/allocation.ts'
import { isBarred } from './invariants-evidence.ts'
import type { Opened, Trace, Violation } from './trace.ts'

/** 39, 41: what a drill begins on, and what ends it. */
export function drills(trace: Trace): Violation[] {
  return trace.opened.flatMap((each) => {
    if (each.intent.drill?.part === 'away') return begins(trace, each)
    return each.intent.reason === 'failover' ? goesFirst(trace, each) : []
  })
}

/** 41: steady and seen, to a path that is up, with every guard in favour, and one at a time. */
function begins(trace: Trace, opened: Opened): Violation[] {
  const { at, group, intent } = opened
  const violations: Violation[] = []
  const tell = (invariant: number, says: string) => violations.push({ invariant, at, says })
  const { guards, paths } = intent.basis
  const entered = raisedPaths(intent.from, intent.to)
  for (const name of new Set([...serving(intent.from), ...entered])) {
    const health = paths[name]?.health
    if (health !== 'up') tell(41, `a drill began while ${name} was ${health}`)
  }
  if (guards.length === 0 || guards.some((guard) => !guard.pass)) {
    tell(41, `a drill began against its guards: ${JSON.stringify(guards)}`)
  }
  const frozen = trace.of(group, 'frozen', 'ack').findLast((each) => each.at <= at)
  if (frozen?.entry.kind === 'frozen') tell(41, 'a drill began in a frozen group')
  const other = openDrill(trace, opened)
  if (other !== undefined) tell(41, `a drill began during ${other.intent.drill?.id}`)
  return violations
}

/** 39: a failing path ends the drill first: where the old path is well, traffic returns there, and nowhere else. */
function goesFirst(trace: Trace, opened: Opened): Violation[] {
  const { at, group, intent } = opened
  const drill = openDrill(trace, opened)?.intent
  if (drill === undefined) return []
  const home = raisedPaths(drill.to, drill.from)
  const isWell = home.every(
    (name) =>
      intent.basis.paths[name]?.health === 'up' && !isBarred(trace, group, name, at, intent.id),
  )
  if (!isWell) return []
  const says = `a failover to ${intent.target} during a drill, and ${home.join(', ')} could take the traffic back`
  return [{ invariant: 39, at, says }]
}

/** The drill that held the traffic of a group away when an intent was opened. */
function openDrill(trace: Trace, { at, group, intent }: Opened): Opened | undefined {
  const last = trace.applied.findLast(
    (each) =>
      each.group === group &&
      each.at < at &&
      each.intent.id !== intent.id &&
      each.intent.drill?.part === 'away',
  )
  if (last === undefined) return undefined
  const isOver = trace
    .of(group, 'drill')
    .some(
      ({ at: overAt, entry }) =>
        overAt <= at &&
        entry.data?.['event'] === 'over' &&
        entry.data['drill'] === last.intent.drill?.id,
    )
  return isOver ? undefined : last
}
