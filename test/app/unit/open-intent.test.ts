import { describe, expect, it, vi } from 'vitest'
import type { ChangeDeps } from '../../../src/app/group/change-deps.ts'
import type { Converged } from '../../../src/app/group/converge.ts'
import { abort, giveUp } from '../../../src/app/group/give-up.ts'
import { settleIntent } from '../../../src/app/group/recovery.ts'
import type { GroupRow, Intent } from '../../../src/core/group.ts'
import type { JournalDraft } from '../../../src/core/journal.ts'
import { emptyRow, type GroupMemory } from '../../../src/engine/group/memory.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { ScriptedTarget } from './scripted-target.ts'

const onA = { a: 100, b: 0 }
const onB = { a: 0, b: 100 }
const never = new AbortController().signal

/** A group whose row holds an open intent from a to b, written under token 1; token 2 leads now. */
function scene({
  phase = 'open',
  published,
  isPulled = false,
  isStoreDown = false,
}: {
  readonly phase?: Intent['phase']
  readonly published?: GroupRow['published']
  readonly isPulled?: boolean
  readonly isStoreDown?: boolean
} = {}) {
  const clock = new SimulatedClock()
  const target = new ScriptedTarget(clock, onA)
  const settings = groupSettings({}, ['a', 'b'])
  const intent = {
    id: 'first',
    token: 1,
    reason: 'failover',
    from: onA,
    to: onB,
    leaving: ['a'],
    target: 'b',
    openedAt: clock.wall(),
    deadline: clock.wall() + 8_000,
    steps: [],
    phase,
    charge: 1,
    compensating: false,
  } as unknown as Intent
  const row = {
    ...emptyRow(settings.name),
    allocation: onA,
    intent,
    ...(published && { published }),
  }
  const memory = { row, changes: [], readBack: true, holddownUntil: 0 } as unknown as GroupMemory
  const entries: JournalDraft[] = []
  const record = {
    memory,
    save: async (update: (old: GroupRow) => GroupRow, drafts: readonly JournalDraft[]) => {
      if (isStoreDown) return { ok: false, cause: 'unavailable', says: 'down' }
      record.memory = { ...record.memory, row: update(record.memory.row) }
      entries.push(...drafts)
      return { ok: true }
    },
    remember: (update: (old: GroupMemory) => GroupMemory) => {
      record.memory = update(record.memory)
    },
    forget: () => {},
  }
  const refund = vi.fn()
  const verify = vi.fn(async () => ({ ok: true, says: 'it is good' }))
  const deps = {
    clock,
    settings,
    actuators: isPulled ? [{ ...target.bound(), target: undefined }] : [target.bound()],
    record,
    lease: { current: () => ({ token: 2, leftMs: 15_000 }), confirm: async () => true },
    installation: { refund },
    situation: () => ({ memory: record.memory, mode: 'armed', paths: new Map() }),
    verify,
    onChange: () => {},
  } as unknown as ChangeDeps
  return { clock, deps, entries, intent, record, refund, target, verify }
}

describe('an open intent of another process', () => {
  it('is judged only when no write of that process can land any more', async () => {
    const { clock, deps, target } = scene()
    const { callTimeoutMs } = deps.settings

    void settleIntent(deps, never)
    await clock.advance(8_000 + callTimeoutMs - 1)
    const before = [...target.calls]
    await clock.advance(1_000)

    expect([before, target.calls]).toEqual([[], ['read']])
  })

  it('came to its end where what is published is what it wanted: that is verified', async () => {
    const { clock, deps, entries, verify } = scene({
      phase: 'applied',
      published: onB,
      isPulled: true,
    })

    const done = settleIntent(deps, never)
    await clock.advance(60_000)
    await done

    expect(verify).toHaveBeenCalledTimes(1)
    expect(entries.map(({ kind }) => kind)).toEqual(['verified'])
  })
})

describe('a change that is given up', () => {
  it('takes nothing back where somebody edited the target since, and freezes', async () => {
    const { clock, deps, entries, intent, target } = scene()
    target.edit({ a: 60, b: 40 })
    const trail = { version: '1', written: [], wanted: onB }
    const applied: Converged = {
      result: 'applied',
      says: 'serves b',
      wrote: true,
      isUncertain: false,
      trail,
    }
    const failed: Converged = { ...applied, result: 'failed', says: 'answers 403', wrote: false }

    const done = giveUp(deps, intent, failed, [applied])
    await clock.advance(60_000)
    await done

    expect(target.calls).toEqual(['read'])
    expect(target.allocation).toEqual({ a: 60, b: 40 })
    expect(entries.map(({ kind }) => kind)).toContain('frozen')
  })

  it('stays charged and open where the store did not take its end', async () => {
    const { deps, intent, record, refund } = scene({ isStoreDown: true })

    await abort(deps, intent, 'nothing was written')

    expect(refund).not.toHaveBeenCalled()
    expect(record.memory).toMatchObject({ readBack: true, row: { intent: { id: 'first' } } })
  })
})
