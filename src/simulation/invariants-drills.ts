import { raisedPaths, serving } from '../core/allocation.ts'
import { isBarred } from './invariants-evidence.ts'
import { intentIdOf, type Opened, type Stamped, type Trace, type Violation } from './trace.ts'

/** 39, 41: what a drill begins on, and what ends it. */
export function drills(trace: Trace): Violation[] {
  return trace.opened.flatMap((each) => {
    if (each.intent.drill?.part === 'away') return begins(trace, each)
    return each.intent.reason === 'failover' ? goesFirst(trace, each) : []
  })
}

/** What goes before a drill, or ends it: none of it leaves a drill that passed. */
const disturbances = ['steer', 'hold', 'frozen', 'foreign-edit', 'rolled-back'] as const

/** 42: one verdict for each drill, and PASSED only where traffic went there and back, verified both ways, undisturbed. */
export function verdicts(trace: Trace): Violation[] {
  const ofDrills = trace.entries.filter(({ entry }) => entry.kind === 'drill')
  const told = (event: string) => ofDrills.filter(({ entry }) => entry.data?.['event'] === event)
  const outcomes = Map.groupBy(told('outcome'), ({ entry }) => String(entry.data?.['drill']))
  return [...outcomes].flatMap(([id, given]): Violation[] => {
    const [first, second] = given
    if (first === undefined) return []
    const tell = (at: number, says: string): Violation[] => [{ invariant: 42, at, says }]
    if (second !== undefined) {
      return tell(second.at, `drill ${id} was judged twice: ${given.map(wordOf).join(', ')}`)
    }
    const own = trace.opened.filter(({ intent }) => intent.drill?.id === id)
    if (wordOf(first) === 'SKIPPED' && own.length > 0) {
      return tell(first.at, `drill ${id} moved traffic, and is called SKIPPED`)
    }
    if (wordOf(first) !== 'PASSED') return []
    const began = told('begins').find(({ entry }) => entry.data?.['drill'] === id)
    const why = whyNotPassed(trace, own, began?.at ?? 0, first)
    return why === undefined ? [] : tell(first.at, `drill ${id} is called PASSED, and ${why}`)
  })
}

function wordOf({ entry }: Stamped): string {
  return String(entry.data?.['outcome'])
}

function whyNotPassed(
  trace: Trace,
  own: readonly Opened[],
  from: number,
  { at: until, entry: { group = '' } }: Stamped,
): string | undefined {
  for (const part of ['away', 'return'] as const) {
    // One that was aborted before it wrote anything is tried again.
    const move = own.findLast(({ intent }) => intent.drill?.part === part)?.intent
    if (move === undefined) return `no traffic went (${part})`
    for (const kind of ['applied', 'verified'] as const) {
      const isThere = trace
        .of(group, kind)
        .some(({ at, entry }) => at <= until && intentIdOf(entry) === move.id)
      if (!isThere) return `${move.id} (${part}) was not ${kind}`
    }
  }
  const other = trace.opened.find(
    (each) => each.group === group && each.at >= from && each.at <= until && !own.includes(each),
  )
  if (other !== undefined) return `${other.intent.id} (${other.intent.reason}) came between`
  const disturbed = trace.of(group, ...disturbances).find(({ at }) => at > from && at <= until)
  return disturbed && `there was a ${disturbed.entry.kind}: ${disturbed.entry.says}`
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
