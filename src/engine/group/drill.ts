import {
  allTo,
  describeAllocation,
  heaviest,
  raisedPaths,
  sameAllocation,
  serving,
  type Allocation,
} from '../../core/allocation.ts'
import type { OpenDrill } from '../../core/drill.ts'
import { formatDuration } from '../../core/duration.ts'
import type { GuardAnswer } from '../../core/group.ts'
import { evacuate } from './evacuate.ts'
import { failbackOf } from './failback.ts'
import { askGuards, firstVeto } from './guards.ts'
import { liveRamp } from './ramp.ts'
import type { Proposal, Situation } from './situation.ts'
import { candidates } from './targets.ts'

/**
 * The drill that holds traffic away now: as long as nothing else moved weights since, and every path
 * that it would return to is configured. Anything else ends it, because everything goes before it.
 */
export function liveDrill({ memory, settings }: Situation): OpenDrill | undefined {
  const { allocation, drill } = memory.row
  if (drill?.to === undefined || allocation === undefined) return undefined
  if (!sameAllocation(drill.to, allocation)) return undefined
  return strangerOf(drill, settings.paths) === undefined ? drill : undefined
}

/** Why the drill in the row is no drill any more, with nothing to return; `undefined` while it is one. */
export function whyDrillIsOver(situation: Situation): string | undefined {
  const { memory, settings, now } = situation
  const { allocation, drill, intent } = memory.row
  if (drill === undefined || intent !== undefined || allocation === undefined) return undefined
  if (!memory.readBack) return undefined
  const stranger = strangerOf(drill, settings.paths)
  if (stranger !== undefined) return `${stranger} is configured no longer`
  if (drill.to !== undefined) {
    if (sameAllocation(drill.to, allocation)) return undefined
    return `${describeAllocation(allocation)} serves by now`
  }
  if (!sameAllocation(drill.from, allocation))
    return `${describeAllocation(allocation)} serves by now`
  if (drill.ends !== undefined) return drill.ends
  return now < (memory.drillTimes?.until ?? 0) ? undefined : 'its time is up, and nothing was moved'
}

/** Why traffic shall return from a drill now; `undefined` while it shall stay away. */
export function whyDrillEnds(
  situation: Situation,
  drill: OpenDrill,
  down: readonly string[],
): string | undefined {
  const { memory, now, owner, paths } = situation
  if (down.length > 0) return `${down.join(', ')} is down, which goes before a drill`
  if (drill.ends !== undefined) return drill.ends
  if (owner !== undefined && owner !== drill.owner) return 'the process that ran it leads no longer'
  const unseen = serving(drill.to ?? {}).find(
    (name) => (paths.get(name)?.health ?? 'unknown') === 'unknown',
  )
  if (unseen !== undefined) return `${unseen} cannot be seen`
  return now < (memory.drillTimes?.until ?? 0) ? undefined : 'its time is up'
}

/** What keeps traffic from returning: a path that would get more and is not well enough. */
export function whyNotBack(situation: Situation, drill: OpenDrill): string | undefined {
  const { memory, now, paths } = situation
  for (const name of raisedPaths(drill.to ?? {}, drill.from)) {
    const health = paths.get(name)?.health ?? 'unknown'
    if (health !== 'up') return `${name} is ${health}`
    const rejected = memory.rejected.get(name)
    if (rejected !== undefined && now < rejected.until) {
      return `${name} failed its pre-check: ${rejected.says}`
    }
  }
  return undefined
}

/**
 * The way back. It belongs to the change that the drill began with, and costs nothing. A path that
 * carried nothing and is configured no longer is left out of it: no target knows it any more.
 */
export function returnOf(
  { settings }: Situation,
  drill: OpenDrill,
  down: readonly string[],
  why: string,
): Proposal {
  const from = drill.to ?? drill.from
  const known = new Set(settings.paths.map(({ name }) => name))
  const to = Object.fromEntries(Object.entries(drill.from).filter(([name]) => known.has(name)))
  return {
    reason: 'drill',
    from,
    to,
    target: raisedPaths(from, to)[0] ?? heaviest(to) ?? '',
    leaving: down,
    charge: 0,
    drill: { id: drill.id, part: 'return' },
    says: `drill ${drill.plan} ends: ${why}`,
  }
}

/** What a drill away means, with the answers of all guards; or why there is nothing to ask them about. */
export type DrillOutlook =
  | {
      readonly kind: 'ready'
      readonly proposal: Proposal
      readonly guards: readonly GuardAnswer[]
    }
  | { readonly kind: 'not-ready'; readonly guard: string; readonly says: string }

/** Who drills what. Times are milliseconds. */
export interface DrillRequest {
  readonly id: string
  readonly plan: string
  readonly kind: 'switch' | 'fault'
  readonly away?: string
  readonly stayMs: number
  readonly maxMs: number
}

/**
 * Whether a drill may begin now (invariant 41): steady, everything seen and well, a standby that is
 * up and can carry it, every actuator readable, and every guard in favour, with a slot of the budget
 * to spare. The first thing that is in its way is the answer.
 */
export function weighDrill(
  situation: Situation,
  { actor, owner }: { readonly actor: string; readonly owner: string },
  request: DrillRequest,
): DrillOutlook {
  const { memory, wall } = situation
  const allocation = memory.row.allocation ?? {}
  const away = request.away ?? heaviest(allocation) ?? ''
  const found = obstacleOf(situation, away)
  if (found !== undefined) return { kind: 'not-ready', ...found }
  const to = targetOf(situation, away)
  if (typeof to === 'string') return { kind: 'not-ready', guard: 'standby', says: to }
  const opens: OpenDrill = {
    id: request.id,
    plan: request.plan,
    kind: request.kind,
    actor,
    owner,
    away,
    from: allocation,
    ...(request.kind === 'switch' && { to }),
    startedAt: wall,
    until: wall + request.stayMs,
    max: wall + request.maxMs,
  }
  const proposal: Proposal = {
    reason: 'drill',
    from: allocation,
    to,
    target: raisedPaths(allocation, to)[0] ?? '',
    leaving: [],
    charge: 1,
    drill: { id: request.id, part: 'away', opens },
    says: `drill ${request.plan}, asked for by ${actor}: away from ${away} for ${formatDuration(request.stayMs)}`,
  }
  const guards = askGuards(proposal, situation)
  const veto = firstVeto(guards)
  if (veto !== undefined) return { kind: 'not-ready', guard: veto.guard, says: veto.says }
  return { kind: 'ready', proposal, guards }
}

/** What is in the way of any drill, before targets and guards are asked. */
function obstacleOf(
  situation: Situation,
  away: string,
): { readonly guard: string; readonly says: string } | undefined {
  const { memory, lease, paths, settings } = situation
  const { allocation, drill, frozen, intent } = memory.row
  if (lease === undefined) return { guard: 'leader', says: 'this process does not lead the group' }
  if (frozen !== undefined) return { guard: 'frozen', says: `the group is frozen: ${frozen.says}` }
  if (drill !== undefined) return { guard: 'drill', says: `drill ${drill.plan} is under way` }
  if (intent !== undefined) return { guard: 'intent', says: 'a change is under way' }
  if (!memory.readBack || allocation === undefined) {
    return { guard: 'read-back', says: 'what the actuators serve was not read back yet' }
  }
  const bad = situation.actuators?.find((each) => !each.ok || each.lags === true)
  if (bad !== undefined) {
    const what = bad.ok ? 'does not follow' : 'cannot be read'
    return { guard: 'actuator', says: `${bad.type} ${what}: ${bad.says}` }
  }
  if ((allocation[away] ?? 0) === 0) {
    return {
      guard: 'away',
      says: `${away} carries no traffic: ${describeAllocation(allocation)} serves`,
    }
  }
  for (const name of serving(allocation)) {
    const health = paths.get(name)
    if (health?.health !== 'up') {
      return { guard: 'steady', says: `${name} serves and is ${health?.health ?? 'unknown'}` }
    }
    if (health.suspect)
      return { guard: 'steady', says: `${name} serves and is suspect: ${health.says}` }
  }
  if (liveRamp(situation) !== undefined) return { guard: 'steady', says: 'a ramp is under way' }
  const due = settings.sharing === undefined ? failbackOf(situation, away).due : undefined
  return due === undefined ? undefined : { guard: 'steady', says: `a failback is due: ${due}` }
}

/** Where a drill moves the traffic of a path, or why nowhere: only to paths that are up and not suspect. */
function targetOf(situation: Situation, away: string): Allocation | string {
  const { memory, paths, settings } = situation
  const isFit = (name: string) => {
    const health = paths.get(name)
    return health?.health === 'up' && !health.suspect
  }
  const choice = candidates(situation, [away])
  const fit = choice.filter(({ eligible, name }) => eligible && isFit(name))
  if (fit.length === 0) {
    const others = choice.map(({ name, says, eligible }) =>
      eligible && paths.get(name)?.suspect === true
        ? `${name} is suspect: ${paths.get(name)?.says ?? ''}`
        : says,
    )
    return `no standby is healthy: ${others.join('; ') || 'there is no other path'}`
  }
  const names = settings.paths.map(({ name }) => name)
  if (settings.sharing === undefined) return allTo(fit[0]?.name ?? '', names)
  const unfit = choice.filter(({ name }) => !isFit(name)).map(({ name }) => name)
  const { to, stranded } = evacuate(
    situation,
    settings.sharing,
    memory.row.allocation ?? {},
    [away],
    unfit,
  )
  return stranded > 0 ? `the others cannot take all of ${away}` : to
}

function strangerOf(
  { from }: OpenDrill,
  paths: Situation['settings']['paths'],
): string | undefined {
  return serving(from).find((name) => paths.every((path) => path.name !== name))
}
