import { raisedPaths, type Allocation } from '../../core/allocation.ts'
import {
  compareContinuity,
  type ContinuityBlock,
  type ContinuityDifference,
  type ContinuityLimits,
  type SeenContinuity,
} from '../../core/continuity.ts'
import { formatDuration } from '../../core/duration.ts'
import { isTooSmall, shortfallOf } from './capacity.ts'
import type { Guard } from './guard.ts'
import type { Proposal, Situation } from './situation.ts'

const yes = (says: string) => ({ pass: true, says })
const no = (says: string) => ({ pass: false, says })

/** What viewers of one path would notice on another, by what is known of both. */
export function differencesBetween(
  { paths, settings }: Situation,
  from: string | undefined,
  to: string,
): readonly ContinuityDifference[] {
  const { continuity } = settings
  if (from === undefined || from === to || continuity.checks.length === 0) return []
  const [left, entered] = [paths.get(from)?.continuity, paths.get(to)?.continuity]
  if (entered === undefined) return none
  const known = compared.get(entered)
  const isKnown = known !== undefined && known.left === left && known.to === to
  if (isKnown && known.limits === continuity) return known.found
  const found = compareContinuity(
    { name: from, seen: left },
    { name: to, seen: entered },
    continuity,
  )
  compared.set(entered, { left, limits: continuity, to, found })
  return found
}

const none: readonly ContinuityDifference[] = []

/** The last comparison with a fingerprint: one decision asks for it again and again. */
const compared = new WeakMap<
  SeenContinuity,
  {
    readonly left: SeenContinuity | undefined
    readonly limits: ContinuityLimits
    readonly to: string
    readonly found: readonly ContinuityDifference[]
  }
>()

/**
 * Of a path that is down and left, what is there is better than nothing, and so discontinuity only
 * ranks. It vetoes what could as well wait for a person or a better moment: failback, drills, and
 * what cannot be taken back.
 */
export const continuityGuard: Guard = {
  name: 'continuity',
  bypassable: true,
  ask: (proposal, situation) => {
    const { settings } = situation
    const from = lostMost(proposal)
    const kinds = waitingKinds(proposal, situation).filter((kind) =>
      settings.continuity.blocks.includes(kind),
    )
    const found = enteredInTheEnd(proposal)
      .map(({ name }) => ({ name, differences: differencesBetween(situation, from, name) }))
      .filter(({ differences }) => differences.length > 0)
    if (found.length === 0) return yes('no difference is known that viewers would notice')
    const says = found
      .map(({ name, differences }) => {
        const what = differences.map((each) => each.says).join('; ')
        return `${name} would not continue the stream of ${from}: ${what}`
      })
      .join('; ')
    if (kinds.length === 0) return yes(`${says}: no reason against this change`)
    return no(`${says}${whyItMatters(kinds, situation)}`)
  },
}

/**
 * As continuity: what is declared too small ranks behind, and is entered only where there is need. What
 * a load drill measured too small is no place to rehearse on, and vetoes nothing else.
 */
export const capacityGuard: Guard = {
  name: 'capacity',
  bypassable: true,
  ask: (proposal, situation) => {
    const { settings } = situation
    const small = enteredInTheEnd(proposal).flatMap(({ name, share }) => {
      if (isTooSmall(settings, name, share)) return [`${name} is declared too small for it`]
      const isRehearsed = proposal.reason === 'drill'
      return (isRehearsed ? shortfallOf(situation, name, share) : undefined) ?? []
    })
    if (small.length === 0) return yes('nothing that is declared speaks against it')
    const says = small.join('; ')
    const kinds = waitingKinds(proposal, situation)
    if (kinds.length === 0) return yes(`${says}: no reason against this change`)
    return no(`${says}${whyItMatters(kinds, situation)}`)
  },
}

/**
 * What is hard to take back waits longer. Counted from the moment at which the path became down, so
 * that a recovery begins it anew and a reload does not. Of several paths, the one that is down longest
 * counts: one that joins the others delays nothing. A person waits for nothing.
 */
export const leaveAfterGuard: Guard = {
  name: 'leave-after',
  bypassable: true,
  ask: ({ leaving, reason }, { now, paths, settings: { leaveAfterMs } }) => {
    if (leaveAfterMs === 0) return yes('a path that is down is left at once')
    if (reason !== 'failover') return yes('leaves nothing by itself')
    const downFor = leaving.map((name) => now - (paths.get(name)?.since ?? now))
    const leftMs = leaveAfterMs - Math.max(0, ...downFor)
    const wait = formatDuration(leaveAfterMs)
    if (leftMs <= 0) return yes(`down for the ${wait} that are waited for`)
    const left = formatDuration(Math.ceil(leftMs / 1_000) * 1_000)
    return no(`${leaving.join(', ')} is left in ${left}, if it stays down: ${wait} are waited for`)
  },
}

/** As what a change must be able to wait; nothing where it rescues, or where it only undoes a drill. */
function waitingKinds(
  { drill, leaving, ramp, reason }: Proposal,
  { settings }: Situation,
): readonly ContinuityBlock[] {
  if (drill?.part === 'return' || reason === 'spread') return []
  const isOn = reason === 'ramp' && ramp?.isSetBack !== true && leaving.length === 0
  // A step back is no choice.
  if (reason === 'ramp' && !isOn && leaving.length === 0) return []
  return [
    ...(reason === 'failback' || isOn ? (['failback'] as const) : []),
    ...(reason === 'drill' ? (['drill'] as const) : []),
    ...(settings.irreversible.length > 0 ? (['irreversible'] as const) : []),
  ]
}

function whyItMatters(kinds: readonly ContinuityBlock[], { settings }: Situation): string {
  if (!kinds.includes('irreversible')) return ''
  return `, and ${settings.irreversible.join(', ')} cannot be taken back`
}

/** Paths that get more, and what they have when all steps are made. */
function enteredInTheEnd({
  from,
  ramp,
  to,
}: Proposal): readonly { readonly name: string; readonly share: number }[] {
  const end = ramp?.to ?? to
  return raisedPaths(from, end).map((name) => ({ name, share: end[name] ?? 0 }))
}

/** The path whose viewers are moved: the one that loses most. */
function lostMost({ from, to }: Pick<Proposal, 'from' | 'to'>): string | undefined {
  const loss = (name: string) => (from[name] ?? 0) - (to[name] ?? 0)
  return names(from).reduce<string | undefined>(
    (most, name) => (loss(name) > (most === undefined ? 0 : loss(most)) ? name : most),
    undefined,
  )
}

function names(allocation: Allocation): readonly string[] {
  return Object.keys(allocation)
}
