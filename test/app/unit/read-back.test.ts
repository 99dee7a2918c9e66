import { describe, expect, it } from 'vitest'
import type { ChangeDeps } from '../../../src/app/group/change-deps.ts'
import { readBack } from '../../../src/app/group/read-back.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { ScriptedTarget } from './scripted-target.ts'

const onA = { a: 100, b: 0 }

/** What a group that has applied nothing yet makes of a record without our mark. */
async function strange(published?: Readonly<Record<string, number>>) {
  const clock = new SimulatedClock()
  const target = new ScriptedTarget(clock, onA)
  const observed = { allocation: onA, version: '1', ours: false, says: 'serves a' }
  target.reads.push({ ok: true, observed })
  const deps = {
    clock,
    settings: groupSettings({}, ['a', 'b']),
    actuators: [target.bound()],
    record: { memory: { row: { published } } },
  }
  const read = readBack(deps as unknown as ChangeDeps, new AbortController().signal)
  await clock.advance(1_000)
  return await read
}

describe('a record without our mark', () => {
  it('is not taken over by itself: a person must say so', async () => {
    const read = await strange()

    expect(read).toMatchObject({ result: 'foreign', observed: onA })
    expect('says' in read && read.says).toContain('changeover adopt channel-1/cdn')
  })

  it('is ours where we published to it once', async () => {
    expect(await strange(onA)).toMatchObject({ result: 'first', observed: onA })
  })
})
