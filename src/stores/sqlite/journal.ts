import type { Kysely, Transaction } from 'kysely'
import type { GroupRow } from '../../core/group.ts'
import type { JournalEntry } from '../../core/journal.ts'
import { seal, type ChainLink } from '../../formats/journal-chain.ts'
import { fenceViolation } from '../../plugin/fence.ts'
import { limitViolation, sayLimit } from '../../plugin/change-limit.ts'
import type { Commit, JournalHead, JournalQuery, OtherChange } from '../../plugin/store.ts'
import { readLease } from './lease.ts'
import { writeItems } from './outbox.ts'
import type { Tables } from './tables.ts'

/** A fence that did not hold, thrown so that the transaction rolls back. */
export class Fenced extends Error {}

/** A limit that is reached, thrown so that the transaction rolls back. */
export class Limited extends Error {
  readonly changed: readonly OtherChange[]

  constructor(changed: readonly OtherChange[]) {
    super(sayLimit(changed))
    this.changed = changed
  }
}

/**
 * Judges the fence, appends the entries, writes the row and fills the outbox, inside the caller's transaction.
 * Throws `Fenced` or `Limited`; whatever it throws, the transaction must roll back.
 */
export async function writeCommit(
  transaction: Transaction<Tables>,
  commit: Commit,
  group: string | undefined,
  wall: number,
): Promise<readonly JournalEntry[]> {
  if (group !== undefined) {
    const lease = await readLease(transaction, group)
    const stored = await transaction
      .selectFrom('group_row')
      .select(['token', 'revision'])
      .where('group_name', '=', group)
      .executeTakeFirst()
    const violation = fenceViolation(commit, group, { lease, stored })
    if (violation !== undefined) throw new Fenced(violation)
  }
  if (commit.limit !== undefined) {
    const rows = await otherRows(transaction, group)
    const changed = limitViolation(commit.limit, rows, wall)
    if (changed !== undefined) throw new Limited(changed)
  }
  const entries = await append(transaction, commit, wall)
  if (commit.row !== undefined) await writeRow(transaction, commit.row)
  await writeItems(transaction, commit.outbox ?? [])
  return entries
}

async function append(
  transaction: Transaction<Tables>,
  { entries: drafts }: Commit,
  wall: number,
): Promise<readonly JournalEntry[]> {
  if (drafts.length === 0) return []
  let last: ChainLink = await readHead(transaction)
  const entries: JournalEntry[] = []
  for (const draft of drafts) {
    const entry = seal(draft, last, wall)
    await transaction.insertInto('journal').values(journalRow(entry)).execute()
    entries.push(entry)
    last = entry
  }
  await transaction
    .updateTable('journal_head')
    .set({ seq: last.seq, hash: last.hash })
    .where('id', '=', 1)
    .execute()
  return entries
}

/**
 * Writes without changing anything: only a real write shows that the disk is full. There and back,
 * because SQLite skips the write of a cell that stays the same.
 */
export async function touch(transaction: Transaction<Tables>): Promise<void> {
  const { seq } = await readHead(transaction)
  for (const each of [seq + 1, seq]) {
    await transaction.updateTable('journal_head').set({ seq: each }).where('id', '=', 1).execute()
  }
}

async function writeRow(transaction: Transaction<Tables>, row: GroupRow): Promise<void> {
  const values = { token: row.token, revision: row.revision, body: JSON.stringify(row) }
  await transaction
    .insertInto('group_row')
    .values({ group_name: row.group, ...values })
    .onConflict((conflict) => conflict.column('group_name').doUpdateSet(values))
    .execute()
}

/** The newest entry as the store remembers it apart from the entries. */
export async function readHead(db: Kysely<Tables>): Promise<JournalHead> {
  return db
    .selectFrom('journal_head')
    .select(['seq', 'hash'])
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
}

/** The stored row of a group. */
export async function readRow(db: Kysely<Tables>, group: string): Promise<GroupRow | undefined> {
  const row = await db
    .selectFrom('group_row')
    .select('body')
    .where('group_name', '=', group)
    .executeTakeFirst()
  return row === undefined ? undefined : (JSON.parse(row.body) as GroupRow)
}

/** The rows of all groups but one: hundreds of small ones, read only where a change begins. */
async function otherRows(
  transaction: Transaction<Tables>,
  group: string | undefined,
): Promise<GroupRow[]> {
  const rows = await transaction
    .selectFrom('group_row')
    .select('body')
    .where('group_name', '!=', group ?? '')
    .execute()
  return rows.map(({ body }) => JSON.parse(body) as GroupRow)
}

/** Entries by sequence; every filter is served by an index. */
export async function readEntries(
  db: Kysely<Tables>,
  { after, before, group, kinds, limit, newestFirst }: JournalQuery,
): Promise<readonly JournalEntry[]> {
  let query = db.selectFrom('journal').selectAll()
  if (after !== undefined) query = query.where('seq', '>', after)
  if (before !== undefined) query = query.where('seq', '<', before)
  if (group !== undefined) query = query.where('group_name', '=', group)
  if (kinds !== undefined) query = query.where('kind', 'in', kinds)
  const rows = await query
    .orderBy('seq', newestFirst === true ? 'desc' : 'asc')
    .limit(limit)
    .execute()
  return rows.map((row) => journalEntry(row))
}

function journalRow(entry: JournalEntry): Tables['journal'] {
  return {
    seq: entry.seq,
    at: entry.at,
    kind: entry.kind,
    group_name: entry.group ?? null,
    path: entry.path ?? null,
    actor: entry.actor ?? null,
    says: entry.says,
    data: entry.data === undefined ? null : JSON.stringify(entry.data),
    previous: entry.previous,
    hash: entry.hash,
  }
}

function journalEntry(row: Tables['journal']): JournalEntry {
  return {
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    ...(row.group_name === null ? {} : { group: row.group_name }),
    ...(row.path === null ? {} : { path: row.path }),
    ...(row.actor === null ? {} : { actor: row.actor }),
    says: row.says,
    ...(row.data === null ? {} : { data: readData(row.data) }),
    previous: row.previous,
    hash: row.hash,
  }
}

/** Somebody may have edited the text: what is no JSON object is handed on, for the chain to notice. */
function readData(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return { unreadable: text }
  }
}
