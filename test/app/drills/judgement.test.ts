import { describe, expect, test } from 'vitest'
import type { GroupSnapshot } from '../../../src/app/group/controller-deps.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { judge } from '../../../src/app/drills/judgement.ts'
import type { DrillOutcome } from '../../../src/core/drill.ts'
import type { DrillSummary } from '../../../src/core/drill-report.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { memoryStore } from '../../../src/simulation/memory-store.ts'

function summary(outcome: DrillOutcome, says: string): DrillSummary {
  return {
    id: 'd1',
    plan: 'weekly',
    group: 'channel-1/cdn',
    kind: 'switch',
    outcome,
    says,
    actor: 'ana',
    startedAt: 0,
    endedAt: 1_000,
    times: {},
  }
}

/** A journal in which another process called the drill INTERRUPTED while this one knew nothing of that. */
async function judgedElsewhere() {
  const store = memoryStore(new SimulatedClock())
  const host = { owner: 'second', store, snapshot: () => undefined }
  await judge(host, summary('INTERRUPTED', 'its process ended'))
  return { host, store }
}

/** A group that another process leads. */
function standingBy() {
  const situation: Pick<Situation, 'lease' | 'store'> = {
    lease: undefined,
    store: { ok: true, says: 'writable' },
  }
  return { situation }
}

describe('a drill that another process judged', () => {
  test.each([
    summary('SKIPPED', 'another process leads the group'),
    summary('INTERRUPTED', 'another process leads the group'),
    summary('PASSED', 'back within its time'),
  ])('gets no second verdict: $outcome', async (late) => {
    const { host, store } = await judgedElsewhere()

    const came = await judge(host, late)

    expect(came).toBe('by-another')
    expect(store.disk.journal).toHaveLength(1)
  })

  test('is written already where the verdict is the same: nobody heard that it was', async () => {
    const { host, store } = await judgedElsewhere()

    const came = await judge(host, summary('INTERRUPTED', 'its process ended'))

    expect(came).toBe('written')
    expect(store.disk.journal).toHaveLength(1)
  })

  test('is left to the process that leads, though it did not judge it yet', async () => {
    const store = memoryStore(new SimulatedClock())
    const { situation } = standingBy()
    const host = { owner: 'first', store, snapshot: () => ({ situation }) as GroupSnapshot }

    const came = await judge(host, summary('PASSED', 'back within its time'))

    expect(came).toBe('by-another')
    expect(store.disk.journal).toEqual([])
  })

  test('waits while the journal cannot be read', async () => {
    const { host, store } = await judgedElsewhere()
    store.available = false

    expect(await judge(host, summary('PASSED', 'back within its time'))).toBe('later')
  })
})
