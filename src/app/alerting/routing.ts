import { streamOfGroup } from '../../core/full-name.ts'
import type { Condition } from '../../core/condition.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Period } from '../../core/calendar.ts'
import { isOpen } from '../../engine/calendar.ts'
import { glob } from '../../engine/rules/glob.ts'
import type { AlertRoute } from './deliveries.ts'
import { atLeast } from './incident.ts'

/** Which incidents a route is told of: of each list that is given, one pattern must match. */
export interface RouteMatch {
  readonly streams?: readonly string[] | undefined
  /** Full names, `<stream>/<group>`. */
  readonly groups?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
}

/** Which incidents reach a route, when, and in which order people are asked. */
export interface RouteRules {
  /** Everything where absent. Troubles of Changeover itself always match. */
  readonly only?: RouteMatch | undefined
  /** Only while one of these lasts; at any time where absent or empty. */
  readonly when?: readonly Period[] | undefined
  /** Only what nobody acknowledged for so long. */
  readonly afterMs?: number | undefined
  /** Again so often, until somebody acknowledges it. */
  readonly repeatMs?: number | undefined
  /** Only while this route does not take notices. */
  readonly insteadOf?: string | undefined
  /** What follows within this time about the same stream comes in one notice. */
  readonly togetherMs?: number | undefined
}

/** What a route is asked about. */
export interface Asked {
  readonly condition: Condition
  readonly isAcknowledged: boolean
  readonly openForMs: number
  readonly wall: number
  readonly isFailing: (route: string) => boolean
}

/** Whether a route is to be told now; where not, when that may change by time alone, and why. */
export type Answer = { readonly isTold: true } | NotTold

interface NotTold {
  readonly isTold: false
  readonly inMs?: number
  readonly says: string
}

/** Windows are asked again so often: they open at full minutes. */
const WINDOW_POLL_MS = 30_000

/** Says whether an incident that a route has not heard of is for it now. */
export function askRoute(route: AlertRoute, asked: Asked): Answer {
  const { condition, isAcknowledged, openForMs, wall, isFailing } = asked
  // A broken route is told to the others: it could not hear of itself.
  if (condition.details['route'] === route.route) return no('it is about this route')
  if (!atLeast(condition.severity, route.minSeverity))
    return no(`only ${route.minSeverity} or worse`)
  if (!isFor(route, condition)) return no('it is for others')
  const { afterMs = 0, insteadOf, when = [] } = route
  if (insteadOf !== undefined && !isFailing(insteadOf)) return no(`${insteadOf} takes notices`)
  if (isAcknowledged && (afterMs > 0 || insteadOf !== undefined))
    return no('somebody looks after it')
  const window = isOpen(when, wall)
  if (!window.open) return { ...no(window.says), inMs: WINDOW_POLL_MS }
  if (openForMs >= afterMs) return { isTold: true }
  const inMs = afterMs - openForMs
  return { isTold: false, inMs, says: `in ${formatDuration(Math.ceil(inMs / 1_000) * 1_000)}` }
}

/** Whether what concerns a group is for a route, by `only`; what concerns Changeover itself always is. */
export function isFor(
  { only }: RouteRules,
  { group, tags = [], isOwn }: Pick<Condition, 'group' | 'tags' | 'isOwn'>,
): boolean {
  if (only === undefined || isOwn === true) return true
  const { streams, groups, tags: wanted } = only
  const stream = streamOfGroup(group)
  const isOne = (patterns: readonly string[] | undefined, names: readonly string[]) =>
    patterns === undefined || patterns.some((pattern) => names.some((name) => glob(name, pattern)))
  return isOne(streams, [stream]) && isOne(groups, [group]) && isOne(wanted, tags)
}

function no(says: string): NotTold {
  return { isTold: false, says }
}
