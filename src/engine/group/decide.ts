import {
  allTo,
  describeAllocation,
  heaviest,
  raisedPaths,
  serving,
  type Allocation,
} from '../../core/allocation.ts'
import { formatDuration } from '../../core/duration.ts'
import type { GroupState, GuardAnswer } from '../../core/group.ts'
import type { OpenDrill } from '../../core/drill.ts'
import { liveDrill, returnOf, whyDrillEnds, whyNotBack } from './drill.ts'
import { failbackOf } from './failback.ts'
import { askGuards, firstVeto } from './guards.ts'
import { spent } from './memory.ts'
import type { Proposal, Situation } from './situation.ts'
import type { Outlook } from './outlook.ts'
import { candidates, downServing } from './targets.ts'
import { leaveWeighted, watchWeighted } from './weighted.ts'

/** What is to be done now; also nothing, with the reason. */
export type Decision =
  | {
      readonly kind: 'stay'
      readonly state: GroupState
      readonly says: string
      /** Every guard's answer to the proposal that was weighed; empty without one. */
      readonly guards: readonly GuardAnswer[]
      /** Why a down active path is not left, or a due failback not made. */
      readonly whyNot?: {
        readonly guard: string
        readonly says: string
        /** Where it would go, where a guard stands against a proposal. */
        readonly target?: string
      }
      /** What would be done if `mode` were armed: set only when mode is the single veto. */
      readonly would?: Proposal
    }
  | {
      readonly kind: 'change'
      readonly proposal: Proposal
      readonly guards: readonly GuardAnswer[]
      readonly says: string
    }
  | { readonly kind: 'freeze'; readonly says: string; readonly guards: readonly GuardAnswer[] }

/**
 * Decides for one group: a pure function of the situation (invariant 15). It is level-triggered:
 * called again at each tick and after every change of health, it never queues.
 *
 * `without` leaves guards out and belongs to the mutation tests alone.
 */
export function decide(situation: Situation, without: readonly string[] = []): Decision {
  const { memory, lease, store } = situation
  const { row } = memory
  if (lease === undefined && !store.ok) {
    const says = `cannot lead, because the store cannot be written: ${store.says}`
    return { ...stay('OBSERVE', says), whyNot: { guard: 'store', says } }
  }
  if (lease === undefined) return stay('OBSERVE', 'another process leads this group')
  if (row.frozen !== undefined) return stay('FROZEN', row.frozen.says)
  if (!memory.readBack || row.allocation === undefined) {
    return stay('OBSERVE', 'reading back what the actuators serve')
  }
  const down = downServing(situation, row.allocation)
  const drill = liveDrill(situation)
  if (drill !== undefined) return underHold(situation, drilled(situation, drill, down, without))
  const health = down.length > 0 ? leaveDown(situation, down, without) : watch(situation, without)
  return underHold(situation, health)
}

/**
 * A drill holds the traffic away. It stays until its time is up or something goes before it; a
 * failing path ends it first, and is left as always where the traffic cannot return (invariants 39, 40).
 */
function drilled(
  situation: Situation,
  drill: OpenDrill,
  down: readonly string[],
  without: readonly string[],
): Decision {
  const { memory, now } = situation
  const serves = `${describeAllocation(drill.to ?? {})} serves for drill ${drill.plan}`
  const home = describeAllocation(drill.from)
  const why = whyDrillEnds(situation, drill, down)
  if (why === undefined) {
    const leftMs = (memory.drillTimes?.until ?? now) - now
    const left = formatDuration(Math.max(1_000, Math.ceil(leftMs / 1_000) * 1_000))
    return stay('STEADY', `${serves}; back to ${home} in ${left}`)
  }
  const obstacle = whyNotBack(situation, drill)
  const back = returnOf(situation, drill, down, why)
  const decision = obstacle === undefined ? weigh(situation, back, without) : undefined
  if (decision?.kind === 'change') return decision
  if (down.length > 0) return leaveDown(situation, down, without)
  if (decision !== undefined) return decision
  const isUnseen = serving(drill.to ?? {}).every(
    (name) => (situation.paths.get(name)?.health ?? 'unknown') === 'unknown',
  )
  const isNew = now - memory.observingSince < observeGraceMs(situation)
  const says = `${serves}; ${why}, and it cannot return to ${home}: ${obstacle}`
  const whyNot = { guard: 'drill', says: obstacle ?? '' }
  return { ...stay(!isUnseen ? 'STEADY' : isNew ? 'OBSERVE' : 'BLIND', says), whyNot }
}

/** HELD says so in place of the state, and keeps the reasons beneath it. */
function underHold(situation: Situation, decision: Decision): Decision {
  const { hold } = situation.memory.row
  if (hold === undefined || decision.kind === 'change') return decision
  const says = `held by ${hold.owner}: ${hold.reason}; ${decision.says}`
  if (decision.kind === 'freeze') return stay('HELD', says, decision.guards)
  return { ...decision, state: 'HELD', says }
}

function leaveDown(
  situation: Situation,
  down: readonly string[],
  without: readonly string[],
): Decision {
  const { memory, settings, now } = situation
  const recovering = down.filter((name) => situation.paths.get(name)?.isRecovering === true)
  if (recovering.length === down.length) {
    const says = `${recovering.join(', ')} recovers and is not left on old evidence: ${situation.paths.get(recovering[0] ?? '')?.says ?? ''}`
    return { ...stay('EVALUATE', says), whyNot: { guard: 'evidence', says } }
  }
  if (settings.sharing !== undefined) {
    const leaving = down.filter((name) => !recovering.includes(name))
    return decided(situation, leaveWeighted(situation, settings.sharing, leaving), without)
  }
  const choice = candidates(situation, down)
  const target = choice.find((candidate) => candidate.eligible)
  const failing = down.map((name) => `${name} is down`).join(', ')
  if (target === undefined) {
    const others = choice.map((candidate) => candidate.says).join('; ')
    const all = settings.paths.every((path) => situation.paths.get(path.name)?.health === 'down')
    const says = all
      ? 'every path is down: traffic stays where it is'
      : `${failing}, and no path is eligible: ${others}`
    return {
      ...stay('ALL-DOWN', says),
      whyNot: { guard: 'target', says: others === '' ? 'there is no other path' : others },
    }
  }
  const proposal: Proposal = {
    reason: 'failover',
    from: memory.row.allocation ?? {},
    to: allTo(
      target.name,
      settings.paths.map((path) => path.name),
    ),
    target: target.name,
    leaving: down,
    charge: now < memory.holddownUntil ? 2 : 1,
    says: `${failing}; ${target.says}`,
  }
  return weigh(situation, proposal, without)
}

/** Nothing that serves is down. */
function watch(situation: Situation, without: readonly string[]): Decision {
  const { memory, settings } = situation
  if (settings.sharing !== undefined) {
    return decided(situation, watchWeighted(situation, settings.sharing), without)
  }
  const allocation = memory.row.allocation ?? {}
  const active = heaviest(allocation)
  const health = active === undefined ? undefined : situation.paths.get(active)
  if (active === undefined) return stay('BLIND', 'nothing serves, as far as the actuators tell')
  if (health === undefined || health.health === 'unknown') {
    const isNew = situation.now - memory.observingSince < observeGraceMs(situation)
    const says = `${active} serves, and its health is unknown: ${health?.says ?? 'no report yet'}`
    return stay(isNew ? 'OBSERVE' : 'BLIND', says)
  }
  const steady = stay('STEADY', `${describeAllocation(allocation)} serves and is ${health.health}`)
  const failback = failbackOf(situation, active)
  if (failback.due === undefined) {
    return failback.says === undefined
      ? steady
      : { ...steady, says: `${steady.says}; ${failback.says}` }
  }
  const preferred = settings.paths[0]?.name ?? active
  const proposal: Proposal = {
    reason: 'failback',
    from: allocation,
    to: allTo(
      preferred,
      settings.paths.map((path) => path.name),
    ),
    target: preferred,
    leaving: [],
    charge: 1,
    says: failback.due,
  }
  return weigh(situation, proposal, without)
}

/** What a strategy sees, and what the guards say of it. */
function decided(situation: Situation, outlook: Outlook, without: readonly string[]): Decision {
  if (outlook.kind !== 'propose') return { ...outlook, guards: [] }
  // Targets are compared with what was applied, whatever it adds up to.
  const from = situation.memory.row.allocation ?? {}
  return weigh(situation, { ...outlook.proposal, from }, without)
}

function weigh(situation: Situation, proposal: Proposal, without: readonly string[]): Decision {
  const guards = askGuards(proposal, situation, without)
  const vetoes = guards.filter((answer) => !answer.pass)
  const veto = firstVeto(guards)
  const move = `${proposal.reason} from ${describeAllocation(proposal.from)} to ${describeAllocation(proposal.to)}`
  if (veto === undefined) {
    return { kind: 'change', proposal, guards, says: `${move}: ${proposal.says}` }
  }
  if (veto.guard === 'budget' && proposal.reason === 'failover' && isSpent(situation)) {
    const per = formatDuration(situation.settings.budget.perMs)
    const says = `the budget of ${situation.settings.budget.changes} changes per ${per} is spent: a person must look (changeover ack)`
    return { kind: 'freeze', says, guards }
  }
  const isBreach = veto.guard === 'blast-radius' && situation.installation.freezes === true
  if (isBreach && proposal.reason === 'failover') {
    return { kind: 'freeze', says: `${veto.says}: a person must look (changeover ack)`, guards }
  }
  const onlyMode = vetoes.length === 1 && veto.guard === 'mode'
  const says = onlyMode
    ? `would ${move}: ${proposal.says}; ${veto.says}`
    : `${proposal.says}; not moved: ${veto.says}`
  return {
    ...stay(waitingState(proposal), says, guards),
    whyNot: { guard: veto.guard, says: veto.says, target: proposal.target },
    ...(onlyMode && { would: proposal }),
  }
}

/** The state of a group whose proposal is vetoed. */
function waitingState({ reason, leaving }: Proposal): GroupState {
  if (reason === 'spread') return 'ALL-DOWN'
  if (reason === 'ramp') return 'RAMP'
  return reason === 'failover' || leaving.length > 0 ? 'EVALUATE' : 'STEADY'
}

/** Not even a single-charged change would fit: waiting for the end of a holddown cannot help. */
function isSpent({ memory, settings, now }: Situation): boolean {
  return spent(memory, settings, now) >= settings.budget.changes
}

/**
 * How long after OBSERVE began an unknown active path is still called OBSERVE and not BLIND:
 * health cannot be earned faster.
 */
function observeGraceMs(situation: Situation): number {
  return situation.settings.earnMs
}

function stay(
  state: GroupState,
  says: string,
  guards: readonly GuardAnswer[] = [],
): Extract<Decision, { kind: 'stay' }> {
  return { kind: 'stay', state, says, guards }
}

/**
 * Weighs what a person asks for: everything on one path, or weights. Guards that are not named in
 * `bypass` veto as always (invariant 36).
 */
export function weighSteer(
  situation: Situation,
  wanted: string | Allocation,
  actor: string,
  bypass: readonly string[],
  reason: string,
): { readonly proposal: Proposal; readonly guards: readonly GuardAnswer[] } {
  const { memory, settings, now } = situation
  const from = memory.row.allocation ?? {}
  const names = settings.paths.map((path) => path.name)
  const to =
    typeof wanted === 'string'
      ? allTo(wanted, names)
      : Object.fromEntries(names.map((name) => [name, wanted[name] ?? 0]))
  const proposal: Proposal = {
    reason: 'steer',
    from,
    to,
    target: raisedPaths(from, to)[0] ?? heaviest(to) ?? '',
    leaving: serving(from).filter(
      (name) => (to[name] ?? 0) === 0 && situation.paths.get(name)?.health === 'down',
    ),
    charge: now < memory.holddownUntil ? 2 : 1,
    person: { actor, bypass },
    says: `${actor} steers: ${reason}`,
  }
  return { proposal, guards: askGuards(proposal, situation) }
}
