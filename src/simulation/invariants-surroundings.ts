import { askCalendar } from '../engine/calendar.ts'
import { isAutomatic, processOf, type Opened, type Trace, type Violation } from './trace.ts'
import { witnessName } from './vantages.ts'
import { groupOf } from './world.ts'

/** How long a witness must have been good without a break to have a say, in milliseconds. */
const steadyMs = 90_000

/** 36: nothing begins by itself against the calendar, as the process that began it read the clock. */
export function calendars({ opened, world }: Trace): Violation[] {
  return opened.flatMap(({ at, group, intent }) => {
    const { calendar } = groupOf(world, group)
    const isBack = intent.drill?.part === 'return' || intent.ramp?.isSetBack === true
    if (calendar.length === 0 || !isAutomatic(intent) || isBack) return []
    const isReturn = intent.reason === 'ramp' && intent.leaving.length === 0
    const asked = askCalendar(calendar, isReturn ? 'failback' : intent.reason, intent.openedAt)
    if (asked.pass) return []
    return [{ invariant: 36, at, says: `${intent.reason} was begun against ${asked.says}` }]
  })
}

/** 7: a path that its witness has seen well for a while, at every vantage, is contested, and not left. */
export function contradictions(trace: Trace): Violation[] {
  return trace.opened.flatMap((each) => {
    const { at, group, intent } = each
    if (intent.reason !== 'failover' || !isSettled(trace, each)) return []
    return intent.leaving
      .filter((path) => isSeenWell(trace, group, path, at))
      .map((path) => ({ invariant: 7, at, says: `left ${path}, which its witness saw well` }))
  })
}

/** The process that decided was there, and judged by the same rules, for as long as the witness. */
function isSettled({ world }: Trace, { at, intent }: Opened): boolean {
  const process = world.processes.find((each) => `p${each.id}` === processOf(intent.id))
  const since = at - steadyMs
  return (
    process !== undefined &&
    process.startedAt < since - 60_000 &&
    process.clock.pausedUntil < since &&
    world.reloads.every((reload) => reload.at < since - 60_000 || reload.at > at)
  )
}

function isSeenWell({ world }: Trace, group: string, path: string, at: number): boolean {
  const { everyMs } = world.settings.timing
  const name = `${path}@${witnessName}`
  const looks = world.looks.filter(
    (look) =>
      look.group === group && look.path === name && look.at > at - steadyMs && look.at <= at,
  )
  const isWell = looks.every((look) => look.sight === 'good' && !look.isCut)
  const enough = Math.floor(steadyMs / everyMs / 2)
  return (
    isWell &&
    world.settings.vantages.every(
      ({ name: vantage }) => looks.filter((look) => look.vantage === vantage).length >= enough,
    )
  )
}
