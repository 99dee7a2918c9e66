import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  CompiledQuery,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
  type SqliteDialectConfig,
  type SqliteStatement,
} from 'kysely'

/**
 * How long one call may block the event loop for another process's lock, in milliseconds. Longer
 * waits go through the clock, see `patience.ts`.
 */
const BUSY_MS = 2

/** Compiled statements kept for reuse; the store has about twenty different ones. */
const KEPT_STATEMENTS = 64

/**
 * Opens the file, or makes it, in write-ahead mode with a sync of every commit. Throws SQLite's
 * errors, and a plain `Error` where the file system cannot do write-ahead logging.
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS })
  try {
    const answer = database.prepare('pragma journal_mode = wal').get()
    const mode = String(answer?.['journal_mode'])
    if (mode !== 'wal') throw new Error(`write-ahead logging is not possible there (got ${mode})`)
    database.exec('pragma synchronous = full; pragma foreign_keys = on')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Kysely's dialect over `node:sqlite`, whose transactions take the write lock when they begin. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    super({ database: kyselyDatabase(database) })
    this.#database = database
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#database, { database: kyselyDatabase(this.#database) })
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync, config: SqliteDialectConfig) {
    super(config)
    this.#database = database
  }

  /**
   * A deferred transaction that reads first and then writes fails at once, whatever the time-out, if
   * another process wrote in between (https://www.sqlite.org/lang_transaction.html).
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  /** SQLite itself rolls back on a full disk and some I/O errors; a second roll-back would hide them. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection)
  }
}

function kyselyDatabase(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = kept.get(sql)
      if (known !== undefined) return known
      const statement = kyselyStatement(database.prepare(sql))
      if (kept.size >= KEPT_STATEMENTS) kept.clear()
      kept.set(sql, statement)
      return statement
    },
  }
}

function kyselyStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  }
}

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[]
}
