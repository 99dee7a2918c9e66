import { describe, expect, it } from 'vitest'
import { FakeClock } from './fake-clock.ts'

describe('the fake clock', () => {
  it('wakes sleepers in the order of their time, then of their creation', async () => {
    const clock = new FakeClock()
    const woken: string[] = []
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms)
      woken.push(`${name} at ${clock.now() - 1_000_000}`)
    }
    const all = [sleeper('late', 30), sleeper('first', 10), sleeper('second', 10)]

    await clock.advance(20)
    const early = [...woken]
    await clock.advance(20)
    await Promise.all(all)

    expect(early).toEqual(['first at 10', 'second at 10'])
    expect(woken[2]).toBe('late at 30')
    expect(clock.now()).toBe(1_000_040)
  })

  it('ends a sleep at once when its signal aborts', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const slept = clock.sleep(1_000, controller.signal)

    controller.abort()

    expect(await slept).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('jumps the wall without moving timers', async () => {
    const clock = new FakeClock(0)

    clock.jumpWall(-5_000)

    expect(clock.wall()).toBe(-5_000)
    expect(clock.now()).toBe(1_000_000)
  })

  it('runs work to its end through every timer that it waits for', async () => {
    const clock = new FakeClock()
    const work = async () => {
      await clock.sleep(50)
      await clock.sleep(70)
      return clock.now()
    }

    expect(await clock.run(work())).toBe(1_000_120)
  })
})
