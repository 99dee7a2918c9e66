import { describeAllocation } from '../core/allocation.ts'
import { formatDuration } from '../core/duration.ts'
import { ChangeoverError } from '../core/errors.ts'
import type { Basis, Intent } from '../core/group.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { ApiClient } from './api-client.ts'
import { guardRows } from './group-text.ts'
import type { Io } from './io.ts'
import { journalText } from './journal-text.ts'
import { healthMark, painter } from './paint.ts'
import { textTable } from './text-table.ts'

/** How far back an entry of a change looks for the intent that it belongs to. */
const lookBack = 1_000

/** A past decision: the entry that was asked for, and the snapshot that it stood on. */
export interface PastDecision {
  readonly entry: JournalEntry
  /** The entry that carries the snapshot: the intent, where `entry` is a later moment of a change. */
  readonly source?: JournalEntry
  readonly basis?: Basis
}

/**
 * Finds a decision by the number of its entry in the journal, or by the identity of its change.
 * Rejects with `NOT_FOUND` where the journal has no such entry about the group.
 */
export async function findDecision(
  client: Pick<ApiClient, 'journal'>,
  group: string,
  at: string,
): Promise<PastDecision> {
  const seq = /^\d{1,15}$/u.test(at) ? Number(at) : undefined
  const [entry] =
    seq === undefined
      ? await intentOf(client, group, at)
      : await client.journal({ group, after: seq - 1, limit: 1 })
  if (entry === undefined || (seq !== undefined && entry.seq !== seq)) {
    throw new ChangeoverError('NOT_FOUND', `The journal has no entry ${at} about ${group}.`, {
      todo: `\`changeover journal --group ${group}\` shows the numbers.`,
    })
  }
  const own = basisIn(entry)
  if (own !== undefined) return { entry, source: entry, basis: own }
  const intent = entry.data?.['intent']
  if (typeof intent !== 'string') return { entry }
  const [source] = await intentOf(client, group, intent, entry.seq)
  const basis = source === undefined ? undefined : basisIn(source)
  return { entry, ...(source !== undefined && { source }), ...(basis !== undefined && { basis }) }
}

/** The entry that opened a change. */
async function intentOf(
  client: Pick<ApiClient, 'journal'>,
  group: string,
  id: string,
  before?: number,
): Promise<JournalEntry[]> {
  const entries = await client.journal({
    group,
    limit: lookBack,
    ...(before !== undefined && { before }),
  })
  return entries.filter(({ kind, data }) => kind === 'intent' && data?.['id'] === id).slice(0, 1)
}

function basisIn({ data }: JournalEntry): Basis | undefined {
  const basis = data?.['basis']
  if (typeof basis !== 'object' || basis === null || !('paths' in basis)) return undefined
  return basis as Basis
}

/** Everything that is known of a past decision, for people. */
export function pastDecisionText({ entry, source, basis }: PastDecision, io: Io): string {
  const paint = painter(io)
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? '' : `\n${paint('strong', title)}\n${table(rows)}`
  const entries = source === undefined || source === entry ? [entry] : [source, entry]
  const head = journalText(entries, io)
  if (basis === undefined) return `${head}\nNo snapshot belongs to this entry.\n`
  const paths = Object.entries(basis.paths).flatMap(([name, path]) => [
    [name, healthMark(path.health, paint), path.diagnosis ?? '', path.says],
    ...(path.votes ?? []).map((vote) => [
      '',
      healthMark(vote.health, paint),
      vote.vantage,
      vote.says,
    ]),
  ])
  return (
    head +
    section('Stood on', facts(basis, source)) +
    section('Paths and votes', paths) +
    section('Guards', guardRows(basis.guards, paint))
  )
}

function facts({ says, timers, mode, allocation }: Basis, source?: JournalEntry): string[][] {
  const intent = source?.kind === 'intent' ? (source.data as unknown as Intent) : undefined
  return [
    ['reason', says],
    ...(mode === undefined ? [] : [['mode', mode]]),
    ...(allocation === undefined ? [] : [['traffic', describeAllocation(allocation)]]),
    ...(intent === undefined ? [] : [['change', `to ${intent.target}, token ${intent.token}`]]),
    ...(timers === undefined
      ? []
      : [
          [
            'holddown',
            timers.holddownLeftMs > 0 ? `${lasting(timers.holddownLeftMs)} left` : 'none',
          ],
          ['budget', `${timers.budgetUsed} of ${timers.budgetOf} changes used`],
          ['relapses', String(timers.relapses)],
          ...Object.entries(timers.penalties).map(([path, points]) => [
            'penalty',
            `${path}: ${points} points`,
          ]),
        ]),
  ]
}

function lasting(ms: number): string {
  return formatDuration(Math.max(1_000, Math.ceil(ms / 1_000) * 1_000))
}
