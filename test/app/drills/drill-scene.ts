import type { DrillPlan } from '../../../src/core/drill-plan.ts'
import type { DrillSummary } from '../../../src/core/drill-report.ts'
import { groupName, type Process, type World } from '../../../src/simulation/world.ts'
import { steady } from '../group/scene.ts'

export const minute = 60_000

/** A drill that switches and stays for two minutes. */
export function plan(overrides: Partial<DrillPlan> = {}): DrillPlan {
  return {
    name: 'weekly',
    group: groupName,
    kind: 'switch',
    timeZone: 'UTC',
    stayMs: 2 * minute,
    maxMs: 4 * minute,
    objectives: {},
    abortIf: { standby: ['degraded'] },
    blockedBy: 'warning',
    window: [],
    ...overrides,
  }
}

/** A steady world with these drills. */
export async function scene(...drills: DrillPlan[]) {
  return await steady({ settings: { drills } })
}

/** Runs a drill and lets time pass until it ended. */
export async function rehearse(
  world: World,
  process: Process,
  ms = 5 * minute,
): Promise<DrillSummary> {
  const began = await process.watchdog.drills.run('weekly', 'ana', 'before the final')
  if (!began.ok) throw new Error(began.says)
  await world.clock.advance(ms)
  return newest(process)
}

/** What came of the drill that ended last. */
export function newest(process: Process): DrillSummary {
  const [summary] = process.watchdog.drills.view().history
  if (summary === undefined) throw new Error('no drill ended')
  return summary
}
