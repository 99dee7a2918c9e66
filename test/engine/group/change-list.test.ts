import { describe, expect, it } from 'vitest'
import type { JournalDraft, JournalEntry, JournalKind } from '../../../src/core/journal.ts'
import { changesIn } from '../../../src/engine/group/change-list.ts'

const onA = { a: 100, b: 0 }
const onB = { a: 0, b: 100 }

function journal(...drafts: readonly Omit<JournalDraft, 'says'>[]): JournalEntry[] {
  return drafts.map((draft, index) => ({
    says: draft.kind,
    ...draft,
    seq: index + 1,
    at: 1_000 * (index + 1),
    previous: '',
    hash: '',
  }))
}

function applied(intent: string, to: object, actor?: string): Omit<JournalDraft, 'says'> {
  const from = to === onA ? onB : onA
  const who = actor === undefined ? {} : { actor }
  return { kind: 'applied', ...who, data: { intent, reason: 'failover', from, to } }
}

function of(kind: JournalKind, intent: string, data: object = {}): Omit<JournalDraft, 'says'> {
  return { kind, data: { intent, ...data } }
}

describe('the changes in a journal', () => {
  it('come newest first, each with when it was applied, verified and in effect', () => {
    const entries = journal(
      applied('i1', onB),
      of('verified', 'i1'),
      of('effective', 'i1', { ms: 1_900, isAtMost: true, asked: 2, late: ['ns2'] }),
      applied('i2', onA, 'ana'),
    )

    expect(changesIn(entries.toReversed())).toEqual([
      { intent: 'i2', reason: 'failover', from: onB, to: onA, actor: 'ana', appliedAt: 4_000 },
      {
        intent: 'i1',
        reason: 'failover',
        from: onA,
        to: onB,
        appliedAt: 1_000,
        verified: { ok: true, at: 2_000 },
        effective: { at: 3_000, ms: 1_900, isAtMost: true, asked: 2, late: ['ns2'] },
      },
    ])
  })

  it('count a compensation as a change of its own, with what came after it', () => {
    const changes = changesIn(
      journal(
        applied('i1', onB),
        of('verify-failed', 'i1'),
        applied('i1', onA),
        of('verified', 'i1'),
      ),
    )

    expect(changes.map(({ to, verified }) => [to, verified])).toEqual([
      [onA, { ok: true, at: 4_000 }],
      [onB, { ok: false, at: 2_000, says: 'verify-failed' }],
    ])
  })

  it('leave out what belongs to a change before the first entry, and what is not whole', () => {
    const entries = journal(
      of('verified', 'i0'),
      of('effective', 'i0'),
      { kind: 'applied', data: { intent: 'i1' } },
      { kind: 'applied' },
      applied('i2', onB),
      of('effective', 'i2', { late: 'everybody' }),
    )

    expect(changesIn(entries)).toMatchObject([
      { intent: 'i2', effective: { at: 6_000, asked: 0, late: [] } },
    ])
  })
})
