import { serving } from '../../core/allocation.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import type { LoadResult } from '../../core/drill-report.ts'
import type { Situation } from '../../engine/group/situation.ts'
import type { DrillHost } from './drill-host.ts'
import { loadTarget } from './drill-probes.ts'
import type { Verdict } from './judge.ts'
import { VirtualViewers } from './virtual-viewers.ts'

const tickMs = 250
/** From this part of the segments on, late or missing, the path is what limits. */
const limitRatio = 0.05

/** What a load drill needs of the run that it belongs to. */
export interface LoadDrillDeps {
  readonly host: DrillHost
  readonly order: {
    readonly id: string
    readonly plan: DrillPlan
    readonly actor: string
    readonly reason: string
  }
  readonly situation: Situation
  /** Why it must end now: another incident, a person. */
  readonly ends: () => Verdict | undefined
  readonly onPath: (path: string) => void
}

/**
 * Virtual viewers pull the standby, never beyond the ceiling; nothing is moved. It ends as soon as the
 * standby or what serves is not up any more.
 */
export async function pullStandby(
  { ends, host, onPath, order, situation }: LoadDrillDeps,
  signal: AbortSignal,
): Promise<{ readonly verdict: Verdict; readonly load?: LoadResult }> {
  const { clock, net } = host
  const { plan } = order
  const skipped = (says: string) => ({ verdict: { outcome: 'SKIPPED' as const, says } })
  if (plan.load === undefined) return skipped('there is no ceiling for its load')
  const on = serving(situation.memory.row.allocation ?? {})
  const path = plan.away ?? situation.settings.paths.find(({ name }) => !on.includes(name))?.name
  if (path === undefined) return skipped('there is no standby')
  onPath(path)
  const health = situation.paths.get(path)?.health ?? 'unknown'
  if (health !== 'up') return skipped(`no standby is healthy: ${path} is ${health}`)
  const target = loadTarget(situation.settings, path)
  if (target === undefined)
    return skipped(`${path} is neither HLS nor DASH: viewers pull nothing else`)
  const viewers = new VirtualViewers({ clock, net, path, ...target, ceiling: plan.load })
  const stop = new AbortController()
  const pulling = viewers.run(stop.signal)
  const until = clock.now() + plan.stayMs
  let verdict: Verdict | undefined
  while (clock.now() < until && verdict === undefined) {
    if (!(await clock.sleep(tickMs, signal))) break
    const paths = host.snapshot(plan.group)?.situation.paths
    const own = paths?.get(path)
    const active = on.find((name) => name !== path && paths?.get(name)?.health !== 'up')
    if (own?.health !== 'up') {
      const says = `${path} is ${own?.health ?? 'unknown'} under load: ${own?.says ?? ''}`
      verdict = { outcome: 'FAILED', says }
    } else if (active !== undefined) {
      verdict = { outcome: 'ABORTED', says: `${active}, which serves, is not up any more` }
    } else verdict = ends()
  }
  stop.abort()
  const load = viewers.result()
  await pulling
  const judged = ends() ?? verdict ?? judgeLoad(load)
  if (judged.outcome === 'PASSED' || judged.outcome === 'FAILED') await keep(load)
  return { load, verdict: judged }

  /** What ended for another reason measured that reason. */
  async function keep(measured: LoadResult): Promise<void> {
    const { bitsPerSecond, failures, lateRatio, segments } = measured
    if (segments === 0) return
    const troubled = failures + lateRatio * segments
    const answer = await host.command({
      kind: 'carried',
      group: plan.group,
      path: measured.path,
      actor: order.actor,
      reason: order.reason,
      drill: order.id,
      load: { bitsPerSecond, at: clock.wall(), plan: plan.name },
      // A few that failed among many say nothing of how much there is.
      isLimit: measured.limitedBy === 'path' && troubled > limitRatio * (segments + failures),
    })
    if (!answer.ok)
      host.log.warn({ drill: order.id }, `what a path carried is not kept: ${answer.says}`)
  }
}

function judgeLoad(load: LoadResult): Verdict {
  const { bitsPerSecond, failures, lateRatio, limitedBy, path, segments, viewers } = load
  if (segments === 0) return { outcome: 'FAILED', says: `${path} gave no segment at all` }
  const kilobits = Math.round(bitsPerSecond / 1_000)
  const says = `${path} gave ${kilobits} kbit/s to ${viewers} viewers in ${segments} segments, limited by the ${limitedBy}`
  if (limitedBy !== 'path') return { outcome: 'PASSED', says }
  const late = Math.round(lateRatio * 100)
  return {
    outcome: 'FAILED',
    says: `${says}: ${failures} failures, ${late} % of the segments late`,
  }
}
