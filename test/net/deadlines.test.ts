import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { Deadlines } from '../../src/net/deadlines.ts'

/** A clock that stands still until it is moved, and counts who sleeps on it. */
function handClock() {
  const sleepers = new Set<{ at: number; wake: (elapsed: boolean) => void }>()
  let now = 1_000
  const clock: Clock = {
    wall: () => now,
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          resolve(false)
        })
      }),
  }
  const move = async (ms: number) => {
    now += ms
    for (const sleeper of sleepers) {
      if (sleeper.at > now) continue
      sleepers.delete(sleeper)
      sleeper.wake(true)
    }
    await Promise.resolve()
    await Promise.resolve()
  }
  return { clock, move, sleeping: () => sleepers.size }
}

describe('deadlines', () => {
  it('fire once each in their time, on one timer', async () => {
    const { clock, move, sleeping } = handClock()
    const deadlines = new Deadlines(clock)
    const fired: string[] = []
    deadlines.add(1_300, (why) => fired.push(`late ${why}`))
    deadlines.add(1_100, (why) => fired.push(`early ${why}`))
    deadlines.add(1_200, (why) => fired.push(`middle ${why}`))

    expect(sleeping()).toBe(1)
    await move(99)
    expect(fired).toEqual([])
    await move(1)
    expect(fired).toEqual(['early timeout'])
    await move(100)
    await move(100)

    expect(fired).toEqual(['early timeout', 'middle timeout', 'late timeout'])
    expect(sleeping()).toBe(0)
  })

  it('that were forgotten do not fire', async () => {
    const { clock, move } = handClock()
    const deadlines = new Deadlines(clock)
    const fired: string[] = []
    const forget = deadlines.add(1_100, () => fired.push('first'))
    deadlines.add(1_200, () => fired.push('second'))

    forget()
    await move(100)
    await move(100)

    expect(fired).toEqual(['second'])
  })

  it('all fire as aborted when they are closed', () => {
    const { clock, sleeping } = handClock()
    const deadlines = new Deadlines(clock)
    const fired: string[] = []
    deadlines.add(2_000, (why) => fired.push(why))

    deadlines.close()

    expect(fired).toEqual(['aborted'])
    expect(deadlines.closed).toBe(true)
    expect(sleeping()).toBe(0)
  })
})
