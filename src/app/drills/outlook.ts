import { describeAllocation } from '../../core/allocation.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import { formatDuration } from '../../core/duration.ts'
import type { DrillOutlookView } from '../../core/view.ts'
import { weighDrill, type DrillOutlook } from '../../engine/group/drill.ts'
import { blockedBy } from './blocked-by.ts'
import type { DrillHost } from './drill-host.ts'

/** What a drill needs to be weighed by. */
export type OutlookHost = Pick<DrillHost, 'clock' | 'incidents' | 'owner' | 'snapshot'>

/**
 * What a drill would do if it began now, step by step, and what would keep it from beginning. Reads
 * what is known and asks the engine; nothing is looked at afresh, written or moved. A `load` drill
 * also looks at its path when it begins, and an `observe` drill at all of them.
 */
export function outlookOf(host: OutlookHost, plan: DrillPlan, actor: string): DrillOutlookView {
  const snapshot = host.snapshot(plan.group)
  const outlook = snapshot && weighed(host, plan, actor, snapshot.situation)
  const through = (snapshot?.readings ?? []).map(({ type }) => type)
  const obstacle = obstacleOf(host, plan, outlook)
  return {
    ready: obstacle === undefined,
    ...(obstacle !== undefined && { says: obstacle }),
    steps: stepsOf(plan, outlook, through),
  }
}

type Snapshot = NonNullable<ReturnType<OutlookHost['snapshot']>>

function weighed(
  { owner }: OutlookHost,
  plan: DrillPlan,
  actor: string,
  situation: Snapshot['situation'],
): DrillOutlook | undefined {
  const { kind, name } = plan
  if (kind !== 'switch' && kind !== 'fault') return undefined
  return weighDrill(situation, { actor, owner }, { ...plan, id: 'outlook', plan: name, kind })
}

/** In the order in which a drill that begins would come upon it. */
function obstacleOf(
  host: OutlookHost,
  plan: DrillPlan,
  outlook: DrillOutlook | undefined,
): string | undefined {
  const blocked = blockedBy(host, plan)
  if (blocked !== undefined) return blocked
  const situation = host.snapshot(plan.group)?.situation
  if (situation === undefined) return 'the group is not watched'
  if (situation.lease === undefined) return 'another process leads this group'
  if (plan.kind === 'advise' && !situation.memory.readBack) {
    return 'what the actuators serve was not read back yet'
  }
  return outlook?.kind === 'not-ready' ? outlook.says : undefined
}

function stepsOf(
  plan: DrillPlan,
  outlook: DrillOutlook | undefined,
  through: readonly string[],
): string[] {
  const { away = 'what serves', group, kind, load, maxMs, stayMs } = plan
  const path = plan.away ?? 'the path that serves'
  const stay = formatDuration(stayMs)
  switch (kind) {
    case 'observe':
      return [
        `looks afresh at every path of ${group}, at every actuator, holds, freezes and budgets`,
        'moves nothing',
      ]
    case 'advise':
      return [
        `asks the engine on a copy of what it knows, with ${path} failing, blurry, contested and unseen`,
        'moves nothing',
      ]
    case 'load':
      return [
        `at most ${load?.viewers ?? 0} virtual viewers pull ${plan.away ?? 'the standby'} for ${stay}, never more than ${Math.round((load?.bitsPerSecond ?? 0) / 1_000)} kbit/s together`,
        'moves nothing; what is pulled is real traffic at that CDN',
      ]
    case 'switch':
      return [
        `moves the traffic of viewers ${moveOf(outlook, away)}${through.length === 0 ? '' : `, through ${through.join(', then ')}`}`,
        `keeps it there for ${stay}, and then moves it back`,
        pagesAfter(maxMs),
        endsEarly(plan),
      ]
    case 'fault':
      return [
        `breaks ${path} ${plan.fault?.by === 'lab' ? `in the lab (${plan.fault.fault} at ${plan.fault.target})` : 'through its webhook'}`,
        `waits until the watchdog finds it by itself and moves the traffic of viewers ${moveOf(outlook, away)}`,
        `heals it, and moves the traffic back, ${stay} after it began`,
        pagesAfter(maxMs),
        endsEarly(plan),
      ]
  }
}

function moveOf(outlook: DrillOutlook | undefined, away: string): string {
  if (outlook?.kind !== 'ready') return `away from ${away} to the standby`
  const { from, to } = outlook.proposal
  return `from ${describeAllocation(from)} to ${describeAllocation(to)}`
}

function pagesAfter(maxMs: number): string {
  return `people are paged if the traffic is not back after ${formatDuration(maxMs)}`
}

function endsEarly({ abortIf }: DrillPlan): string {
  const bad = ['down or unknown', ...abortIf.standby].join(' or ')
  const gap =
    abortIf.gapMs === undefined
      ? ''
      : `, when the public name shows nothing good for ${formatDuration(abortIf.gapMs)}`
  return `ends before that, and returns the traffic, when the standby is ${bad}${gap}, or when a person or an incident comes first`
}
