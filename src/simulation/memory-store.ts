import type { Clock } from '../core/clock.ts'
import { ChangeoverError } from '../core/errors.ts'
import type { GroupRow } from '../core/group.ts'
import type { JournalEntry } from '../core/journal.ts'
import { genesis, seal } from '../formats/journal-chain.ts'
import { limitViolation, sayLimit } from '../plugin/change-limit.ts'
import { checkLeaseTime, checkQuery, fencedGroup, fenceViolation } from '../plugin/fence.ts'
import type { JournalHead, OutboxItem, Store } from '../plugin/store.ts'

interface HeldLease {
  readonly owner: string
  readonly token: number
  /** By the disk's monotonic clock. */
  readonly until: number
}

/** What survives a crash. Several stores, as several processes, may stand on one disk. */
export interface MemoryDisk {
  readonly clock: Clock
  readonly journal: JournalEntry[]
  readonly rows: Map<string, GroupRow>
  readonly leases: Map<string, HeldLease>
  readonly outbox: Map<string, OutboxItem>
  head: JournalHead
}

/** An empty disk. Its clock judges leases, by monotonic time. */
export function memoryDisk(clock: Clock): MemoryDisk {
  return {
    clock,
    journal: [],
    rows: new Map(),
    leases: new Map(),
    outbox: new Map(),
    head: genesis,
  }
}

/** The end of a process at a commit: from then on, the store answers nothing at all. */
export interface Crash {
  /** The n-th call of `commit`, from 1. */
  readonly at: number
  /** `after`: the commit is durable, but nobody hears of it. */
  readonly when: 'before' | 'after'
  /** What callers see: a rejection with the sentinel, or a promise that never settles. */
  readonly end: { readonly sentinel: unknown } | 'silence'
}

export interface MemoryStore extends Store {
  readonly disk: MemoryDisk
  /** While false, writes answer that the store is unavailable and reads reject. */
  available: boolean
  /** Replaces the planned crash. */
  crash: Crash | undefined
  /** Whether the planned crash has happened. */
  readonly crashed: boolean
  /** How many commits were called. */
  readonly commits: number
}

/** A store in memory that keeps the store's contract, for simulations. */
export function memoryStore(
  clock: Clock,
  { disk = memoryDisk(clock), crash }: { disk?: MemoryDisk; crash?: Crash } = {},
): MemoryStore {
  return new InMemory(clock, disk, crash)
}

class InMemory implements MemoryStore {
  readonly disk: MemoryDisk
  readonly #clock: Clock
  available = true
  crash: Crash | undefined
  crashed = false
  commits = 0
  #closed = false

  constructor(clock: Clock, disk: MemoryDisk, crash: Crash | undefined) {
    this.#clock = clock
    this.disk = disk
    this.crash = crash
  }

  commit: Store['commit'] = async (commit) => {
    const group = fencedGroup(commit)
    await this.#alive()
    this.commits += 1
    if (this.crash?.at === this.commits && this.crash.when === 'before') await this.#die()
    const result = this.#commit(commit, group)
    if (this.crash?.at === this.commits && this.crash.when === 'after') await this.#die()
    return result
  }

  #commit(
    commit: Parameters<Store['commit']>[0],
    group: string | undefined,
  ): Awaited<ReturnType<Store['commit']>> {
    if (this.#down()) return { ok: false, cause: 'unavailable', says: unavailable }
    if (group !== undefined) {
      const held = this.disk.leases.get(group)
      const lease = held && { ...held, leftMs: held.until - this.disk.clock.now() }
      const says = fenceViolation(commit, group, { lease, stored: this.disk.rows.get(group) })
      if (says !== undefined) return { ok: false, cause: 'fenced', says }
    }
    if (commit.limit !== undefined) {
      const others = this.disk.rows.values().filter((row) => row.group !== group)
      const changed = limitViolation(commit.limit, others, this.#clock.wall())
      if (changed !== undefined) {
        return { ok: false, cause: 'limited', says: sayLimit(changed), changed }
      }
    }
    const entries: JournalEntry[] = []
    let last = this.disk.head
    for (const draft of commit.entries) {
      const entry = seal(draft, last, this.#clock.wall())
      entries.push(entry)
      last = { seq: entry.seq, hash: entry.hash }
    }
    const row = commit.row === undefined ? undefined : copy(commit.row)
    this.disk.journal.push(...entries)
    this.disk.head = last
    if (row !== undefined) this.disk.rows.set(row.group, row)
    for (const item of commit.outbox ?? []) this.disk.outbox.set(item.id, copy(item))
    return { ok: true, entries: copy(entries) }
  }

  group: Store['group'] = async (group) => {
    await this.#readable()
    const row = this.disk.rows.get(group)
    return row === undefined ? undefined : copy(row)
  }

  entries: Store['entries'] = async (query) => {
    checkQuery(query)
    await this.#readable()
    const { after, before, group, kinds, limit, newestFirst } = query
    const ordered = newestFirst === true ? this.disk.journal.toReversed() : this.disk.journal
    return ordered
      .values()
      .filter((entry) => after === undefined || entry.seq > after)
      .filter((entry) => before === undefined || entry.seq < before)
      .filter((entry) => group === undefined || entry.group === group)
      .filter((entry) => kinds === undefined || kinds.includes(entry.kind))
      .take(limit)
      .map((entry) => copy(entry))
      .toArray()
  }

  head: Store['head'] = async () => {
    await this.#readable()
    return this.disk.head
  }

  lease: Store['lease'] = async (group, owner, ttlMs) => {
    checkLeaseTime(ttlMs)
    await this.#alive()
    if (this.#down()) return undefined
    const now = this.disk.clock.now()
    const held = this.disk.leases.get(group)
    const living = held !== undefined && held.until > now
    if (living && held.owner !== owner) return undefined
    const token = living ? held.token : (held?.token ?? 0) + 1
    this.disk.leases.set(group, { owner, token, until: now + ttlMs })
    return { group, owner, token, leftMs: ttlMs }
  }

  release: Store['release'] = async (group, owner, token) => {
    await this.#alive()
    const held = this.disk.leases.get(group)
    if (this.#down() || held?.owner !== owner || held.token !== token) return
    this.disk.leases.set(group, { owner, token, until: this.disk.clock.now() })
  }

  put: Store['put'] = async (items) => {
    await this.#alive()
    if (this.#down()) return false
    for (const item of items) this.disk.outbox.set(item.id, copy(item))
    return true
  }

  due: Store['due'] = async (wall, limit) => {
    await this.#readable()
    return [...this.disk.outbox.values()]
      .filter((item) => item.dueAt <= wall)
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit)
      .map((item) => copy(item))
  }

  settle: Store['settle'] = async (ids) => {
    await this.#alive()
    if (this.#down()) return false
    for (const id of ids) this.disk.outbox.delete(id)
    return true
  }

  close: Store['close'] = async () => {
    this.#closed = true
  }

  #down(): boolean {
    return !this.available || this.#closed
  }

  async #readable(): Promise<void> {
    await this.#alive()
    if (this.#down()) throw new ChangeoverError('STORE_UNAVAILABLE', unavailable)
  }

  async #alive(): Promise<void> {
    if (this.crashed) await this.#die()
  }

  async #die(): Promise<never> {
    this.crashed = true
    const end = this.crash?.end ?? 'silence'
    if (end === 'silence') return new Promise<never>(() => {})
    throw end.sentinel
  }
}

const unavailable = 'the store in memory is unavailable: the test says so'

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
