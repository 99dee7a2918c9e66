import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

/** Tells of a sleep that came to its end. */
async function note(sleep: Promise<boolean>, woken: () => void): Promise<void> {
  if (await sleep) woken()
}

describe('simulated time', () => {
  it('stands still until it is told to go on', async () => {
    const clock = new SimulatedClock(1_000)
    let woken = false
    void note(clock.sleep(1), () => {
      woken = true
    })

    await clock.advance(0)
    const before = woken
    await clock.advance(1)

    expect([before, woken]).toEqual([false, true])
    expect([clock.now(), clock.wall()]).toEqual([1, 1_001])
  })

  it('wakes sleepers by time, and those of the same time in the order in which they lay down', async () => {
    const clock = new SimulatedClock()
    const woken: string[] = []
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms)
      woken.push(`${name} at ${clock.now()}`)
    }
    void sleep('late', 20)
    void sleep('first', 10)
    void sleep('second', 10)
    void sleep('now', 0)

    await clock.advance(30)

    expect(woken).toEqual(['now at 0', 'first at 10', 'second at 10', 'late at 20'])
  })

  it('lets timers that were made on the way fire at their own instants', async () => {
    const clock = new SimulatedClock()
    const woken: number[] = []
    const nested = async (depth: number): Promise<void> => {
      await clock.sleep(7)
      woken.push(clock.now())
      if (depth > 0) await nested(depth - 1)
    }
    void nested(3)

    await clock.advance(100)

    expect(woken).toEqual([7, 14, 21, 28])
    expect(clock.now()).toBe(100)
  })

  it('ends a sleep at once and as not slept when its signal aborts', async () => {
    const clock = new SimulatedClock()
    const stop = new AbortController()
    const slept = clock.sleep(1_000, stop.signal)
    const stopped = clock.sleep(0, AbortSignal.abort())

    stop.abort()

    expect(await Promise.all([slept, stopped])).toEqual([false, false])
    expect([clock.pending, clock.now()]).toEqual([0, 0])
  })

  it('counts who sleeps, and stops counting who woke', async () => {
    const clock = new SimulatedClock()
    const stop = new AbortController()
    void clock.sleep(10)
    void clock.sleep(20, stop.signal)
    void clock.sleep(30)

    const before = clock.pending
    stop.abort()
    const aborted = clock.pending
    await clock.advance(10)

    expect([before, aborted, clock.pending]).toEqual([3, 2, 1])
  })

  it.each([Number.NaN, -5, 0])('takes a sleep of %d ms for the next turn', async (ms) => {
    const clock = new SimulatedClock()
    const slept = clock.sleep(ms)

    await clock.advance(0)

    expect(await slept).toBe(true)
  })

  it('never wakes who sleeps for ever', async () => {
    const clock = new SimulatedClock()
    let woken = false
    void note(clock.sleep(Number.POSITIVE_INFINITY), () => {
      woken = true
    })

    await clock.advance(1e12)

    expect([woken, clock.pending]).toEqual([false, 1])
  })

  it('lets the wall clock jump without any timer noticing', async () => {
    const clock = new SimulatedClock(5_000)
    let wokenAt = -1
    void note(clock.sleep(100), () => {
      wokenAt = clock.now()
    })

    clock.jumpWall(-3_600_000)
    await clock.advance(50)
    clock.jumpWall(7_200_000)
    await clock.advance(50)

    expect(wokenAt).toBe(100)
    expect(clock.wall()).toBe(5_000 + 100 + 3_600_000)
  })

  it('goes on to an instant, and not back to an earlier one', async () => {
    const clock = new SimulatedClock()

    await clock.runUntil(500)
    await clock.runUntil(100)

    expect(clock.now()).toBe(500)
  })

  it('wakes any sleepers in the order of a stable sort by time, whoever is aborted', async () => {
    const sleeper = fc.record({ ms: fc.nat(50), isAborted: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(sleeper, { maxLength: 60 }), async (sleepers) => {
        const clock = new SimulatedClock()
        const woken: [number, number][] = []
        for (const [index, { ms, isAborted }] of sleepers.entries()) {
          const stop = new AbortController()
          void note(clock.sleep(ms, stop.signal), () => woken.push([clock.now(), index]))
          if (isAborted) stop.abort()
        }

        await clock.advance(25)
        await clock.advance(25)

        const wanted = sleepers
          .map(({ ms, isAborted }, index) => ({ ms, isAborted, index }))
          .filter(({ isAborted }) => !isAborted)
          .toSorted((a, b) => a.ms - b.ms)
          .map(({ ms, index }) => [ms, index])
        expect(woken).toEqual(wanted)
      }),
      { numRuns: 60 },
    )
  })
})
