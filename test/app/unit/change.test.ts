import { describe, expect, it, vi } from 'vitest'
import { makeChange } from '../../../src/app/group/change.ts'
import type { ChangeDeps } from '../../../src/app/group/change-deps.ts'
import { expectedVersions } from '../../../src/app/group/expected-versions.ts'
import { emptyRow } from '../../../src/engine/group/memory.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { ScriptedTarget } from './scripted-target.ts'

const onA = { a: 100, b: 0 }
const onB = { a: 0, b: 100 }
const never = new AbortController().signal
const proposal = {
  reason: 'failover',
  from: onA,
  to: onB,
  target: 'b',
  leaving: ['a'],
  charge: 1,
  says: 'a is down',
} as const

describe('the version that a change builds on', () => {
  async function versionOf(allocation: Readonly<Record<string, number>>) {
    const clock = new SimulatedClock()
    const target = new ScriptedTarget(clock, allocation)
    const deps = {
      clock,
      actuators: [target.bound()],
      record: { memory: {} },
      settings: groupSettings({}, ['a', 'b']),
    }
    const answer = expectedVersions(deps as unknown as ChangeDeps, proposal, never)
    await clock.advance(1_000)
    return await answer
  }

  it('is that of a target that shows what was applied', async () => {
    expect(await versionOf(onA)).toEqual({ ok: true, versions: ['1'] })
  })

  it('is none where a target shows something else: that is an edit, and nothing is written', async () => {
    expect(await versionOf({ a: 50, b: 50 })).toEqual({
      ok: false,
      says: 'balancer shows a 50, b 50, not what was applied',
      isEdited: true,
    })
  })
})

it('a change is not begun beside one that is open', async () => {
  const save = vi.fn(async () => ({ ok: false, cause: 'unavailable', says: 'not asked' }))
  const deps = (intent: object | undefined) => ({
    clock: new SimulatedClock(),
    ids: { next: () => 'second' },
    settings: groupSettings({}, ['a', 'b']),
    actuators: [],
    lease: { current: () => ({ token: 1, leftMs: 15_000 }) },
    record: { memory: { row: { intent } }, save },
    installation: { room: () => undefined, charge: () => {}, refund: () => {} },
    situation: () => ({
      paths: new Map(),
      settings: groupSettings({}, ['a', 'b']),
      memory: {
        row: emptyRow('channel-1/cdn'),
        changes: [],
        penalties: new Map(),
        holddownUntil: 0,
      },
      now: 0,
      wall: 0,
    }),
    onChange: () => {},
  })

  await makeChange(deps({ id: 'first' }) as unknown as ChangeDeps, proposal, [], [], never)
  const beside = save.mock.calls.length
  await makeChange(deps(undefined) as unknown as ChangeDeps, proposal, [], [], never)

  expect([beside, save.mock.calls.length]).toEqual([0, 1])
})
