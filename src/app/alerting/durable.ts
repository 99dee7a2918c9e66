import { withDeadline, type Clock } from '../../core/clock.ts'
import type { JournalDraft, JournalEntry, JournalKind } from '../../core/journal.ts'
import type { Log } from '../../core/log.ts'
import type { OutboxItem, Store } from '../../plugin/store.ts'
import { readBack, snapshotDraft, type IncidentRecord, type OpenIncidents } from './incident.ts'

/** A store that does not answer within this time counts as down. */
const CALL_MS = 5_000
const RETRY_MS = 5_000
/** Entries that wait for a store that is down or slow; beyond it those are given up that can be missed. */
const MOST_WAITING = 1_000
/** Beyond it any. */
const MOST_AT_ALL = 10_000
/** Entries that are written at once: each transaction waits for the disk, and a mass outage brings thousands. */
const AT_ONCE = 100
const PAGE = 500
/** Waiting notices that are taken up at once: a mass outage at several routes, so that none hides behind others. */
const MOST_DUE = 10_000
/** A start that had to read more entries than this leaves a snapshot for the next one. */
const SNAPSHOT_AFTER = 200

interface Waiting {
  readonly draft: JournalDraft
  readonly signal: AbortSignal | undefined
  readonly resolve: (isWritten: boolean) => void
}

/**
 * Alerting's use of the store. Nothing here ever delays or prevents a page: every call has a
 * deadline, and a store that is down is tried again in the background.
 */
export class Durable {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #signal: AbortSignal
  readonly #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #underWay: readonly Waiting[] = []
  /** Items that are done, until their removal is confirmed; true once they may be removed. */
  readonly #done = new Map<string, boolean>()

  constructor(store: Store, clock: Clock, log: Log, signal: AbortSignal) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#signal = signal
  }

  /**
   * Appends to the journal in the background, in the order of the calls, as soon as the store
   * allows. Resolves true once the entry is durable, false where `signal` took it back before, or
   * where too many wait.
   */
  note(draft: JournalDraft, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = { draft, signal, resolve }
      this.#waiting.push(waiting)
      const takeBack = () => {
        // What is under way may be written any moment: its result tells.
        if (!this.#underWay.includes(waiting)) this.#remove(waiting, false)
      }
      if (signal?.aborted === true) takeBack()
      else signal?.addEventListener('abort', takeBack, { once: true })
      if (this.#waiting.length > MOST_WAITING) this.#giveUpOne()
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined
      })
    })
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const tried = this.#waiting.slice(0, AT_ONCE)
      this.#underWay = tried
      const isWritten = await this.#append(tried.map(({ draft }) => draft))
      this.#underWay = []
      for (const each of tried) {
        if (isWritten || each.signal?.aborted === true) this.#remove(each, isWritten)
      }
      const isStuck = tried.some((each) => this.#waiting.includes(each))
      if (isStuck && !(await this.#clock.sleep(RETRY_MS, this.#signal))) return
    }
  }

  #remove(waiting: Waiting, isWritten: boolean): void {
    const position = this.#waiting.indexOf(waiting)
    if (position >= 0) this.#waiting.splice(position, 1)
    waiting.resolve(isWritten)
  }

  #giveUpOne(): void {
    const free = this.#waiting.filter((each) => !this.#underWay.includes(each))
    const given = missable(free) ?? (free.length > MOST_AT_ALL ? free[0] : undefined)
    if (given === undefined) return
    this.#remove(given, false)
    this.#log.warn(
      {},
      'a journal entry about an incident was given up: the store is down or too slow',
    )
  }

  async #append(entries: readonly JournalDraft[]): Promise<boolean> {
    const result = await this.#call(() => this.#store.commit({ entries }))
    return result?.ok === true
  }

  /** Resolves once nothing waits to be written, or the store is down and alerting stopped. */
  async flushed(): Promise<void> {
    await this.#writing
  }

  async put(items: readonly OutboxItem[]): Promise<boolean> {
    return (await this.#call(() => this.#store.put(items))) === true
  }

  /** Removes an item after its write, if one is under way; where the store is down, `sweep` tries again. */
  async settle(id: string, written?: Promise<unknown>): Promise<void> {
    this.#done.set(id, false)
    await written
    this.#done.set(id, true)
    await this.sweep()
  }

  async sweep(): Promise<void> {
    const ids = [...this.#done].filter(([, isRemovable]) => isRemovable).map(([id]) => id)
    if (ids.length === 0) return
    const removed = await this.#call(() => this.#store.settle(ids))
    if (removed === true) for (const id of ids) this.#done.delete(id)
  }

  /**
   * Undelivered items due at `wall`, in the order in which their notices were made: a trigger that
   * was retried is due later than its resolve, and must still come first.
   */
  async due(wall: number): Promise<readonly OutboxItem[]> {
    const items = await this.#call(() => this.#store.due(wall, MOST_DUE))
    return (items ?? [])
      .filter(({ id }) => !this.#done.has(id))
      .sort((a, b) => a.notice.wall - b.notice.wall)
  }

  /** Incidents that the journal knows as open; `undefined` where the store is down. */
  async openIncidents(): Promise<readonly IncidentRecord[] | undefined> {
    const head = await this.#call(() => this.#store.head())
    if (head === undefined) return undefined
    const open: OpenIncidents = { byKey: new Map(), coveredTo: 0 }
    let before = head.seq + 1
    let read = 0
    while (before - 1 > open.coveredTo) {
      const query = { before, kinds: ['incident'], limit: PAGE, newestFirst: true } as const
      const entries = await this.#call(() => this.#store.entries(query))
      if (entries === undefined) return undefined
      for (const entry of entries) readBack(open, entry)
      read += entries.length
      before = entries.at(-1)?.seq ?? 0
      if (entries.length < PAGE) break
    }
    const records = [...open.byKey.values()].filter((record) => record !== undefined)
    if (read > SNAPSHOT_AFTER) void this.note(snapshotDraft(records, head.seq))
    return records
  }

  /** Entries of a kind after `after`, back to the wall time `oldest`; `undefined` where the store is down. */
  async entriesOf(
    kind: JournalKind,
    after: number,
    oldest: number,
  ): Promise<readonly JournalEntry[] | undefined> {
    const found: JournalEntry[] = []
    for (let before: number | undefined; ; before = found.at(-1)?.seq) {
      const query = { after, kinds: [kind], limit: PAGE, newestFirst: true } as const
      const page = await this.#call(() =>
        this.#store.entries(before === undefined ? query : { ...query, before }),
      )
      if (page === undefined) return undefined
      found.push(...page)
      if (page.length < PAGE || (page.at(-1)?.at ?? 0) < oldest) return found
    }
  }

  async #call<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(this.#clock, CALL_MS, undefined, work)
    } catch (error) {
      this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'store')
      return undefined
    }
  }
}

/**
 * Who was told can be missed; of an incident the newest entry suffices. Without any entry the next
 * process would page people for it again, and never tell them of its end.
 */
function missable(waiting: readonly Waiting[]): Waiting | undefined {
  const told = waiting.find(({ draft }) => draft.kind === 'notice')
  if (told !== undefined) return told
  const keyOf = ({ draft }: Waiting) => draft.data?.['key']
  const newest = new Map(waiting.map((each) => [keyOf(each), each]))
  const isOlder = (each: Waiting) =>
    typeof keyOf(each) === 'string' && newest.get(keyOf(each)) !== each
  return waiting.find((each) => each.signal === undefined && isOlder(each))
}
