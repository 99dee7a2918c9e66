import {
  describeAllocation,
  raisedPaths,
  sameAllocation,
  serving,
  type Allocation,
} from '../../core/allocation.ts'
import type { Ramp } from '../../core/group.ts'
import type { SharingSettings } from '../../core/settings.ts'
import { capacityLeft, isTooSmall } from './capacity.ts'
import { evacuate, type Evacuation } from './evacuate.ts'
import { goalOf } from './goal.ts'
import type { Outlook } from './outlook.ts'
import {
  describeRamp,
  gateBadOn,
  liveRamp,
  newRamp,
  nextStep,
  stepBack,
  whyRampWaits,
} from './ramp.ts'
import type { Proposal, Situation } from './situation.ts'
import { pointsLeft } from './velocity.ts'
import { asShares, partOfTheWay } from './weights.ts'

/** Some of what serves is down: its weight goes to those that can take it. `down` are the paths to be left. */
export function leaveWeighted(
  situation: Situation,
  sharing: SharingSettings,
  down: readonly string[],
): Outlook {
  const { memory, now, settings } = situation
  const from = asShares(memory.row.allocation ?? {})
  const failing = down.map((name) => `${name} is down`).join(', ')
  const plan = evacuate(situation, sharing, from, down)
  const panic = panicOf(situation, sharing, down, plan)
  if (panic !== undefined) return panicking(situation, sharing, panic)
  const { to, target, stranded } = plan
  if (target === undefined) {
    const says = `${failing}; every other path is at its maximum: ${stranded} stays on ${down.join(', ')}`
    return { kind: 'stay', state: 'EVALUATE', says, whyNot: { guard: 'max-weight', says } }
  }
  const goal = hasRoom(situation, from, to) ? to : partOfTheWay(from, to, pointsLeft(situation))
  const live = liveRamp(situation)
  const isFurther = live?.reason === 'failover' && down.every((name) => live.leaving.includes(name))
  if (sameAllocation(goal, from)) {
    const says = `${failing}; the velocity of this group is used up for now`
    return { kind: 'stay', state: 'EVALUATE', says, whyNot: { guard: 'velocity', says } }
  }
  const stays = stranded === 0 ? '' : `; ${stranded} stays, because the others are at their maximum`
  const proposal: Proposal = {
    reason: isFurther ? 'ramp' : 'failover',
    from,
    to: goal,
    target,
    leaving: down,
    charge: isFurther ? 0 : now < memory.holddownUntil ? 2 : 1,
    says: `${failing}; ${describeChoice(plan, from, to)}${stays}`,
    ...(goal !== to &&
      !sameAllocation(goal, to) && {
        ramp: {
          ...newRamp(sharing, { reason: 'failover', from, to, leaving: down }),
          at: goal,
        },
      }),
  }
  const { observingSince } = memory
  const lastAt = Math.max(memory.changes.at(-1)?.at ?? 0, observingSince)
  if (isFurther && now < lastAt + Math.min(live.everyMs, settings.holddownMs)) {
    const says = `${failing}; ${describeAllocation(from)} serves, and the rest follows as velocity allows`
    return { kind: 'stay', state: 'RAMP', says, whyNot: { guard: 'velocity', says } }
  }
  return { kind: 'propose', proposal }
}

/** Nothing that serves is down: a ramp under way, weight that may return, or nothing. */
export function watchWeighted(situation: Situation, sharing: SharingSettings): Outlook {
  const { memory, now, paths, settings } = situation
  const from = asShares(memory.row.allocation ?? {})
  const on = serving(from)
  if (on.length === 0) {
    return { kind: 'stay', state: 'BLIND', says: 'nothing serves, as far as the actuators tell' }
  }
  const unseen = on.filter((name) => (paths.get(name)?.health ?? 'unknown') === 'unknown')
  const dark = unseen.reduce((sum, name) => sum + (from[name] ?? 0), 0)
  const blank = unseen.map((name) => `${name} is unknown and keeps its ${from[name]}`).join(', ')
  const serves = `${describeAllocation(from)} ${on.length === 1 ? 'serves' : 'serve'}`
  if (dark * 2 >= 100) {
    const isNew = now - memory.observingSince < settings.earnMs
    const why = paths.get(unseen[0] ?? '')?.says ?? 'no report yet'
    const says = `${serves}; ${blank}: ${why}`
    return { kind: 'stay', state: isNew ? 'OBSERVE' : 'BLIND', says }
  }
  const ramp = liveRamp(situation)
  if (ramp?.reason === 'failback') return goOn(situation, ramp, blank)
  if (blank !== '') return { kind: 'stay', state: 'STEADY', says: `${serves}; ${blank}` }
  const goal = goalOf(situation, sharing, from)
  if (isSettled(from, goal.to)) {
    const waits = goal.waits.length === 0 ? '' : `; ${goal.waits.join('; ')}`
    return { kind: 'stay', state: 'STEADY', says: `${serves}${waits}` }
  }
  const way = newRamp(sharing, { reason: 'failback', from, to: goal.to, leaving: [] })
  const step = nextStep(way, pointsLeft(situation))
  const target = raisedPaths(from, step.to)[0]
  if (target === undefined) {
    const says = `${serves}; the velocity of this group is used up for now`
    return { kind: 'stay', state: 'STEADY', says, whyNot: { guard: 'velocity', says } }
  }
  const stepwise = step.ramp === undefined ? '' : `, in steps: ${way.steps.join(', ')} %`
  const says = `${goal.due.join(', ')}; ${describeAllocation(goal.to)} is configured for what is up${stepwise}`
  return {
    kind: 'propose',
    proposal: { reason: 'failback', from, target, leaving: [], charge: 1, says, ...step },
  }
}

/** A ramp under way: on, back, or waiting. */
function goOn(situation: Situation, ramp: Ramp, blank: string): Outlook {
  const says = describeRamp(ramp)
  const bad = gateBadOn(situation, ramp)
  if (bad !== undefined) {
    if (ramp.setbacks > 0) {
      const twice = `${says}, and ${ramp.gate} is bad on ${bad} for the second time: a person must look (changeover ack)`
      return { kind: 'freeze', says: twice }
    }
    const back = stepBack(ramp)
    const unfit = raisedPaths(ramp.at, back?.to ?? {}).find((name) => !isWell(situation, name))
    if (unfit !== undefined) {
      const stays = `${says}; ${ramp.gate} is bad on ${bad}, and ${unfit} cannot take its weight back`
      return { kind: 'stay', state: 'RAMP', says: stays }
    }
    if (back !== undefined)
      return propose(ramp, back, `${says}; back, because ${ramp.gate} is bad on ${bad}`)
  }
  const waits = blank === '' ? whyRampWaits(situation, ramp) : blank
  if (waits !== undefined) return { kind: 'stay', state: 'RAMP', says: `${says}; ${waits}` }
  return propose(ramp, nextStep(ramp, pointsLeft(situation)), `${says}; on`)
}

function isWell({ paths }: Situation, name: string): boolean {
  const health = paths.get(name)?.health
  return health === 'up' || health === 'degraded'
}

function propose(ramp: Ramp, step: ReturnType<typeof nextStep>, says: string): Outlook {
  const from = ramp.at
  const target = raisedPaths(from, step.to)[0] ?? ''
  return {
    kind: 'propose',
    proposal: { reason: 'ramp', from, target, leaving: [], charge: 0, says, ...step },
  }
}

/** Nothing but a point of rounding lies between the two. */
function isSettled(from: Allocation, to: Allocation): boolean {
  return Object.keys(to).every((name) => {
    const [now, then] = [from[name] ?? 0, to[name] ?? 0]
    return now === then || (now > 0 && then > 0 && Math.abs(now - then) <= 1)
  })
}

/** What is declared speaks against none of the paths that get more: velocity is waived then. */
export function hasRoom({ settings }: Situation, from: Allocation, to: Allocation): boolean {
  return raisedPaths(from, to).every((name) => !isTooSmall(settings, name, to[name] ?? 0))
}

/** Why nothing sensible can be done: no path is eligible, or too little capacity is left (invariant 10). */
function panicOf(
  situation: Situation,
  sharing: SharingSettings,
  down: readonly string[],
  { choice }: Evacuation,
): Extract<Outlook, { kind: 'stay' }> | undefined {
  const { memory, paths, settings } = situation
  const usable = choice.filter(({ eligible, isBlurry }) => eligible || isBlurry)
  const failing = down.map((name) => `${name} is down`).join(', ')
  if (usable.length === 0) {
    const others = choice.map((candidate) => candidate.says).join('; ')
    const all = settings.paths.every((path) => paths.get(path.name)?.health === 'down')
    const says = all
      ? 'every path is down: weights stay as they are'
      : `${failing}, and no path is eligible: ${others}`
    const why = others === '' ? 'there is no other path' : others
    return { kind: 'stay', state: 'ALL-DOWN', says, whyNot: { guard: 'target', says: why } }
  }
  const on = serving(memory.row.allocation ?? {}).filter((name) => !down.includes(name))
  const left = [...new Set([...usable.map(({ name }) => name), ...on])]
  const percent = capacityLeft(settings, left)
  if (percent === undefined || percent >= sharing.panic.fraction * 100) return undefined
  const says = `${failing}; panic: ${left.join(', ')} can carry ${percent} % of the demand, less than ${Math.round(sharing.panic.fraction * 100)} %: weights stay as they are`
  return { kind: 'stay', state: 'EVALUATE', says, whyNot: { guard: 'panic', says } }
}

/** Weights stay as they are, or are spread once as configured, where that is configured and everything is known. */
function panicking(
  situation: Situation,
  { panic, weights: to }: SharingSettings,
  stay: Extract<Outlook, { kind: 'stay' }>,
): Outlook {
  const from = asShares(situation.memory.row.allocation ?? {})
  const unseen = situation.settings.paths.some(
    ({ name }) => (situation.paths.get(name)?.health ?? 'unknown') === 'unknown',
  )
  const target = raisedPaths(from, to)[0]
  if (panic.answer === 'hold' || unseen || target === undefined) return stay
  const says = `${stay.says.replace(': weights stay as they are', '')}; last resort: ${describeAllocation(to)} as configured, whatever their health`
  return {
    kind: 'propose',
    proposal: { reason: 'spread', from, to, target, leaving: [], charge: 1, says },
  }
}

function describeChoice({ choice }: Evacuation, from: Allocation, to: Allocation): string {
  const says: string[] = []
  for (const each of choice) {
    const more = (to[each.name] ?? 0) - (from[each.name] ?? 0)
    if (more > 0) says.push(`${each.says} and gets ${more} more`)
  }
  return says.join(', ')
}
