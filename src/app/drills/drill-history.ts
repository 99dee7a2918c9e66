import type { Clock } from '../../core/clock.ts'
import type { DrillSummary } from '../../core/drill-report.ts'
import type { JournalEntry } from '../../core/journal.ts'
import type { Store } from '../../plugin/store.ts'

/** Outcomes that are kept in mind. */
const historyLength = 500
const mostEntries = 1_000
/** How long another process may have judged a drill before it is known here. */
const catchUpMs = 10_000

/**
 * Outcomes of drills: what the journal knew at the start, what this process judged, and what other
 * processes on the same store wrote since. Where two speak of one drill, the journal is right.
 */
export class DrillHistory {
  readonly #store: Pick<Store, 'entries'>
  readonly #clock: Pick<Clock, 'now'>
  #all: readonly DrillSummary[] = []
  /** The newest entry about a drill that was read; 0: there was none, absent: the journal was not read yet. */
  #readTo: number | undefined
  #readAt = 0
  #aliveAt: number | undefined

  constructor(store: Pick<Store, 'entries'>, clock: Pick<Clock, 'now'>) {
    this.#store = store
    this.#clock = clock
  }

  /** Newest first, at most 500. */
  get all(): readonly DrillSummary[] {
    return this.#all
  }

  /** Whether anything is known of earlier processes. */
  get isRead(): boolean {
    return this.#readTo !== undefined
  }

  /** Wall milliseconds at which something was written last before this process began; absent in an empty journal, and until it was read. */
  get aliveAt(): number | undefined {
    return this.#aliveAt
  }

  add(summary: DrillSummary): void {
    this.#all = [summary, ...this.#all].slice(0, historyLength)
  }

  remove(summary: DrillSummary): void {
    this.#all = this.#all.filter((each) => each !== summary)
  }

  /** Reads what is new in the journal, once in a while; true where that told anything. It is tried again where it cannot be read now. */
  async catchUp(startedAt: number): Promise<boolean> {
    const now = this.#clock.now()
    if (this.isRead && now - this.#readAt < catchUpMs) return false
    this.#readAt = now
    try {
      return this.#readTo === undefined
        ? await this.#readAll(startedAt)
        : await this.#readOn(this.#readTo)
    } catch {
      return false
    }
  }

  async #readAll(startedAt: number): Promise<boolean> {
    const newest = await this.#store.entries({ limit: 50, newestFirst: true })
    const query = { kinds: ['drill'], limit: mostEntries, newestFirst: true } as const
    const entries = await this.#store.entries(query)
    this.#readTo = entries[0]?.seq ?? 0
    this.#aliveAt = newest.find(({ at }) => at < startedAt)?.at
    const outcomes = outcomesIn(entries)
    this.#all = [...this.#corrected(outcomes), ...this.#unknown(outcomes)].slice(0, historyLength)
    return outcomes.length > 0
  }

  async #readOn(from: number): Promise<boolean> {
    const query = { kinds: ['drill'], after: from, limit: mostEntries } as const
    const entries = await this.#store.entries(query)
    this.#readTo = entries.at(-1)?.seq ?? from
    const outcomes = outcomesIn(entries).toReversed()
    this.#all = [...this.#unknown(outcomes), ...this.#corrected(outcomes)].slice(0, historyLength)
    return outcomes.length > 0
  }

  #unknown(outcomes: readonly DrillSummary[]): DrillSummary[] {
    const known = new Set(this.#all.map(({ id }) => id))
    return outcomes.filter(({ id }) => !known.has(id))
  }

  #corrected(outcomes: readonly DrillSummary[]): DrillSummary[] {
    const told = new Map(outcomes.map((each) => [each.id, each]))
    return this.#all.map((each) => told.get(each.id) ?? each)
  }
}

function outcomesIn(entries: readonly JournalEntry[]): DrillSummary[] {
  return entries.flatMap((entry) => summaryIn(entry) ?? [])
}

/** The outcome that an entry carries; `undefined` for any other entry. */
export function summaryIn({ data }: JournalEntry): DrillSummary | undefined {
  if (data?.['event'] !== 'outcome') return undefined
  const { event: _event, drill: _drill, ...summary } = data
  return summary as unknown as DrillSummary
}
