import { raisedPaths } from '../core/allocation.ts'
import { continuityChecks, type ContinuityCheck } from '../core/continuity.ts'
import type { Intent } from '../core/group.ts'
import type { Opened, Trace, Violation } from './trace.ts'
import { groupOf } from './world.ts'

/** What is seen for so long was seen by every vantage, and is no moment between two looks. */
const settledMs = 60_000

/**
 * 47: what could wait or cannot be taken back did not go where the stream does not go on, and what
 * cannot be taken back waited for its time.
 */
export function continuations(trace: Trace): Violation[] {
  return trace.opened.flatMap((each) => [...differs(trace, each), ...early(trace, each)])
}

function differs(trace: Trace, { at, group, intent }: Opened): Violation[] {
  const { blocks, checks } = groupOf(trace.world, group).continuity
  const kinds = kindsOf(intent, groupOf(trace.world, group).irreversible.length > 0)
  if (!kinds.some((kind) => blocks.includes(kind))) return []
  const from = leftMost(intent)
  // What a path showed before it was left counts: only one that never differed is a plain measure.
  if (from === undefined || oddities(trace, group, from, 0, at).some((each) => each !== undefined))
    return []
  return raisedPaths(intent.from, intent.ramp?.to ?? intent.to).flatMap((name) => {
    const [oddity, ...others] = new Set(oddities(trace, group, name, at - settledMs, at))
    if (oddity === undefined || others.length > 0 || !checks.includes(oddity)) return []
    const says = `a ${intent.reason} to ${name}, which differed (${oddity})`
    return [{ invariant: 47, at, says }]
  })
}

function kindsOf(intent: Intent, isIrreversible: boolean) {
  const { drill, leaving, ramp, reason } = intent
  if (reason === 'steer' || reason === 'spread' || drill?.part === 'return') return []
  const isBack = reason === 'failback' || (reason === 'ramp' && leaving.length === 0)
  if (ramp?.isSetBack === true) return []
  return [
    ...(isBack ? (['failback'] as const) : []),
    ...(reason === 'drill' ? (['drill'] as const) : []),
    ...(isIrreversible ? (['irreversible'] as const) : []),
  ]
}

function leftMost({ from, to }: Intent): string | undefined {
  const loss = (name: string) => (from[name] ?? 0) - (to[name] ?? 0)
  return Object.keys(from)
    .filter((name) => loss(name) > 0)
    .toSorted((a, b) => loss(b) - loss(a))[0]
}

/** What the path showed at each look that shows anything. */
function oddities(
  { world }: Trace,
  group: string,
  path: string,
  from: number,
  until: number,
): (ContinuityCheck | undefined)[] {
  return world.looks
    .filter(
      (look) =>
        look.group === group &&
        look.path === path &&
        look.at >= from &&
        look.at <= until &&
        look.isShown,
    )
    .map(({ oddity }) => continuityChecks.find((each) => each === oddity))
}

function early({ world }: Trace, { at, group, intent }: Opened): Violation[] {
  const { leaveAfterMs } = groupOf(world, group)
  if (intent.reason !== 'failover' || leaveAfterMs === 0) return []
  const downFor = intent.leaving.map((name) => intent.basis.paths[name]?.forMs ?? 0)
  if (Math.max(0, ...downFor) >= leaveAfterMs) return []
  return [{ invariant: 47, at, says: `left ${intent.leaving.join(', ')} before its time` }]
}
