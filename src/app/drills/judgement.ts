import type { DrillSummary } from '../../core/drill-report.ts'
import { summaryIn } from './drill-history.ts'
import type { DrillHost } from './drill-host.ts'

/** What became of a verdict: it stands in the journal, or another process gives it, or the store takes nothing now. */
export type Judged = 'written' | 'by-another' | 'later'

/** How many of the newest entries of a group's drills may lie between two verdicts on one. */
const mostEntries = 200

type JudgeHost = Pick<DrillHost, 'owner' | 'snapshot' | 'store'>

/**
 * Writes the verdict on a drill, once and for all (invariant 42): only under the lease of its group, for
 * whoever leads next finds what has no verdict and calls it INTERRUPTED. The journal is asked first: an earlier
 * try may have been written though nobody heard so, and another process may have led in between. A drill
 * that did not start moved nothing, and needs no lease.
 */
export async function judge(host: JudgeHost, summary: DrillSummary): Promise<Judged> {
  const { actor, group, id, outcome, plan, says } = summary
  const entry = {
    kind: 'drill',
    group,
    actor,
    says: `drill ${plan} ${outcome}: ${says}`,
    data: { event: 'outcome', drill: id, ...summary },
  } as const
  const isThere = await isJudged(host, summary)
  if (isThere !== 'no') return isThere
  const situation = host.snapshot(group)?.situation
  if (outcome === 'SKIPPED' || situation === undefined) {
    const result = await host.store.commit({ entries: [entry] })
    return result.ok ? 'written' : 'later'
  }
  const { lease, store } = situation
  if (lease === undefined) return store.ok ? 'by-another' : 'later'
  const fence = { owner: host.owner, token: lease.token }
  const result = await host.store.commit({ entries: [entry], fence })
  if (result.ok) return 'written'
  return result.cause === 'unavailable' ? 'later' : 'by-another'
}

/** What the journal says of a verdict on this drill; `later` where it cannot be read now. */
async function isJudged(
  { store }: Pick<DrillHost, 'store'>,
  { group, id, outcome, says }: DrillSummary,
): Promise<Judged | 'no'> {
  try {
    const query = { kinds: ['drill'], group, limit: mostEntries, newestFirst: true } as const
    const found = (await store.entries(query)).map(summaryIn).find((each) => each?.id === id)
    if (found === undefined) return 'no'
    return found.outcome === outcome && found.says === says ? 'written' : 'by-another'
  } catch {
    return 'later'
  }
}
