import { describe, expect, it } from 'vitest'
import { realClock } from '../../src/platform/real-clock.ts'

const clock = realClock()

/** How many listeners were added to `signal` from now on and not removed. */
function countListeners(signal: AbortSignal): () => number {
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners += 1
    add(...given)
  }
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...given)
  }
  return () => listeners
}

describe('the real clock', () => {
  it('never wakes early, and soon after its time', async () => {
    for (const ms of [1, 5, 20.5]) {
      const before = clock.now()
      const elapsed = await clock.sleep(ms)
      const took = clock.now() - before

      expect(elapsed).toBe(true)
      expect(took).toBeGreaterThanOrEqual(ms)
      expect(took).toBeLessThan(ms + 50)
    }
  })

  it.each([0, -5, Number.NaN])('waits for the next turn with %d', async (ms) => {
    let turned = false
    setImmediate(() => (turned = true))

    const elapsed = await clock.sleep(ms)

    expect([elapsed, turned]).toEqual([true, true])
  })

  it.each([2 ** 31, 1e12, Infinity])('does not wake at once with %d ms', async (ms) => {
    const controller = new AbortController()

    const long = clock.sleep(ms, controller.signal)
    const first = await Promise.race([long, clock.sleep(30).then(() => 'still asleep')])
    controller.abort()

    expect(first).toBe('still asleep')
    expect(await long).toBe(false)
  })

  it('resolves false at once when its signal aborts, before or while it waits', async () => {
    const controller = new AbortController()
    const before = clock.now()

    const waiting = clock.sleep(10_000, controller.signal)
    controller.abort()
    const results = [await waiting, await clock.sleep(10_000, controller.signal)]

    expect(results).toEqual([false, false])
    expect(clock.now() - before).toBeLessThan(100)
  })

  it('stops listening to its signal after the wait', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)

    await clock.sleep(1, signal)

    expect(listeners()).toBe(0)
  })
})
