import type { DrillSummary } from '../../core/drill-report.ts'
import type { JournalEntry } from '../../core/journal.ts'
import type { Store } from '../../plugin/store.ts'

/** What the journal knows of earlier drills. */
export interface DrillHistory {
  /** Newest first. */
  readonly history: readonly DrillSummary[]
  /** Wall milliseconds at which something was written last before `startedAt`; absent in an empty journal. */
  readonly aliveAt?: number
}

const mostEntries = 1_000

/** Reads outcomes from the journal; `undefined` where it cannot be read now. */
export async function drillHistory(
  store: Pick<Store, 'entries'>,
  length: number,
  startedAt: number,
): Promise<DrillHistory | undefined> {
  try {
    const [entries, newest] = await Promise.all([
      store.entries({ kinds: ['drill'], limit: mostEntries, newestFirst: true }),
      store.entries({ limit: 50, newestFirst: true }),
    ])
    const aliveAt = newest.find(({ at }) => at < startedAt)?.at
    const history = entries.flatMap((entry) => summaryIn(entry) ?? []).slice(0, length)
    return { history, ...(aliveAt !== undefined && { aliveAt }) }
  } catch {
    return undefined
  }
}

/** The outcome that an entry carries; `undefined` for any other entry. */
export function summaryIn({ data }: JournalEntry): DrillSummary | undefined {
  if (data?.['event'] !== 'outcome') return undefined
  const { event: _event, drill: _drill, ...summary } = data
  return summary as unknown as DrillSummary
}
