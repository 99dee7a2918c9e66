import { describe, expect, it } from 'vitest'
import { converge, type Converged } from '../../../src/app/group/converge.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { ScriptedTarget, type CallScript } from './scripted-target.ts'

const onA = { a: 100, b: 0 }
const onB = { a: 0, b: 100 }

interface Converging {
  readonly clock: SimulatedClock
  readonly target: ScriptedTarget
  readonly stop: AbortController
  /** Goes on until it is over. */
  readonly over: () => Promise<Converged>
}

/** Brings a target that serves from `a` at version 1 to `b`, within 10 s of calls of 1 s. */
function converging({
  confirm = async () => true,
  expected = '1',
}: {
  readonly confirm?: (clock: SimulatedClock) => Promise<boolean>
  readonly expected?: string
} = {}): Converging {
  const clock = new SimulatedClock()
  const target = new ScriptedTarget(clock, onA)
  const stop = new AbortController()
  const over = async () => {
    const done = converge({
      clock,
      actuator: target.bound(),
      wanted: onB,
      trail: { version: expected, written: [], wanted: onA },
      callTimeoutMs: 1_000,
      deadline: 10_000,
      confirm: () => confirm(clock),
      signal: stop.signal,
    })
    await clock.advance(30_000)
    return await done
  }
  return { clock, target, stop, over }
}

describe('bringing a target to an allocation', () => {
  it('reads, writes step by step on the version that each step left, and reads the end back', async () => {
    const { target, over } = converging()

    const result = await over()

    expect(result).toMatchObject({ result: 'applied', says: 'serves b', wrote: true })
    expect(target.calls).toEqual(['read', 'b 100 at 1', 'a 0 at 2', 'read'])
    expect(result.trail.version).toBe('3')
  })

  it('writes nothing where the target shows it already', async () => {
    const { target, over } = converging()
    target.edit(onB)

    const result = await over()

    expect(result).toMatchObject({ result: 'applied', wrote: false })
    expect(target.calls).toEqual(['read'])
  })

  it('asks right before every write whether it may still act, and stops when it may not', async () => {
    let asked = 0
    const { target, over } = converging({ confirm: async () => (asked += 1) < 2 })

    const result = await over()

    expect(result).toMatchObject({ result: 'lost', wrote: true })
    expect(target.calls).toEqual(['read', 'b 100 at 1'])
  })

  it('begins no write after its deadline, also where the question took that long', async () => {
    const { target, over } = converging({
      confirm: async (clock) => await clock.sleep(11_000),
    })

    const result = await over()

    expect(result).toMatchObject({ result: 'failed', wrote: false })
    expect(target.calls).toEqual(['read'])
  })

  it('is done at once for a target that is asked instead of written to', async () => {
    const clock = new SimulatedClock()
    const { target: _, ...pulled } = new ScriptedTarget(clock, onA).bound()

    const result = await converge({
      clock,
      actuator: pulled,
      wanted: onB,
      trail: { written: [], wanted: onA },
      callTimeoutMs: 1_000,
      deadline: 10_000,
      confirm: async () => true,
      signal: new AbortController().signal,
    })

    expect(result).toMatchObject({ result: 'applied', says: 'published', wrote: false })
  })
})

describe('an edit by somebody else', () => {
  it('before the first write is a conflict, and nothing is written', async () => {
    const { target, over } = converging({ expected: '1' })
    target.edit({ a: 50, b: 50 })

    const result = await over()

    expect(result).toMatchObject({
      result: 'conflict',
      says: 'balancer was changed meanwhile: serves a 50, b 50',
      wrote: false,
    })
    expect(target.calls).toEqual(['read'])
  })

  it('between reading and writing is a conflict by the compare-and-set of the target', async () => {
    const { target, over } = converging()
    target.writes.push({ lands: true, before: () => target.edit({ a: 60, b: 40 }) })

    const result = await over()

    expect(result).toMatchObject({ result: 'conflict', says: 'the version moved', wrote: false })
    expect(target.allocation).toEqual({ a: 60, b: 40 })
  })

  it('between two steps of ours is a conflict, and it is said that we wrote', async () => {
    const { target, over } = converging()
    target.writes.push(
      { lands: true },
      { lands: true, before: () => target.edit({ a: 60, b: 40 }) },
    )

    const result = await over()

    expect(result).toMatchObject({ result: 'conflict', wrote: true })
    expect(target.allocation).toEqual({ a: 60, b: 40 })
  })
})

describe('a write that is not answered', () => {
  it.each<[string, CallScript]>([
    ['hangs', { lands: true, hangs: true }],
    ['is answered as unknown', { lands: true, answer: { result: 'unknown', says: 'cut off' } }],
    ['throws', { lands: false, throws: 'socket closed' }],
  ])('is read back and not repeated blindly where it %s', async (_, script) => {
    const { target, over } = converging()
    target.writes.push(script)

    const result = await over()

    expect(result).toMatchObject({ result: 'applied', wrote: true, isUncertain: false })
    // The read stands between: what is written next is what the target still lacks.
    expect(target.calls.slice(0, 3)).toEqual(['read', 'b 100 at 1', 'read'])
    const again = target.calls.filter((call) => call.startsWith('b 100'))
    expect(again).toHaveLength(script.lands === true ? 1 : 2)
    expect(target.allocation).toEqual(onB)
  })

  it('that lands while the next one is under way is our own, and no edit of somebody else', async () => {
    const { target, over } = converging()
    const late = () => target.edit({ a: 100, b: 100 })
    target.writes.push(
      { answer: { result: 'unknown', says: 'cut off' } },
      { lands: true, before: late },
    )

    const result = await over()

    expect(result).toMatchObject({ result: 'applied', isUncertain: false })
    expect(target.calls).toEqual([
      'read',
      'b 100 at 1',
      'read',
      'b 100 at 1',
      'read',
      'a 0 at 2',
      'read',
    ])
  })

  it('stays uncertain where the target never shows it', async () => {
    const { target, over } = converging()
    const vanishes: CallScript = { answer: { result: 'unknown', says: 'cut off' } }
    target.writes.push(...Array.from({ length: 100 }, () => vanishes))

    const result = await over()

    expect(result).toMatchObject({ result: 'failed', wrote: true, isUncertain: true })
    expect(result.says).toBe('balancer did not follow in time: cut off')
  })
})

describe('a target in trouble', () => {
  it('is tried again while it may answer, and then brought there', async () => {
    const { target, over } = converging()
    target.reads.push({ ok: false, retry: true, says: '503' }, 'hangs')
    target.writes.push({ answer: { result: 'failed', retry: true, says: '503' } })

    const result = await over()

    expect(result).toMatchObject({ result: 'applied', wrote: true })
    expect(target.allocation).toEqual(onB)
  })

  it.each([
    [
      'cannot be read for good',
      { reads: [{ ok: false, retry: false, says: 'permission denied' } as const] },
      'cannot read balancer: permission denied',
    ],
    [
      'throws when it is read',
      { reads: [new Error('no such backend')] },
      'cannot read balancer: the plug-in failed: no such backend',
    ],
  ])('fails at once where it %s, and nothing is written', async (_, { reads }, says) => {
    const { clock, target, over } = converging()
    target.reads.push(...reads)

    const result = await over()

    expect(result).toMatchObject({ result: 'failed', says, wrote: false })
    expect(target.calls).toEqual(['read'])
    expect(clock.pending).toBe(0)
  })

  it('fails at once where it refuses a write for good', async () => {
    const { target, over } = converging()
    target.writes.push({ answer: { result: 'failed', retry: false, says: 'read only' } })

    const result = await over()

    expect(result).toMatchObject({ result: 'failed', says: 'read only', wrote: false })
  })

  it('is given up at the deadline, with the last trouble', async () => {
    const { clock, target, over } = converging()
    target.reads.push(...Array.from({ length: 100 }, () => 'hangs' as const))

    const result = await over()

    expect(result).toMatchObject({ result: 'failed', wrote: false })
    expect(result.says).toBe(
      'balancer did not follow in time: cannot read balancer: no answer within 1000 ms',
    )
    expect(target.calls.length).toBeLessThan(11)
    expect(clock.pending).toBe(0)
  })

  it('is left alone once the signal aborts', async () => {
    const { clock, target, stop, over } = converging({
      confirm: async () => {
        stop.abort()
        return true
      },
    })

    const result = await over()

    expect(result.result).toBe('failed')
    expect(target.calls.length).toBeLessThan(3)
    expect(clock.pending).toBe(0)
  })
})
