import { serving } from '../../core/allocation.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import type { LoadResult } from '../../core/drill-report.ts'
import type { Situation } from '../../engine/group/situation.ts'
import type { DrillHost } from './drill-host.ts'
import { loadUrl } from './drill-probes.ts'
import type { Verdict } from './judge.ts'
import { VirtualViewers } from './virtual-viewers.ts'

const tickMs = 250

/** What a load drill needs of the run that it belongs to. */
export interface LoadDrillDeps {
  readonly host: DrillHost
  readonly plan: DrillPlan
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
  { ends, host, onPath, plan, situation }: LoadDrillDeps,
  signal: AbortSignal,
): Promise<{ readonly verdict: Verdict; readonly load?: LoadResult }> {
  const { clock, net } = host
  const skipped = (says: string) => ({ verdict: { outcome: 'SKIPPED' as const, says } })
  if (plan.load === undefined) return skipped('there is no ceiling for its load')
  const on = serving(situation.memory.row.allocation ?? {})
  const path = plan.away ?? situation.settings.paths.find(({ name }) => !on.includes(name))?.name
  if (path === undefined) return skipped('there is no standby')
  onPath(path)
  const health = situation.paths.get(path)?.health ?? 'unknown'
  if (health !== 'up') return skipped(`no standby is healthy: ${path} is ${health}`)
  const url = loadUrl(situation.settings, path)
  if (url === undefined) return skipped(`${path} is no HLS path: nothing else can be pulled yet`)
  const viewers = new VirtualViewers({ clock, net, path, url, ceiling: plan.load })
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
  return { load, verdict: ends() ?? verdict ?? judgeLoad(load) }
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
