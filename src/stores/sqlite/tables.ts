import { sql, type Generated, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import type { JournalKind } from '../../core/journal.ts'
import { genesis } from '../../formats/journal-chain.ts'

/** The tables as Kysely sees them. Times are wall milliseconds since the epoch. */
export interface Tables {
  readonly journal: {
    readonly seq: number
    readonly at: number
    readonly kind: JournalKind
    readonly group_name: string | null
    readonly path: string | null
    readonly actor: string | null
    readonly says: string
    /** JSON with the keys in the order given. */
    readonly data: string | null
    readonly previous: string
    readonly hash: string
  }
  /** One row: the newest entry, so that a truncated journal is noticed. */
  readonly journal_head: {
    readonly id: number
    readonly seq: number
    readonly hash: string
  }
  readonly group_row: {
    readonly group_name: string
    readonly token: number
    readonly revision: number
    /** The whole `GroupRow` as JSON. */
    readonly body: string
  }
  /** A row stays when its lease ends, because the token must never start again. */
  readonly lease: {
    readonly group_name: string
    readonly owner: string
    readonly token: number
    /** By the database's clock. */
    readonly until_ms: number
    readonly ttl_ms: number
  }
  readonly outbox: {
    /** Orders items that are due at the same time. */
    readonly position: Generated<number>
    readonly id: string
    readonly route: string
    readonly attempts: number
    readonly due_at: number
    /** The notice as JSON. */
    readonly notice: string
  }
}

/** In order of name; a migration that was released is never edited. */
const migrations: Readonly<Record<string, Migration>> = {
  '001-journal-groups-leases-outbox': { up: firstTables },
}

async function firstTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('journal')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('group_name', 'text')
    .addColumn('path', 'text')
    .addColumn('actor', 'text')
    .addColumn('says', 'text', (column) => column.notNull())
    .addColumn('data', 'text')
    .addColumn('previous', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('journal_by_group')
    .on('journal')
    .columns(['group_name', 'seq'])
    .execute()
  await db.schema.createIndex('journal_by_kind').on('journal').columns(['kind', 'seq']).execute()
  await db.schema
    .createTable('journal_head')
    .addColumn('id', 'integer', (column) => column.primaryKey().check(sql`id = 1`))
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
  await sql`insert into journal_head values (1, ${genesis.seq}, ${genesis.hash})`.execute(db)
  await db.schema
    .createTable('group_row')
    .addColumn('group_name', 'text', (column) => column.primaryKey())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('lease')
    .addColumn('group_name', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('until_ms', 'real', (column) => column.notNull())
    .addColumn('ttl_ms', 'real', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('outbox')
    .addColumn('position', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('route', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('due_at', 'real', (column) => column.notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('outbox_by_due')
    .on('outbox')
    .columns(['due_at', 'position'])
    .execute()
}

/** Brings the tables up to date; what went wrong is returned, not thrown. */
export async function migrate(db: Kysely<Tables>): Promise<unknown> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  return error
}

/** Whether the file already ran a migration that this version does not know. */
export async function isTooNew(db: Kysely<Tables>): Promise<boolean> {
  const present = await sql`select 1 from sqlite_master where name = 'kysely_migration'`.execute(db)
  if (present.rows.length === 0) return false
  const ran = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return ran.rows.some(({ name }) => migrations[name] === undefined)
}
