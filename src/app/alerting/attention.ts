import { streamOfGroup } from '../../core/full-name.ts'
import type { Condition } from '../../core/condition.ts'
import type { FaultPlace } from '../../core/fault.ts'
import type { Silence } from '../../core/silence.ts'
import { isSilencedBy } from '../../engine/silence-match.ts'
import { atLeast } from './incident.ts'

/** Where a fault lies that every way out carries on. */
const beforeTheEdges: readonly (FaultPlace | undefined)[] = ['encoder', 'ingest', 'origin']

/**
 * The silence that keeps people from being told of a condition, of several the one that ends last;
 * `undefined` where none does.
 */
export function silenceOf(
  condition: Condition,
  silences: readonly Silence[],
  wall: number,
): Silence | undefined {
  return silences
    .filter(({ from, until }) => from <= wall && wall < until)
    .filter(({ match }) => isSilencedBy(match, condition))
    .toSorted((a, b) => b.until - a.until)[0]
}

/** How far towards the cause an incident stands: a consequence stands below its cause. */
function depth({ key, path, role }: Condition): number | undefined {
  const isGroup = path === undefined && key.endsWith('#all-down')
  if (path === undefined && !isGroup) return undefined
  if (role === 'ingest') return isGroup ? 3 : 2
  return isGroup ? 1 : 0
}

/**
 * The open incident whose consequence this one is, as far as the paths of the stream show it
 * together: every path of a group is down, or the ingest that feeds all ways out. It is at least as
 * severe, so a mild cause never hides a worse effect.
 */
export function causeOf<Open extends { readonly now: Condition }>(
  condition: Condition,
  open: readonly Open[],
): Open | undefined {
  const own = depth(condition)
  if (own === undefined || condition.isOwn === true) return undefined
  return open
    .filter(({ now }) => {
      const other = depth(now)
      if (other === undefined || other <= own) return false
      return atLeast(now.severity, condition.severity) && isCause(now, condition)
    })
    .toSorted((a, b) => (depth(b.now) ?? 0) - (depth(a.now) ?? 0))[0]
}

function isCause(cause: Condition, effect: Condition): boolean {
  if (cause.group === effect.group) return cause.path === undefined
  if (streamOfGroup(cause.group) !== streamOfGroup(effect.group)) return false
  if (cause.role !== 'ingest' || effect.role !== 'delivery') return false
  // An origin that fails is no fault of the ingest before it.
  return beforeTheEdges.includes(effect.place) && effect.place !== 'origin'
}

/** Orders causes before their consequences. */
export function byDepth(a: Condition, b: Condition): number {
  return (depth(b) ?? 4) - (depth(a) ?? 4)
}
