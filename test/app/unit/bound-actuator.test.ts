import { describe, expect, it } from 'vitest'
import { applyBounded, observeBounded } from '../../../src/app/group/bound-actuator.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { Actuator } from '../../../src/plugin/actuator.ts'
import { ScriptedTarget, type CallScript } from './scripted-target.ts'

const forever = new AbortController().signal
const step = { says: 'b from 0 to 100', data: { path: 'b', weight: 100 } }

function bounded() {
  const clock = new SimulatedClock()
  const target = new ScriptedTarget(clock, { a: 100, b: 0 })
  const actuator = target.bound().target as Actuator
  return { clock, target, actuator }
}

describe('a read of a target', () => {
  it('is its answer', async () => {
    const { clock, actuator } = bounded()

    const read = observeBounded(clock, actuator, 1_000, forever)
    await clock.advance(1_000)

    expect(await read).toMatchObject({ ok: true, observed: { allocation: { a: 100, b: 0 } } })
    expect(clock.pending).toBe(0)
  })

  it('that is not answered in time may be tried again', async () => {
    const { clock, target, actuator } = bounded()
    target.reads.push('hangs')

    const read = observeBounded(clock, actuator, 1_000, forever)
    await clock.advance(1_000)

    expect(await read).toEqual({ ok: false, retry: true, says: 'no answer within 1000 ms' })
  })

  it('that throws is an error, never an empty target', async () => {
    const { clock, target, actuator } = bounded()
    target.reads.push(new Error('odd'))

    const read = observeBounded(clock, actuator, 1_000, forever)
    await clock.advance(1_000)

    expect(await read).toEqual({ ok: false, retry: false, says: 'the plug-in failed: odd' })
  })
})

describe('a write to a target', () => {
  it.each<[string, CallScript, object]>([
    ['is its answer', { lands: true }, { result: 'applied', version: '2' }],
    [
      'that is not answered in time is unknown',
      { hangs: true },
      { result: 'unknown', says: 'no answer within 1000 ms' },
    ],
    [
      'that throws is unknown',
      { throws: 'odd' },
      { result: 'unknown', says: 'the plug-in failed: odd' },
    ],
  ])('%s', async (_, script, wanted) => {
    const { clock, target, actuator } = bounded()
    target.writes.push(script)

    const write = applyBounded(clock, actuator, step, '1', 1_000, forever)
    await clock.advance(1_000)

    expect(await write).toEqual(wanted)
    expect(clock.pending).toBe(0)
  })
})
