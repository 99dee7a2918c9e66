import type { Kysely, Transaction } from 'kysely'
import type { Notice } from '../../core/notice.ts'
import type { OutboxItem } from '../../plugin/store.ts'
import type { Tables } from './tables.ts'

/** Adds items, or replaces those with the same id, in one transaction. */
export async function putItems(db: Kysely<Tables>, items: readonly OutboxItem[]): Promise<void> {
  await db.transaction().execute((transaction) => writeItems(transaction, items))
}

/** Adds items, or replaces those with the same id, inside the caller's transaction. */
export async function writeItems(
  transaction: Transaction<Tables>,
  items: readonly OutboxItem[],
): Promise<void> {
  for (const item of items) {
    const values = {
      route: item.route,
      attempts: item.attempts,
      due_at: item.dueAt,
      notice: JSON.stringify(item.notice),
    }
    await transaction
      .insertInto('outbox')
      .values({ id: item.id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute()
  }
}

/** Items due at `wall`, those due first first, at equal times in the order in which they were put. */
export async function dueItems(
  db: Kysely<Tables>,
  wall: number,
  limit: number,
): Promise<readonly OutboxItem[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['id', 'route', 'attempts', 'due_at', 'notice'])
    .where('due_at', '<=', wall)
    .orderBy('due_at')
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    route: row.route,
    notice: JSON.parse(row.notice) as Notice,
    attempts: row.attempts,
    dueAt: row.due_at,
  }))
}

/** Removes items; unknown ids are no error. */
export async function removeItems(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const id of ids) {
      await transaction.deleteFrom('outbox').where('id', '=', id).execute()
    }
  })
}
