import type { Condition } from '../../core/condition.ts'
import type { FaultPlace } from '../../core/fault.ts'
import type { Silence, SilenceMatch } from '../../core/silence.ts'
import { glob } from '../../engine/rules/glob.ts'
import { atLeast } from './incident.ts'

/** Where a fault lies that every way out carries on. */
const beforeTheEdges: readonly (FaultPlace | undefined)[] = ['encoder', 'ingest', 'origin']

/**
 * The silence that keeps people from being told of a condition; `undefined` where none does. That
 * Changeover itself cannot see, act or tell is silenced only by the key of that very incident: a
 * wide silence for maintenance of a stream must not hide that nobody watches any more.
 */
export function silenceOf(
  condition: Condition,
  silences: readonly Silence[],
  wall: number,
): Silence | undefined {
  return silences
    .filter(({ from, until }) => from <= wall && wall < until)
    .filter(({ match }) => isMatch(match, condition))
    .toSorted((a, b) => b.until - a.until)[0]
}

function isMatch(match: SilenceMatch, condition: Condition): boolean {
  const { key, group, path, tags = [], isOwn } = condition
  if (match.key !== undefined && match.key !== key) return false
  if (isOwn === true && match.key === undefined) return false
  const stream = group.split('/')[0] ?? group
  if (match.stream !== undefined && !glob(stream, match.stream)) return false
  if (match.group !== undefined && !glob(group, match.group)) return false
  if (match.path !== undefined && !glob(path ?? '', match.path)) return false
  const { tag } = match
  return tag === undefined || tags.some((each) => glob(each, tag))
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
  if (streamOf(cause) !== streamOf(effect)) return false
  if (cause.role !== 'ingest' || effect.role !== 'delivery') return false
  // An origin that fails is no fault of the ingest before it.
  return beforeTheEdges.includes(effect.place) && effect.place !== 'origin'
}

function streamOf({ group }: Condition): string {
  return group.split('/')[0] ?? group
}

/** Orders causes before their consequences. */
export function byDepth(a: Condition, b: Condition): number {
  return (depth(b) ?? 4) - (depth(a) ?? 4)
}
