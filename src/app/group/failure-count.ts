import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import type { GroupRow } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { countFailures, forgivenInMs, isSuppressed } from '../../engine/group/penalty.ts'
import type { GroupRecord } from './group-record.ts'

/**
 * Counts how often the paths of a group go down, for the leader. What was counted is remembered at
 * once and written when nothing is more urgent; a change writes it along with its intent.
 */
export class FailureCount {
  readonly #clock: Clock
  readonly #record: GroupRecord
  /** What the journal should say of it; absent where the row is up to date. */
  #unwritten: readonly JournalDraft[] | undefined

  constructor(clock: Clock, record: GroupRecord) {
    this.#clock = clock
    this.#record = record
  }

  /** Looks at the health of every path, before each decision. */
  count(paths: ReadonlyMap<string, PathHealth>, { flaps, name }: GroupSettings): void {
    const now = this.#clock.now()
    const before = this.#record.memory.penalties
    const penalties = countFailures(before, paths, flaps, now)
    if (penalties === before) return
    this.#record.remember((memory) => ({ ...memory, penalties }))
    const entries = [...penalties].flatMap(([path, penalty]): JournalDraft[] => {
      const wasSuppressed = isSuppressed(before.get(path), flaps, now)
      if (wasSuppressed || !isSuppressed(penalty, flaps, now)) return []
      const left = formatDuration(Math.ceil(forgivenInMs(penalty, flaps, now) / 1000) * 1000)
      const says = `${path} went down too often lately: it is the last choice, and no failback to it, for another ${left}`
      return [{ kind: 'decision', group: name, path, says }]
    })
    this.#unwritten = [...(this.#unwritten ?? []), ...entries]
  }

  /** Makes durable what was counted, where the store can be written. */
  async keep(): Promise<void> {
    if (this.#unwritten === undefined || !this.#record.storeHealth.ok) return
    const saved = await this.#record.save(asItIs, this.#unwritten)
    if (saved.ok) this.#unwritten = undefined
  }
}

/** The row itself does not change: what is remembered beside it is written with it. */
function asItIs(row: GroupRow): GroupRow {
  return row
}
