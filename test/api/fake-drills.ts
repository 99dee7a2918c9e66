import type { DrillPort } from '../../src/api/watchdog-port.ts'
import type { CommandResult } from '../../src/core/command.ts'
import type { DrillOutcome } from '../../src/core/drill.ts'
import type { DrillSummary } from '../../src/core/drill-report.ts'
import type { DrillOutlookView, DrillPlanView, RunningDrillView } from '../../src/core/view.ts'

/** A drill of Channel One that ended so many minutes before `wall`. */
export function drillSummary(
  wall: number,
  id: string,
  minutesAgo: number,
  outcome: DrillOutcome,
  more: Partial<DrillSummary> = {},
): DrillSummary {
  const endedAt = wall - minutesAgo * 60_000
  return {
    id,
    plan: 'weekly-cdn',
    group: 'channel-1/cdn',
    kind: 'switch',
    outcome,
    says: 'the traffic went to cdn-b and back, verified both ways',
    actor: 'schedule',
    startedAt: endedAt - 330_000,
    endedAt,
    times: { decide: 340, apply: 1_250, verify: 4_200, effective: 31_250, gap: 0, return: 1_900 },
    objectives: { apply: 10_000, verify: 30_000, gap: 5_000, return: 30_000 },
    ...more,
  }
}

/** Drills that show what a test sets and remember what they were told. */
export class FakeDrills implements DrillPort {
  plans: readonly DrillPlanView[]
  history: readonly DrillSummary[] = []
  running: RunningDrillView | undefined
  readonly told: unknown[] = []
  readonly kept = new Map<string, string>()
  nextOutlook: DrillOutlookView = { ready: true, steps: ['moves nothing'] }
  nextResult: CommandResult & { readonly id?: string } = { ok: true, says: 'began', id: 'd9' }

  constructor(wall: number) {
    this.plans = [
      {
        name: 'weekly-cdn',
        group: 'channel-1/cdn',
        kind: 'switch',
        timeZone: 'Europe/Berlin',
        cron: '0 10 * * 3',
        next: wall + 26 * 3_600_000,
      },
      { name: 'ready', group: 'channel-2/cdn', kind: 'observe', timeZone: 'UTC' },
    ]
  }

  view({ group, limit = 20 }: { readonly group?: string; readonly limit?: number } = {}) {
    const isAsked = (each: { readonly group: string }) =>
      group === undefined || each.group === group
    const { running } = this
    return {
      plans: this.plans.filter(isAsked),
      ...(running !== undefined && isAsked(running) && { running }),
      history: this.history.filter(isAsked).slice(0, limit),
    }
  }

  outlook(name: string): DrillOutlookView | undefined {
    return this.plans.some((plan) => plan.name === name) ? this.nextOutlook : undefined
  }

  async reports(): Promise<readonly string[]> {
    return [...this.kept.keys()].map((file) => file.replace(/\..*$/u, ''))
  }

  async report(id: string, form: string): Promise<string | undefined> {
    return this.kept.get(`${id}.${form}`)
  }

  async run(name: string, actor: string, reason: string) {
    this.told.push({ run: name, actor, reason })
    return this.nextResult
  }

  abort(actor: string, reason: string, id?: string): CommandResult {
    this.told.push({ abort: id, actor, reason })
    return this.nextResult
  }
}
