import type { GroupRow } from '../core/group.ts'
import {
  audit,
  calls,
  fencing,
  foreignEdits,
  intentFirst,
  neverEmpty,
  verified,
} from './invariants-actuation.ts'
import { continuations } from './invariants-continuity.ts'
import { drills, verdicts } from './invariants-drills.ts'
import { evidence, failback, targets } from './invariants-evidence.ts'
import { advise, holdWins, oneIncident, overrides } from './invariants-people.ts'
import { blastRadius, rates } from './invariants-rate.ts'
import { calendars, contradictions } from './invariants-surroundings.ts'
import { shares } from './invariants-sharing.ts'
import { traceOf, type Violation } from './trace.ts'
import type { World } from './world.ts'

export type { Violation } from './trace.ts'

/** Checks the whole trace of a run: writes, calls, journal, looks. */
export function checkTrace(world: World): Violation[] {
  const trace = traceOf(world)
  return [
    ...evidence(trace),
    ...targets(trace),
    ...failback(trace),
    ...neverEmpty(trace),
    ...rates(trace),
    ...blastRadius(trace),
    ...shares(trace),
    ...intentFirst(trace),
    ...fencing(trace),
    ...calls(trace),
    ...foreignEdits(trace),
    ...verified(trace),
    ...advise(trace),
    ...holdWins(trace),
    ...overrides(trace),
    ...calendars(trace),
    ...contradictions(trace),
    ...oneIncident(trace),
    ...drills(trace),
    ...continuations(trace),
    ...verdicts(trace),
    ...audit(trace),
  ]
}

/** Everything that must be equal for two runs of one seed (invariant 15). */
export function fingerprint(world: World): string {
  const rows: GroupRow[] = [...world.disk.rows.values()]
  return JSON.stringify({ journal: world.disk.journal, writes: world.writes, rows })
}
