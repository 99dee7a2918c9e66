import { sql, type Kysely } from 'kysely'
import type { Lease } from '../../plugin/store.ts'
import type { Tables } from './tables.ts'

/** The database's clock in wall milliseconds; it stands still within one statement. */
const now = sql<number>`(unixepoch('subsec') * 1000)`

interface LeaseRow {
  readonly owner: string
  readonly token: number
  readonly left_ms: number
}

/**
 * Takes or renews in one statement. An expired lease passes to whoever asks, under the next token; a
 * living one is renewed by its owner alone.
 *
 * The last condition is for a machine whose clock was set back: a lease that would now last longer
 * than it was granted for is cut to its full time from now. Its owner keeps it, and nobody waits hours.
 */
export async function takeLease(
  db: Kysely<Tables>,
  group: string,
  owner: string,
  ttlMs: number,
): Promise<Lease | undefined> {
  const { rows } = await sql<LeaseRow>`
    insert into lease as held (group_name, owner, token, until_ms, ttl_ms)
    values (${group}, ${owner}, 1, ${now} + ${ttlMs}, ${ttlMs})
    on conflict (group_name) do update set
      owner = case when held.until_ms <= ${now} then excluded.owner else held.owner end,
      token = case when held.until_ms <= ${now} then held.token + 1 else held.token end,
      ttl_ms = case when held.until_ms <= ${now} or held.owner = excluded.owner
        then excluded.ttl_ms else held.ttl_ms end,
      until_ms = case when held.until_ms <= ${now} or held.owner = excluded.owner
        then excluded.until_ms else ${now} + held.ttl_ms end
    where held.until_ms <= ${now} or held.owner = excluded.owner
      or held.until_ms > ${now} + held.ttl_ms
    returning owner, token, until_ms - ${now} as left_ms
  `.execute(db)
  const row = rows[0]
  if (row === undefined || row.owner !== owner) return undefined
  return { group, owner, token: row.token, leftMs: row.left_ms }
}

/** Ends the lease now if this owner still holds it; the token stays, so the next one is greater. */
export async function endLease(
  db: Kysely<Tables>,
  group: string,
  owner: string,
  token: number,
): Promise<void> {
  await db
    .updateTable('lease')
    .set({ until_ms: 0 })
    .where('group_name', '=', group)
    .where('owner', '=', owner)
    .where('token', '=', token)
    .execute()
}

/** The lease row, expired or not. */
export async function readLease(db: Kysely<Tables>, group: string): Promise<Lease | undefined> {
  const row = await db
    .selectFrom('lease')
    .select(['owner', 'token', sql<number>`until_ms - ${now}`.as('left_ms')])
    .where('group_name', '=', group)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return { group, owner: row.owner, token: row.token, leftMs: row.left_ms }
}
