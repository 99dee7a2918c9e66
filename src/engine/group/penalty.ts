import type { PathPenalty } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { FlapSettings } from '../../core/settings.ts'

/**
 * What one path owes for going down again and again, on the monotonic clock. It decays by itself:
 * everything about it follows from these values and the time (as in BGP route flap damping,
 * RFC 2439, section 4.2).
 */
export interface Penalty {
  /** At `at`, the last time that it went down. */
  readonly points: number
  /** Monotonic milliseconds. */
  readonly at: number
  /** It went down and was neither up nor degraded since: still the same failure. */
  readonly isDown: boolean
  /** It was at or above `suppress` at `at`, or had been and was not below `reuse` since. */
  readonly isSuppressed: boolean
}

export type Penalties = ReadonlyMap<string, Penalty>

/** What going down once costs. The other limits are configured in the same points. */
const pointsPerFailure = 1_000
/** However often a path goes down, it is forgiven after this many half-lives of quiet. */
const longestHalfLives = 4
/** Below this a penalty is forgotten. */
const negligible = 1

/** Points that are left of a penalty at monotonic `now`. */
export function pointsAt(penalty: Penalty, settings: FlapSettings, now: number): number {
  return penalty.points * 2 ** (-Math.max(0, now - penalty.at) / settings.halfLifeMs)
}

/** Whether a path went down too often lately: it ranks behind others, and failback to it waits. */
export function isSuppressed(
  penalty: Penalty | undefined,
  settings: FlapSettings,
  now: number,
): penalty is Penalty {
  return penalty?.isSuppressed === true && pointsAt(penalty, settings, now) >= settings.reuse
}

/** Milliseconds until a suppressed path is forgiven, if it does not go down again; 0 where it is not. */
export function forgivenInMs(
  penalty: Penalty | undefined,
  settings: FlapSettings,
  now: number,
): number {
  if (!isSuppressed(penalty, settings, now)) return 0
  const halfLives = Math.log2(pointsAt(penalty, settings, now) / settings.reuse)
  return Math.ceil(halfLives * settings.halfLifeMs)
}

/**
 * Counts every path that went down by quorum since the last time. One failure counts once, until
 * the path was up or degraded again: neither an unknown nor a contested spell between makes it two.
 * A path that is down when its group is led for the first time counts as gone down once. Gives
 * back `before` itself where nothing changed.
 */
export function countFailures(
  before: Penalties,
  paths: ReadonlyMap<string, PathHealth>,
  settings: FlapSettings,
  now: number,
): Penalties {
  const after = new Map(before)
  let isChanged = false
  for (const name of before.keys()) if (!paths.has(name)) isChanged = after.delete(name)
  for (const [name, { health }] of paths) {
    const known = before.get(name)
    const isBack = known?.isDown === true && (health === 'up' || health === 'degraded')
    if (health === 'down' && known?.isDown !== true) after.set(name, failed(known, settings, now))
    else if (isBack) after.set(name, { ...known, isDown: false })
    else if (known === undefined || known.isDown) continue
    else if (pointsAt(known, settings, now) < negligible) after.delete(name)
    else continue
    isChanged = true
  }
  return isChanged ? after : before
}

function failed(known: Penalty | undefined, settings: FlapSettings, now: number): Penalty {
  const left = known === undefined ? 0 : pointsAt(known, settings, now)
  const most = Math.max(settings.suppress, settings.reuse * 2 ** longestHalfLives)
  const points = Math.min(most, left + pointsPerFailure)
  const was = isSuppressed(known, settings, now)
  return { points, at: now, isDown: true, isSuppressed: was || points >= settings.suppress }
}

/** For the stored row: times of the wall clock. */
export function storedPenalties(
  penalties: Penalties,
  now: number,
  wall: number,
): Readonly<Record<string, PathPenalty>> {
  const stored = [...penalties].map(([name, { at, ...rest }]) => [
    name,
    { ...rest, at: wall - (now - at) },
  ])
  return Object.fromEntries(stored) as Readonly<Record<string, PathPenalty>>
}

/**
 * From the stored row. An entry that is the same as in the row which this process remembers keeps
 * its monotonic time, whatever the wall clock did since; a time in the future counts from now, so
 * that nothing is forgiven early. What this process counted and could not write yet is kept.
 */
export function recalledPenalties(
  stored: Readonly<Record<string, PathPenalty>> | undefined,
  now: number,
  wall: number,
  before?: {
    readonly stored: Readonly<Record<string, PathPenalty>> | undefined
    readonly penalties: Penalties
  },
): Penalties {
  const known = new Map(
    Object.entries(stored ?? {}).map(([name, { at, ...rest }]) => [
      name,
      { ...rest, at: now - Math.max(0, wall - at) },
    ]),
  )
  if (before === undefined) return known
  const isOurs = JSON.stringify(stored ?? {}) === JSON.stringify(before.stored ?? {})
  return isOurs ? before.penalties : known
}
