import { serving } from '../../core/allocation.ts'
import { formatDuration } from '../../core/duration.ts'
import type { GuardAnswer } from '../../core/group.ts'
import { askCalendar } from '../calendar.ts'
import { capacityGuard, continuityGuard, leaveAfterGuard } from './continuation.ts'
import type { Guard } from './guard.ts'
import { drillsSpent, exceptionUsed, spent } from './memory.ts'
import { sharingGuards } from './sharing-guards.ts'
import type { Proposal, Situation } from './situation.ts'

const yes = (says: string) => ({ pass: true, says })
const no = (says: string) => ({ pass: false, says })

/** Returning from a drill obeys never-empty, fencing, store, mode and holds, and waits for nothing else. */
function isWayBack({ drill }: Proposal): boolean {
  return drill?.part === 'return'
}

const modeGuard: Guard = {
  name: 'mode',
  bypassable: true,
  ask: (_, { mode }) =>
    mode === 'armed'
      ? yes('mode is armed')
      : no(`mode is ${mode}: it decides and explains, and changes nothing`),
}

const holdGuard: Guard = {
  name: 'hold',
  bypassable: true,
  ask: (_, { memory, now }) => {
    const { hold } = memory.row
    if (hold === undefined) return yes('no hold')
    const left = formatDuration(Math.max(1000, roundSeconds((memory.holdUntil ?? now) - now)))
    return no(`held by ${hold.owner} for another ${left}: ${hold.reason}`)
  },
}

const calendarGuard: Guard = {
  name: 'calendar',
  bypassable: true,
  ask: (proposal, { settings, wall }) => {
    // A step on is a part of its failback; one back is not.
    const isOn = proposal.reason === 'ramp' && proposal.ramp?.isSetBack !== true
    const isReturn = isOn && proposal.leaving.length === 0
    if (isWayBack(proposal)) return yes('a drill returns at any time')
    const isChosen = isReturn || proposal.reason === 'drill'
    return askCalendar(settings.calendar, isChosen ? 'failback' : proposal.reason, wall)
  },
}

const leaderGuard: Guard = {
  name: 'leader',
  bypassable: false,
  ask: (_, { lease, settings }) => {
    if (lease === undefined) return no('this process does not lead the group')
    if (lease.leftMs <= settings.callTimeoutMs) {
      return no(
        `the lease has ${Math.max(0, Math.round(lease.leftMs))} ms left, less than a call may take (${settings.callTimeoutMs} ms)`,
      )
    }
    return yes(`leads with token ${lease.token}`)
  },
}

const storeGuard: Guard = {
  name: 'store',
  bypassable: false,
  ask: (_, { store }) =>
    store.ok
      ? yes('the store is writable')
      : no(`the store cannot be written, so no intent can be made durable: ${store.says}`),
}

/**
 * One exception: an active path that is down may be left once during holddown, for a path that was
 * not left as down within it (targets.ts sees to that); it is charged double (invariant 17).
 */
const holddownGuard: Guard = {
  name: 'holddown',
  bypassable: true,
  ask: (proposal, { memory, settings, now }) => {
    const leftMs = memory.holddownUntil - now
    if (leftMs <= 0) return yes('no holddown')
    if (proposal.reason === 'ramp') return yes('a step of the change that the holddown is for')
    if (isWayBack(proposal)) return yes('the way back of the change that the holddown is for')
    const left = formatDuration(Math.max(1000, roundSeconds(leftMs)))
    if (proposal.reason !== 'failover') return no(`holddown for another ${left}`)
    if (exceptionUsed(memory, settings, now)) {
      return no(`holddown for another ${left}; its one exception is used`)
    }
    return yes(`holddown for another ${left}, but a down path may be left once, at double charge`)
  },
}

/** Failback and drills may not take the last slot: that one is kept for a failure. */
const budgetGuard: Guard = {
  name: 'budget',
  bypassable: true,
  ask: (proposal, { memory, settings, now }) => {
    const { changes, perMs } = settings.budget
    if (proposal.reason === 'ramp') return yes('a step belongs to its change, and costs nothing')
    if (isWayBack(proposal)) return yes('the way back belongs to its drill, and costs nothing')
    const isDrill = proposal.reason === 'drill'
    const drills = isDrill ? drillsSpent(memory, settings, now) : 0
    if (isDrill && drills >= settings.drillBudget.changes) {
      const own = formatDuration(settings.drillBudget.perMs)
      return no(`${drills} of ${settings.drillBudget.changes} drills per ${own} used`)
    }
    const used = spent(memory, settings, now)
    const reserve = isDrill || proposal.reason === 'failback' ? 1 : 0
    const per = formatDuration(perMs)
    if (used + proposal.charge + reserve <= changes) {
      return yes(`${used} of ${changes} changes per ${per} used, this one costs ${proposal.charge}`)
    }
    if (reserve > 0 && used + proposal.charge <= changes) {
      return no(`the last of ${changes} changes per ${per} is kept for a failure`)
    }
    return no(
      `${used} of ${changes} changes per ${per} used, this one would cost ${proposal.charge}`,
    )
  },
}

const installationGuard: Guard = {
  name: 'blast-radius',
  bypassable: true,
  ask: (proposal, { installation: { pass, says } }) =>
    isWayBack(proposal) ? yes('the way back of a drill keeps nobody waiting') : { pass, says },
}

const neverEmptyGuard: Guard = {
  name: 'never-empty',
  bypassable: false,
  ask: (proposal, { settings }) => {
    const on = serving(proposal.to)
    const known = new Set(settings.paths.map((path) => path.name))
    const stranger = Object.keys(proposal.to).find((name) => !known.has(name))
    if (stranger !== undefined) return no(`${stranger} is not a configured path`)
    if (on.length === 0) return no('the change would leave nothing serving')
    return yes(`${on.join(', ')} would serve`)
  },
}

/** Every guard in the order in which it is asked. Removing one must make a test fail. */
const guards: readonly Guard[] = [
  modeGuard,
  holdGuard,
  calendarGuard,
  leaderGuard,
  storeGuard,
  leaveAfterGuard,
  holddownGuard,
  budgetGuard,
  installationGuard,
  neverEmptyGuard,
  continuityGuard,
  capacityGuard,
  ...sharingGuards,
]

/** Names of the guards in order; those that a person may bypass. */
export const guardNames: readonly string[] = guards.map((guard) => guard.name)
export const bypassableGuards: readonly string[] = guards
  .filter((guard) => guard.bypassable)
  .map((guard) => guard.name)

/**
 * Asks every guard, in order, and records each answer, also after the first veto.
 * `without` names guards to leave out: only the mutation tests use it.
 */
export function askGuards(
  proposal: Proposal,
  situation: Situation,
  without: readonly string[] = [],
): GuardAnswer[] {
  return guards
    .filter((guard) => !without.includes(guard.name))
    .map((guard) => {
      const { pass, says } = guard.ask(proposal, situation)
      const waived =
        !pass && guard.bypassable && (proposal.person?.bypass.includes(guard.name) ?? false)
      if (waived) return { guard: guard.name, pass: true, bypassed: true, says }
      return { guard: guard.name, pass, says }
    })
}

/** The first guard that vetoes; `undefined` if all pass. */
export function firstVeto(answers: readonly GuardAnswer[]): GuardAnswer | undefined {
  return answers.find((answer) => !answer.pass)
}

function roundSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000
}
