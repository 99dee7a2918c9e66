import { serving } from '../core/allocation.ts'
import type { GroupView } from '../core/view.ts'
import type { ExitCode } from './io.ts'

/** How a group stands, as an exit code: 0 on air, 1 not on air, 3 nobody can tell. */
export type Standing = Extract<ExitCode, 0 | 1 | 3>

/**
 * On air is a group of which some serving path is up, degraded or contested (`/health` answers 200
 * for these too). Not on air: every serving path is down, or the group is FROZEN and waits for a
 * person. Otherwise nobody can tell.
 */
export function standingOf(group: GroupView): Standing {
  if (group.state === 'FROZEN') return 1
  const active = serving(group.allocation ?? {})
  const health = group.paths.filter(({ name }) => active.includes(name)).map((path) => path.health)
  if (health.some((each) => each !== 'down' && each !== 'unknown')) return 0
  return health.length > 0 && health.every((each) => each === 'down') ? 1 : 3
}

/** The worst of several: one that is bad outweighs one that is unknown. */
export function worst(standings: readonly Standing[]): Standing {
  if (standings.includes(1)) return 1
  return standings.includes(3) ? 3 : 0
}
