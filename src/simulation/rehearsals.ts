import type { DrillPlan } from '../core/drill-plan.ts'
import type { World } from './world.ts'

/** A plan for each group that has none, so that drills run from their beginning to their verdict. */
export function rehearsals({ group, settings, variant }: World): DrillPlan[] {
  const planned = new Set(settings.drills.map((plan) => plan.group))
  const stayMs = 2_000 + (variant % 8) * 5_000
  const longest = Math.max(...settings.groups.map(({ verify }) => verify.forMs), group.verify.forMs)
  return settings.groups
    .filter(({ name }) => !planned.has(name))
    .map(({ name }) => ({
      name: `rehearsal of ${name}`,
      group: name,
      kind: 'switch',
      timeZone: 'UTC',
      stayMs,
      maxMs: stayMs + longest + 120_000,
      objectives: {},
      abortIf: { standby: [] },
      blockedBy: 'critical',
      window: [],
    }))
}

/** The plan by which a group is rehearsed. */
export function rehearsalOf({ settings }: World, group: string): DrillPlan | undefined {
  return settings.drills.find((plan) => plan.group === group && plan.kind === 'switch')
}
