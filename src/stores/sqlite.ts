import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { ChangeoverError } from '../core/errors.ts'
import { checkLeaseTime, checkQuery, fencedGroup } from '../plugin/fence.ts'
import type { Store } from '../plugin/store.ts'
import { NodeSqliteDialect, openDatabase } from './sqlite/database.ts'
import { storeFault } from './sqlite/faults.ts'
import {
  Fenced,
  Limited,
  readEntries,
  readHead,
  readRow,
  touch,
  writeCommit,
} from './sqlite/journal.ts'
import { endLease, takeLease } from './sqlite/lease.ts'
import { dueItems, putItems, removeItems } from './sqlite/outbox.ts'
import { Patience } from './sqlite/patience.ts'
import { isTooNew, migrate, type Tables } from './sqlite/tables.ts'

export interface SqliteStoreOptions {
  /** Path of the database file; it is made where it does not exist, its folder is not. */
  readonly file: string
  /** Stamps entries and paces the wait for another process's lock. */
  readonly clock: Clock
}

/**
 * Opens a store in one SQLite file (write-ahead log, every journal commit synced to disk). Several
 * processes of one machine may open the same file; leases keep them apart. Network file systems
 * cannot carry it. Rejects with a `ChangeoverError`: `STORE_UNAVAILABLE`, `STORE_DAMAGED` or
 * `STORE_TOO_NEW`.
 */
export async function openSqliteStore({ file, clock }: SqliteStoreOptions): Promise<Store> {
  const patience = new Patience(clock)
  try {
    return await patience.read(() => openOnce(file, clock, patience))
  } catch (error) {
    if (error instanceof ChangeoverError) throw error
    const fault = storeFault(error)
    throw new ChangeoverError(
      fault?.damaged === true ? 'STORE_DAMAGED' : 'STORE_UNAVAILABLE',
      `the store ${file} cannot be opened: ${fault?.says ?? reasonOf(error)}`,
      { cause: error },
    )
  }
}

async function openOnce(file: string, clock: Clock, patience: Patience): Promise<Store> {
  const database = openDatabase(file)
  try {
    const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) })
    // Kysely's migrator takes no lock on SQLite: two processes that start together would collide.
    database.exec('begin immediate')
    if (await isTooNew(db)) {
      throw new ChangeoverError('STORE_TOO_NEW', `the store ${file} was written by a newer version`)
    }
    const failure = await migrate(db)
    if (failure !== undefined) throw failure
    database.exec('commit')
    return new SqliteStore(file, clock, patience, database, db)
  } catch (error) {
    database.close()
    throw error
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

class SqliteStore implements Store {
  readonly #file: string
  readonly #clock: Clock
  readonly #patience: Patience
  readonly #database: DatabaseSync
  readonly #db: Kysely<Tables>

  constructor(
    file: string,
    clock: Clock,
    patience: Patience,
    database: DatabaseSync,
    db: Kysely<Tables>,
  ) {
    this.#file = file
    this.#clock = clock
    this.#patience = patience
    this.#database = database
    this.#db = db
  }

  commit: Store['commit'] = async (commit) => {
    const group = fencedGroup(commit)
    const wall = this.#clock.wall()
    const { entries, outbox = [], row } = commit
    const isNothing = entries.length === 0 && outbox.length === 0 && row === undefined
    const write = () =>
      this.#db.transaction().execute(async (transaction) => {
        const written = await writeCommit(transaction, commit, group, wall)
        if (isNothing) await touch(transaction)
        return written
      })
    try {
      const written = await this.#patience.write(isNothing ? () => this.#unsynced(write) : write)
      return { ok: true, entries: written }
    } catch (error) {
      if (error instanceof Fenced) return { ok: false, cause: 'fenced', says: error.message }
      if (error instanceof Limited) {
        return { ok: false, cause: 'limited', says: error.message, changed: error.changed }
      }
      return { ok: false, cause: 'unavailable', says: this.#unavailable(error) }
    }
  }

  group: Store['group'] = (group) => this.#read(() => readRow(this.#db, group))

  entries: Store['entries'] = async (query) => {
    checkQuery(query)
    return this.#read(() => readEntries(this.#db, query))
  }

  head: Store['head'] = () => this.#read(() => readHead(this.#db))

  lease: Store['lease'] = async (group, owner, ttlMs) => {
    checkLeaseTime(ttlMs)
    return this.#writeUnsynced(() => takeLease(this.#db, group, owner, ttlMs), undefined)
  }

  release: Store['release'] = (group, owner, token) =>
    this.#writeUnsynced(() => endLease(this.#db, group, owner, token), undefined)

  put: Store['put'] = async (items) => {
    try {
      await this.#patience.write(() => putItems(this.#db, items))
      return true
    } catch (error) {
      this.#unavailable(error)
      return false
    }
  }

  due: Store['due'] = (wall, limit) => this.#read(() => dueItems(this.#db, wall, limit))

  settle: Store['settle'] = (ids) =>
    this.#writeUnsynced(() => removeItems(this.#db, ids).then(() => true), false)

  close: Store['close'] = async () => {
    await this.#patience.idle()
    await this.#db.destroy()
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#patience.read(work)
    } catch (error) {
      throw new ChangeoverError('STORE_UNAVAILABLE', this.#unavailable(error), { cause: error })
    }
  }

  /**
   * For what a power cut may take back: a lease (nobody holds one across a reboot, and a group row
   * written under it syncs it too) and the removal of delivered items (delivered again). A killed
   * process loses neither. It spares a sync per group and lease renewal.
   */
  async #writeUnsynced<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await this.#patience.write(() => this.#unsynced(work))
    } catch (error) {
      this.#unavailable(error)
      return otherwise
    }
  }

  async #unsynced<T>(work: () => Promise<T>): Promise<T> {
    this.#database.exec('pragma synchronous = normal')
    try {
      return await work()
    } finally {
      this.#database.exec('pragma synchronous = full')
    }
  }

  /** One sentence for a fault of the store; a mistake of ours is thrown on. */
  #unavailable(error: unknown): string {
    const fault = storeFault(error)
    if (fault === undefined) throw error
    return `the store ${this.#file} is unavailable: ${fault.says}`
  }
}
